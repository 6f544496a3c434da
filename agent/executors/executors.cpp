#include "agent/executors/executors.hpp"

#include <algorithm>
#include <exception>
#include <variant>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Executor& Executors::executor_for(const protocol::Action& action) {
  // A visit without a catch-all case: a new kind of action does not compile until it has an executor.
  return std::visit(Overloaded{
                        [&](const protocol::EnsureRelease&) -> Executor& { return table_.ensure_release; },
                        [&](const protocol::EnsureFile&) -> Executor& { return table_.ensure_file; },
                        [&](const protocol::EnsureLink&) -> Executor& { return table_.ensure_link; },
                        [&](const protocol::EnsureUnit&) -> Executor& { return table_.ensure_unit; },
                        [&](const protocol::SwitchTraffic&) -> Executor& { return table_.switch_traffic; },
                        [&](const protocol::CheckSwitch&) -> Executor& { return table_.check_switch; },
                        [&](const protocol::Drain&) -> Executor& { return table_.drain; },
                        [&](const protocol::Probe&) -> Executor& { return table_.probe; },
                        [&](const protocol::Run&) -> Executor& { return table_.run; },
                        [&](const protocol::Prune&) -> Executor& { return table_.prune; },
                        [&](const protocol::VerifyOld&) -> Executor& { return table_.verify_old; },
                        [&](const protocol::EnsureConfiguration&) -> Executor& { return table_.ensure_configuration; },
                        [&](const protocol::Hook&) -> Executor& { return table_.hook; },
                        [&](const protocol::Snapshot&) -> Executor& { return table_.snapshot; },
                        [&](const protocol::Restore&) -> Executor& { return table_.restore; },
                    },
                    action);
}

protocol::StepResult Executors::run(const protocol::Action& action, const StepContext& context) {
  const std::int64_t began_ms = clock_.boot_ms();
  protocol::StepResult result;
  try {
    result = executor_for(action).run(action, context);
  } catch (const std::exception& error) {
    result = failed_by(error);
    if (result.code == "transfer" && clock_.boot_ms() >= context.deadline_boot_ms) result.code = "timeout";
  }
  result.duration_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(clock_.boot_ms() - began_ms, 0));
  // Before it is cut: what is left of a secret at the edge would be found by nobody.
  mask_.apply(result.detail);
  mask_.apply(result.evidence);
  if (result.detail.size() > limits::excerpt_bytes_max) result.detail.resize(limits::excerpt_bytes_max);
  return result;
}

}  // namespace switchyard::agent
