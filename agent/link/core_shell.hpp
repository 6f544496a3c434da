#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/link/step_runner.hpp"
#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/scheduler.hpp"

namespace switchyard::agent {

/// Carries out what the core decides, in the order that makes it true: under the journal's lock the core sees what the
/// other process wrote, then the event, and its records are durable; then the dead-man, steps and timers; then
/// messages. The agent and the dead-man both are one of these around a core of their role. Owned by the composition
/// root; loop's thread.
class CoreShell {
 public:
  struct Hands {
    std::function<void()> arm_dead_man;  ///< blocking, before any step of a swap begins; throws Error
    std::function<void(protocol::Message)> send;
    std::function<void()> redial;
    std::function<void(const StartWatch&)> start_watch;
    std::function<void(const StopWatch&)> stop_watch;
    std::function<void()> after_event;  ///< everything of one event is done
  };
  CoreShell(const CoreIdentity& identity, Role role, JournalFile& journal, Scheduler& loop, const Clock& clock,
            StepRunner& steps, Hands hands);

  void handle(const Event& event);
  const AgentCore& core() const { return core_; }
  /// Rewrites the journal without what is over, when it has grown to that many bytes, and to twice what the last time
  /// left, and nothing is open.
  void compact_if_large(std::uint64_t bytes = limits::journal_compact_bytes);

 private:
  bool refuse_plan(const Event& event);
  std::optional<protocol::Failed> plan_trouble(const protocol::Plan& plan);
  void take(JournalFile::Turn& turn, const Event& event, std::vector<Effects>& work);
  void take_foreign(JournalFile::Turn& turn, std::vector<Effects>& work);
  void carry_out(Effects effects);
  void set_timer(const SetTimer& timer);

  AgentCore core_;
  JournalFile& journal_;
  Scheduler& loop_;
  const Clock& clock_;
  StepRunner& steps_;
  Hands hands_;
  std::map<std::string, Scheduler::Timer> timers_;
  std::uint64_t compacted_bytes_ = 0;
};

}  // namespace switchyard::agent
