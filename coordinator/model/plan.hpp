#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/model/rollback_strategy.hpp"
#include "coordinator/model/run_tests.hpp"
#include "protocol/plan.hpp"

/// A deployment plan as the coordinator holds it: pure values, made by the planner, run by the engine.
namespace switchyard::model {

/// What is swapped together: one component, one stage, some hosts. The engine runs a node when all in `after` are done.
/// Blue-green: one node per component. Rolling: a chain of nodes per component. Canary: a node per weight.
/// PREPARE runs over the same nodes (those with stage 1), reverts run in the reverse order.
struct PlanNode {
  std::string component;
  std::uint32_t stage = 1;
  std::vector<HostId> hosts;
  std::vector<std::size_t> after;  ///< indexes of earlier nodes
  bool exclusive = false;          ///< parallel_safe: false, or --sequential: no other node runs meanwhile
  std::int32_t priority = 0;       ///< among ready nodes the higher starts first
  /// What comes after waits for so long, while this is watched.
  std::uint32_t pause_ms = 0;
  bool promoted_by_hand = false;  ///< ... and then until a person says so
  bool pauses() const { return pause_ms != 0 || promoted_by_hand; }
  bool operator==(const PlanNode&) const = default;
};

enum class OnRestart : std::uint8_t { continue_ = 0, abort = 1 };
enum class Unreachable : std::uint8_t { fail = 0, defer = 1 };

/// Why the steps ask the checks that they ask, for people.
struct ChecksAsked {
  bool enabled = true;  ///< health_checks_enabled
  RunTests run_tests = RunTests::full;
  bool operator==(const ChecksAsked&) const = default;
};

struct PlanSettings {
  bool rollback_on_failure = true;  ///< false (--no-rollback): hold where it stands and wait for a person
  std::uint32_t prepare_ms = 600'000;
  std::uint32_t confirm_ms = 30'000;
  std::uint32_t watch_ms = 5'000;
  std::uint32_t keep_old_ms = 600'000;
  std::uint32_t max_parallel = 0;  ///< nodes at a time; 0: as many as the dependencies allow
  OnRestart on_restart = OnRestart::continue_;
  Unreachable unreachable = Unreachable::fail;
  /// Every node is prepared at once: of a rollback, whose slots are warm and need no dependency to start.
  bool prepare_together = false;
  std::uint32_t defer_max = 0;  ///< hosts that may be deferred
  RollbackStrategy rollback_strategy = RollbackStrategy::immediate;
  /// What whoever asked has brought along in place of the manifest's silence, or of the manifest
  /// (planner/caller_defaults.hpp).
  std::vector<std::string> caller_defaults = {};
  std::optional<ChecksAsked> checks = {};  ///< nothing: plans of the version before do not say
  /// Migrations that are left out of the plan, each as a sentence that says why.
  std::vector<std::string> migrations_not_run = {};
  bool operator==(const PlanSettings&) const = default;
};

struct Plan {
  DeploymentId deployment;
  std::string name;
  std::string environment;
  std::string hash;       ///< 64 hexadecimal digits; covers header and slices
  std::string header;     ///< encoded protocol::PlanHeader
  std::string signature;  ///< Ed25519
  std::map<HostId, protocol::PlanSlice> slices;
  std::vector<PlanNode> nodes;  ///< in an order that satisfies `after`
  PlanSettings settings;
  bool operator==(const Plan&) const = default;
};

/// Percent of the traffic that the new release has once this node of a canary is done; nothing for other nodes.
std::optional<std::uint32_t> share_of(const Plan& plan, const PlanNode& node);

}  // namespace switchyard::model
