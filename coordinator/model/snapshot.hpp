#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "protocol/save_order.hpp"

/// What ran under one name in one environment at some time, written down so that all of it can be brought back later.
/// Pure values.
namespace switchyard::model {

/// What a database's definitions were. Without its rows: a snapshot is no backup of data.
struct SavedSchema {
  protocol::SchemaDemand demand;  ///< by which they are read again, to be compared
  protocol::SchemaFact fact;
  bool operator==(const SavedSchema&) const = default;
};

/// One component on one host, as the host itself said.
struct SnapshotPlace {
  HostId host;
  std::string component;
  protocol::OldState serving;      ///< a release; its slot and unit
  std::string version;             ///< for people
  std::string unit_state;          ///< active
  std::string enablement;          ///< enabled; empty: its agent did not say
  std::string configuration;       ///< digest; empty: none
  DeploymentId deployment;         ///< that was committed there last
  DeploymentId origin;             ///< asked for once more it would have changed nothing there: it brings this back
  std::string origin_digest;       ///< of all that the origin was asked with
  std::vector<std::string> files;  ///< kept on the host under the snapshot's id
  std::uint32_t files_present = 0;
  std::vector<SavedSchema> schemas;  ///< likewise
  bool operator==(const SnapshotPlace&) const = default;

  /// Its host has something for it to which the snapshot's id is the key.
  bool has_copies() const { return !files.empty() || !schemas.empty(); }
};

struct SnapshotRow {
  SnapshotId id;
  std::string environment;
  std::string name;  ///< metadata.name of the manifests
  std::string author;
  std::string reason;
  std::int64_t created_wall_ms = 0;
  std::vector<SnapshotPlace> places;  ///< by host and component
  std::string checksum;               ///< of all of the above, as it was when it was made
  bool operator==(const SnapshotRow&) const = default;
};

/// SHA-256 over everything but the checksum itself: 64 hexadecimal digits.
std::string checksum_of(const SnapshotRow& snapshot);
/// It is what was written.
bool is_whole(const SnapshotRow& snapshot);

/// The database runs on the host that speaks to it: each host has one of its own.
bool is_on_same_host(const protocol::DatabaseProbe& database);
/// A database that several hosts of a component share is read on the first of them alone. `places`: in their order.
void read_shared_schemas_once(std::vector<SnapshotPlace>& places);

/// The versions in it, each once: `1.0`, or `1.0, 1.1`.
std::string versions_of(const SnapshotRow& snapshot);

struct SnapshotRetention {
  std::uint32_t keep = 0;  ///< so many of a name, the newest
  std::uint32_t days = 0;  ///< none that is older; 0: however old
};
/// Of the snapshots of one name in one environment, newest first, those that are kept no longer; never one of `in_use`.
std::vector<SnapshotId> snapshots_to_drop(const std::vector<SnapshotRow>& newest_first,
                                          const SnapshotRetention& retention, const std::set<SnapshotId>& in_use,
                                          std::int64_t now_wall_ms);

}  // namespace switchyard::model
