#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "coordinator/model/failure.hpp"
#include "protocol/message.hpp"

namespace switchyard::model {

/// A deployment's states at the coordinator, in the order in which they are passed. The row is durable before a message
/// of that state leaves.
///
///   draft -> approved -> preparing -> swapping -> holding -> watching -> committing -> done
///   draft --rejected, withdrawn, expired, or the fleet has changed--> rejected     (draft: it waits for approval)
///   any before committing  --failure, cancel, timeout, restart without a right to go on-->  aborting
///   aborting -> rolled_back | stuck          (stuck: some host is neither; a person resolves it)
///   preparing/swapping/holding --failure with rollback_on_failure: false--> paused -> (resume) | aborting
///   any from approved to watching  --a person holds it-->  paused
enum class DeploymentState : std::uint8_t {
  draft = 0,
  approved = 1,
  preparing = 2,
  swapping = 3,
  holding = 4,
  watching = 5,
  committing = 6,
  done = 7,
  aborting = 8,
  rolled_back = 9,
  stuck = 10,
  paused = 11,
  rejected = 12,
};
std::string_view state_name(DeploymentState state);
std::optional<DeploymentState> state_from_name(std::string_view name);
/// done, rolled_back, rejected: nothing will happen any more. (stuck still listens: the host may come back.)
bool is_final(DeploymentState state);

enum class Decision : std::uint8_t { commit = 1, abort = 2 };

/// What a deployment is for. restore: what a snapshot says is brought back.
enum class DeploymentKind : std::uint8_t { deploy = 0, rollback = 1, converge = 2, restore = 3 };

struct DeploymentRow {
  DeploymentId id;
  DeploymentKind kind = DeploymentKind::deploy;
  /// rollback: the deployment that it undoes; converge: the one that it brings a host to; restore: the newest one of
  /// those that it goes behind, if there is any
  DeploymentId rollback_of;
  std::string name;
  std::string environment;
  DeploymentState state = DeploymentState::draft;
  std::string reason;  ///< why it was aborted, paused or is stuck
  std::string author;
  std::string plan_hash;
  std::string version;  ///< metadata.version of the manifest, for people
  std::int64_t created_wall_ms = 0;
  std::int64_t updated_wall_ms = 0;
  std::int64_t finished_wall_ms = 0;
  std::vector<HostId> deferred;  ///< hosts left out for now (unreachable: defer), or whose machine was replaced
  /// Of a host in `deferred`: the components that it has still to be brought to; without an entry all of its own.
  std::map<HostId, std::vector<std::string>> deferred_components;
  std::vector<std::string> components;  ///< rollback, converge: what it was asked for; empty: everything
  std::vector<HostId> gone;             ///< hosts that a person declared gone
  std::uint32_t resumed = 0;            ///< how often a restarted coordinator went on with it
  std::vector<Failure> failures = {};   ///< what went wrong, in the order in which it was learned; the first ones
  SnapshotId snapshot = {};             ///< restore: what it brings back
  bool operator==(const DeploymentRow&) const = default;
};

/// One line of a deployment's history.
struct TimelineEntry {
  DeploymentId deployment;
  std::int64_t wall_ms = 0;
  HostId host;  ///< empty: the coordinator
  std::string component;
  std::string what;   ///< "state", "step", "health", "host"
  std::string state;  ///< state or step state
  std::string text;
  std::map<std::string, std::string> fields;
  bool operator==(const TimelineEntry&) const = default;
};

/// Whether a step's line is of the step's undo. Kept among the fields, which every store has had from its first
/// version; what a host sends as evidence cannot set it.
void mark_undo(TimelineEntry& entry, bool undo);
bool is_undo(const TimelineEntry& entry);

/// The detail of an audit row that says by which bearer token something was asked: access::token_mark().
inline constexpr const char* token_detail = "token_hash";

/// One row of the audit chain: who did what to what, why, from where.
struct AuditEntry {
  std::int64_t wall_ms = 0;
  std::string principal;
  std::string operation;
  std::string object;
  std::string reason;
  std::string origin;
  bool success = true;
  std::map<std::string, std::string> details;
  bool operator==(const AuditEntry&) const = default;
};

}  // namespace switchyard::model
