#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/executors/run_executor.hpp"

namespace switchyard::agent {

/// Hook: a program of the user's, run as a command is (once, in a unit named after the step), and spoken with by the
/// contract of docs/hooks.md. One that is not critical never fails and never throws: what went wrong, whatever it was,
/// is told with it. Several may run at once. Throws SysError when there are no pipes or no bus for a critical one.
class HookExecutor final : public Executor {
 public:
  HookExecutor(RunExecutor& commands, const Clock& clock) : commands_(commands), clock_(clock) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  /// As if it were critical.
  protocol::StepResult call(const protocol::Hook& hook, const StepContext& context);

  RunExecutor& commands_;
  const Clock& clock_;
};

/// What the program is told: one JSON object.
std::string hook_request(const protocol::Hook& hook, const StepContext& context, std::int64_t timeout_ms);
/// What its answer means. Pure.
protocol::StepResult judge_hook_answer(const std::string& program, std::string_view answer);

}  // namespace switchyard::agent
