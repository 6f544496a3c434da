#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "protocol/message.hpp"

/// What the agent's core wants done. The shell carries it out in this order: all of `writes` in one append and one
/// fdatasync; then the dead-man is armed; then steps, timers and watches start; then `sends` leave; then the dead-man
/// is disarmed, and the connection redialled.
namespace switchyard::agent {

struct RunStep {
  DeploymentId deployment;
  StepId step;
  bool undo = false;
  std::string component;
  std::string title;
  protocol::Action action;
  std::uint32_t timeout_ms = 0;
  std::int64_t not_after_boot_ms = 0;  ///< its effect must not come later, whenever it begins; 0: no such time
  std::uint32_t attempts = 1;
  protocol::OnUnknown on_unknown = protocol::OnUnknown::fail;
  bool recovered = false;  ///< its intent is in the journal and its result is not: it may have run, or be running
};
struct StepRef {
  DeploymentId deployment;
  StepId step;
};
/// A timer of that name replaces the one before. ms < 0 cancels.
struct SetTimer {
  std::string timer;
  std::int64_t ms = 0;
};
/// In place of the probes that were watched before; what was seen of the component holds.
struct StartWatch {
  DeploymentId deployment;
  std::string component;
  std::vector<protocol::ProbeSpec> probes;
  bool unseen = false;  ///< nobody in this process knows how it is: the first look is told, whatever it finds
};
struct StopWatch {
  DeploymentId deployment;
};

struct Effects {
  std::vector<JournalRecord> writes;
  bool arm_dead_man = false;     ///< start the dead-man unit: the journal holds a deadline
  bool disarm_dead_man = false;  ///< no deployment is armed any more
  std::vector<RunStep> runs;
  std::vector<StepRef> cancels;  ///< stop waiting for these: their results are not wanted
  std::vector<SetTimer> timers;
  std::vector<StartWatch> start_watches;
  std::vector<StopWatch> stop_watches;
  std::vector<protocol::Message> sends;
  bool redial = false;
};

}  // namespace switchyard::agent
