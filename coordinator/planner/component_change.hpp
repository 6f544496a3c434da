#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/planner/probe_plan.hpp"
#include "protocol/plan.hpp"

namespace switchyard::planner {

/// A file of the change, and what the path held before (its undo).
struct FileChange {
  protocol::EnsureFile wanted;
  protocol::EnsureFile before;
};

/// A command that runs once on this host, filled in.
struct RunChange {
  std::string name;
  protocol::Phase phase = protocol::Phase::prepare;
  protocol::Run command;
  std::optional<protocol::Run> undo;
  std::uint32_t timeout_ms = 300'000;
};

/// A hook on this host, filled in.
struct HookChange {
  protocol::Hook hook;
  std::optional<protocol::Hook> undo;
  std::uint32_t timeout_ms = 0;
};

/// What shall happen to one component on one host, in either direction: a deployment makes it from a manifest, a
/// rollback from the plan of the deployment that it undoes. Plain values; steps_of() turns them into steps.
struct ComponentChange {
  std::string component;
  protocol::OldState before;      ///< serves now
  bool before_runs = true;        ///< false: its unit is known to be down, which must not keep anybody from deploying
  protocol::OldState after;       ///< shall serve; absent: nothing shall
  std::uint16_t before_port = 0;  ///< that the side before listens on itself; 0: none
  std::string current_link;

  std::optional<protocol::EnsureRelease> release;  ///< the bytes that `after` needs
  bool repairs_before = false;                     ///< they are those of `before` too, some of which are damaged
  bool empty_slot = false;  ///< something older may still run in the slot of `after`: it is drained and stopped first
  std::uint16_t after_port = 0;
  std::vector<FileChange> files;
  std::optional<protocol::EnsureConfiguration> configuration;   ///< that the unit file of `after` names
  std::optional<std::uint64_t> cpu_quota_us, memory_max_bytes;  ///< that it says
  std::vector<RunChange> runs;
  std::vector<HookChange> hooks;               ///< in the order of the manifest
  std::optional<protocol::Snapshot> snapshot;  ///< of files on the host, which the way back restores
  std::optional<protocol::Restore> restore;    ///< a rollback: these files go back, too
  bool goes_back = false;  ///< a rollback of what was committed: its hooks are called on the way there
  ProbePlan probes;

  /// Both, or neither: without a switch the old is stopped before the new starts.
  std::optional<protocol::SwitchTraffic> to_before, to_after;
  std::vector<std::uint32_t> weights;  ///< percent for `after` on the way to `to_after`: each is a stage of its own
  bool start_in_swap = false;
  bool read_back = false;  ///< after the swap, compare what serves with `after`

  std::uint32_t step_timeout_ms = 300'000;
  std::uint32_t stop_timeout_ms = 30'000;
  std::uint32_t drain_ms = 30'000;
  bool drains_on_the_way_back = true;  ///< the slot of `after`, before an undo stops it
  std::uint32_t prepare_attempts = 1;
  std::optional<protocol::Prune> prune;
};

/// How many times the traffic moves until it has arrived.
std::uint32_t stages_of(const ComponentChange& change);

/// All steps of all phases, in order, without ids. Every step that changes what serves has its undo.
std::vector<protocol::Step> steps_of(const ComponentChange& change);

/// True if the change leaves a moment in which nothing serves: stop, then start.
bool has_downtime(const ComponentChange& change);

}  // namespace switchyard::planner
