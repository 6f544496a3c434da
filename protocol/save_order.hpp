#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto.hpp"
#include "protocol/message.hpp"
#include "protocol/step.hpp"

/// What a host is asked to keep of its components' files under a name, apart from any deployment. Signed like a plan,
/// under a purpose of its own, so that no signature of something else can be taken for one of these. Pure.
namespace switchyard::protocol {

/// A table in which a service's migrations write down which of them are applied.
struct MigrationTable {
  std::string table;   ///< schema_migrations, or app.schema_migrations
  std::string column;  ///< that names the migration
  std::string order;   ///< the column of which the newest has the largest value
  bool operator==(const MigrationTable&) const = default;
};
/// A database whose schema is wanted: its definitions, and no row of it.
struct SchemaDemand {
  std::string name;        ///< of the check that says where the database is
  DatabaseProbe database;  ///< its query is not asked
  std::optional<MigrationTable> migrations = {};
  bool operator==(const SchemaDemand&) const = default;
};
/// Letters, digits and `_`, not beginning with a digit: between quotes it can be nothing but a name in SQL.
bool is_sql_name(std::string_view name);
/// Is such a name, or two with a point between.
bool is_sql_table(std::string_view name);

/// How the copies of one component shall stand: made so, and to be said as often as one likes.
struct FileSave {
  std::string component;
  std::string name;                ///< a snapshot's id: the files are kept under it as they are now; empty: none are
  std::vector<std::string> files;  ///< absolute paths
  std::vector<std::string> keep;   ///< the other snapshots whose copies stay; those of all others go
  /// Read, and kept under the name too. Without a name they are only looked at.
  std::vector<SchemaDemand> schemas = {};
  bool operator==(const FileSave&) const = default;
};

struct SaveOrder {
  std::string request;  ///< one answer belongs to it; the same order twice is carried out once
  HostId host;
  std::int64_t not_after_wall_ms = 0;
  std::vector<FileSave> saves;
  bool operator==(const SaveOrder&) const = default;
};

/// The id of a snapshot that a person made. Copies that deployments made are called after these (d-...).
bool is_snapshot_name(std::string_view name);

/// Throws Error when it is larger than a frame may carry.
SaveFiles sign_order(const SaveOrder& order, const SigningKeyPair& key);
SaveOrder decode_save_order(std::string_view bytes);

/// Checks signature, host, names and limits. Nothing when all is well, else why not.
std::optional<std::string> refuse_order(const SaveFiles& save, const HostId& self, std::string_view plan_public_key);

}  // namespace switchyard::protocol
