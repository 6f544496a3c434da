#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/effect.hpp"
#include "agent/core/journal_record.hpp"
#include "protocol/message.hpp"

/// One deployment as its agent knows it.
///
/// Durable facts change in one place only, note(record): the core writes a record and notes it, and after a restart the
/// journal is noted again. So what the agent believes is, at every moment, what its journal says; all else below
/// (`Chain`, health, connection numbers) is about work in progress and may be forgotten.
///
///   state      what the journal holds                        leaves by
///   accepted   plan                                          PREPARE, ABORT
///   staging    plan, intents, some components staged         PREPARE, ABORT
///   staged     all components staged                         SWAP, ABORT; a reboot (units that were started are gone)
///   swapping   armed: a swap may have an effect              SWAP, ABORT, deadline, reboot
///   swapped    every component serves its last stage         HOLD, ABORT, deadline, reboot
///   held       held                                          COMMIT, ABORT; never by itself
///   committed  decision(commit), committed                   keep_old runs out, or a newer plan for its components
///   reverting  decision(abort)                               the undo steps, in reverse order
///   reverted   reverted (whole deployment)                   -
///   stuck      stuck: an undo step failed                    ABORT again (tries again), resolve
namespace switchyard::agent {

enum class Activity : std::uint8_t {
  none,
  preparing,
  swapping,
  committing,
  reverting,
  discarding,
  retiring,
  restoring
};

/// One action of a chain: a step, or a step's undo.
struct Job {
  const protocol::Step* step = nullptr;
  bool undo = false;
};

/// Steps that run one after another for one component. At most one of them is out at any time.
struct Chain {
  Activity activity = Activity::none;
  std::uint32_t stage = 0;  ///< swapping
  std::vector<Job> jobs;
  std::size_t next = 0;
  bool running = false;   ///< jobs[next] was given to the executor, and its result is awaited
  bool stopping = false;  ///< the result ends the chain, whatever it is
  unsigned tries = 0;     ///< of jobs[next]
};

struct ComponentRun {
  // durable
  bool staged = false;
  std::uint32_t stage = 0;
  bool reverted = false;
  bool retired = false;
  std::set<StepId> touched;    ///< an intent was written and the step was not undone
  std::set<StepId> completed;  ///< a result `done` is in the journal
  // in progress
  Chain chain;
  bool healthy = true;
  std::string health_detail;
  bool revert_wanted = false;
  bool commit_done = false;
  bool discarded = false;  ///< what PREPARE left behind is undone
};

struct DeploymentRun {
  // durable
  protocol::PlanSlice slice;
  std::uint64_t plan_seq = 0;
  std::string plan_hash;
  bool armed = false;
  std::int64_t deadline_boot_ms = 0;  ///< of the dead-man while armed; of keep_old once committed
  std::string boot_id;                ///< to which the deadline belongs
  bool held = false;
  bool decided = false;
  bool commit = false;
  bool committed = false;
  bool retired = false;
  bool reverted = false;
  bool stuck = false;
  std::string why;  ///< of an abort
  std::map<std::string, ComponentRun> components;
  std::vector<JournalRecord> records;  ///< all of it, for a compaction of the journal
  // in progress
  std::uint64_t swapped_connection = 0;  ///< the connection in use when the last component was swapped
  bool revert_all = false;
  std::vector<protocol::StepEvent> unacknowledged;

  const protocol::SliceComponent* component_plan(const std::string& name) const;
  /// What is looked at while the component serves that stage. With a share of the traffic the stable port leads to
  /// both releases: the new one is asked at its own, as the steps of the share did.
  static std::vector<protocol::ProbeSpec> watched_probes(const protocol::SliceComponent& component,
                                                         std::uint32_t stage);
  /// Every component serves its last stage.
  bool swapped() const;
  /// The dead-man may fire: armed, and neither held nor decided.
  bool provisional() const;
  /// Some component is being brought back after a reboot.
  bool restoring() const;
  /// Nothing will be done for it any more.
  bool closed() const { return retired || reverted; }
  protocol::AgentState state() const;
  protocol::DeploymentReport report(std::int64_t now_boot_ms) const;
};

}  // namespace switchyard::agent
