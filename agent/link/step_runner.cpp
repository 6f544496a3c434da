#include "agent/link/step_runner.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"

namespace switchyard::agent {

StepRunner::StepRunner(Scheduler& loop, Workers& workers, Executors& executors, const Clock& clock, Finished finished)
    : loop_(loop), workers_(workers), executors_(executors), clock_(clock), finished_(std::move(finished)) {}

void StepRunner::run(const RunStep& order) {
  const Key key{order.step, order.undo};
  std::stop_source stop;
  running_[key] = stop;
  const bool queued = workers_.submit([this, order, key, stop] {
    StepContext context;
    context.deployment = order.deployment;
    context.step = order.step;
    context.undo = order.undo;
    context.recovered = order.recovered;
    context.stop = stop.get_token();
    context.deadline_boot_ms = clock_.boot_ms() + order.timeout_ms;
    protocol::StepResult result = carry_out(order, context);
    loop_.post(
        [this, key, finished = StepFinished{order.deployment, order.step, order.undo, std::move(result)}]() mutable {
          finish(key, std::move(finished));
        });
  });
  if (queued) return;
  StepFinished refused{order.deployment, order.step, order.undo,
                       failed("busy", "the agent has too many steps waiting")};
  loop_.post([this, key, refused]() mutable { finish(key, std::move(refused)); });
}

protocol::StepResult StepRunner::carry_out(const RunStep& order, StepContext& context) {
  if (order.not_after_boot_ms > 0) {
    context.deadline_boot_ms = std::min(context.deadline_boot_ms, order.not_after_boot_ms);
    // The process was stopped for a while since the order was given: the dead-man may have gone back meanwhile.
    if (clock_.boot_ms() >= order.not_after_boot_ms)
      return failed("timeout", "its time was over before it could begin");
  }
  protocol::StepResult result;
  // Typed steps may try again within one attempt of the plan; a command is run once.
  const bool once = protocol::runs_once(order.action);
  for (std::uint32_t attempt = 0; attempt < (once ? 1 : std::max(order.attempts, 1u)); ++attempt) {
    result = executors_.run(order.action, context);
    const bool again = result.state == protocol::StepState::failed && !context.stop.stop_requested() &&
                       clock_.boot_ms() < context.deadline_boot_ms;
    if (!again) break;
  }
  return result;
}

void StepRunner::cancel(const StepRef& step) {
  for (const bool undo : {false, true}) {
    const auto found = running_.find({step.step, undo});
    if (found != running_.end()) found->second.request_stop();
  }
}

void StepRunner::stop() {
  stopped_ = true;
  for (auto& [key, stop] : running_) stop.request_stop();
}

void StepRunner::finish(const Key& key, StepFinished result) {
  running_.erase(key);
  if (stopped_) return;
  log::info("step finished", {{"deployment", result.deployment.str()},
                              {"step", result.step.str()},
                              {"undo", result.undo},
                              {"state", protocol::step_state_name(result.result.state)},
                              {"ms", result.result.duration_ms},
                              {"code", result.result.code},
                              {"detail", result.result.detail.substr(0, 200)}});
  finished_(std::move(result));
}

}  // namespace switchyard::agent
