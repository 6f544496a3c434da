#include "coordinator/forecast/simulation.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/limits_forecast.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/engine/pauses.hpp"
#include "coordinator/engine/timers.hpp"
#include "coordinator/forecast/serving_state.hpp"
#include "coordinator/forecast/simulated_agent.hpp"

namespace switchyard::forecast {
namespace {

using model::DeploymentState;

constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();
constexpr const char* simulated_failure = "simulated";

class Simulator {
 public:
  Simulator(const model::Plan& plan, const SimulationInput& input) : input_(input) {
    model::DeploymentRow row;
    row.id = plan.deployment;
    row.name = plan.name;
    row.environment = plan.environment;
    row.state = DeploymentState::approved;
    run_ = engine::make_run(std::move(row), plan, std::nullopt);
    std::size_t places = 0;
    for (const auto& [host, slice] : run_.plan.slices) {
      agents_.try_emplace(host, slice);
      for (const auto& planned : slice.components) serving_.try_emplace({host, planned.name}, planned);
      places += slice.components.size();
    }
    events_max_ = std::min(limits::simulation_events_max,
                           limits::simulation_events_times_places_max / std::max<std::size_t>(1, places));
  }

  Simulation take() {
    happen(engine::Started{});
    for (auto& [host, agent] : agents_) connect(host);
    while (!ended() && !queue_.empty()) {
      if (++events_ > events_max_) {
        throw InputError("the simulation was given up after " + std::to_string(events_max_) +
                         " events, the most that a plan of this size may take; simulate some of the components only "
                         "(`--components`)");
      }
      auto next = queue_.extract(queue_.begin());
      now_ms_ = next.key();
      next.mapped()();
      promote();
      skip_renewals();
    }
    note_standing();
    result_.end = run_.row.state;
    result_.reason = run_.row.reason;
    result_.took_ms = now_ms_;
    return std::move(result_);
  }

 private:
  struct Timer {
    std::uint64_t turn = 0;  ///< of the latest setting
    std::int64_t due_ms = never_ms;
  };
  struct Wire {
    bool up = false;
    std::uint64_t session = 0;
  };

  void note_standing() {
    for (const auto& [host, slice] : run_.plan.slices) {
      for (const protocol::SliceComponent& planned : slice.components) {
        result_.standing.push_back({host, planned.name, serving_.at({host, planned.name}).text()});
      }
    }
  }

  /// Nobody stops an agent where a deployment is paused: what is under way goes on to its end.
  bool ended() const {
    return model::is_final(run_.row.state) || (run_.row.state == DeploymentState::paused && under_way_ == 0);
  }
  void at(std::int64_t ms, std::function<void()> what) { queue_.emplace(ms, std::move(what)); }
  /// Messages, steps and connections: what happens unless time stands still.
  void under_way(std::int64_t ms, std::function<void()> what) {
    ++under_way_;
    at(ms, [this, what = std::move(what)] {
      --under_way_;
      what();
    });
  }

  void happen(const engine::Event& event) {
    engine::Effects effects = engine::apply(run_, event);
    for (model::TimelineEntry& entry : effects.timeline) result_.timeline.push_back({now_ms_, std::move(entry)});
    for (engine::SetTimer& timer : effects.timers) set(timer);
    for (engine::Send& send : effects.sends) {
      if (!wires_[send.host].up) continue;
      under_way(now_ms_, [this, send = std::move(send)] {
        if (wires_[send.host].up) follow(send.host, agents_.at(send.host).hear(send.message, now_ms_));
      });
    }
  }

  void set(const engine::SetTimer& timer) {
    Timer& set = timers_[timer.timer];
    set.due_ms = timer.ms < 0 ? never_ms : now_ms_ + timer.ms;
    if (timer.ms < 0) ++set.turn;
    if (timer.ms >= 0) wait_for(timer.timer);
  }

  void wait_for(const std::string& name) {
    Timer& timer = timers_[name];
    at(timer.due_ms, [this, name, turn = ++timer.turn] {
      Timer& due = timers_[name];
      if (due.turn != turn) return;
      due.due_ms = never_ms;
      happen(engine::TimerFired{name});
    });
  }

  /// While nothing is under way but a pause, lease and deadline are renewed again and again, and nothing else happens:
  /// in a pause of a day 2,000 times on each host. That is taken as done, up to the pause's end.
  void skip_renewals() {
    if (under_way_ != 0 || run_.row.state != DeploymentState::swapping || !engine::any_rests(run_)) return;
    std::int64_t until_ms = never_ms;
    for (const auto& [index, pause] : run_.pauses) {
      until_ms = std::min(until_ms, timers_[engine::pause_timer(index)].due_ms);
    }
    if (until_ms == never_ms) return;
    const std::int64_t confirm_ms = run_.plan.settings.confirm_ms;
    skip("deadline", confirm_ms, until_ms);
    const std::int64_t period_ms = engine::lease_period_ms(run_.plan.settings);
    if (!skip("lease", period_ms, until_ms)) return;
    const std::int64_t renewed_ms = timers_["lease"].due_ms - period_ms;
    for (auto& [host, agent] : agents_) follow(host, agent.leased_until(renewed_ms + confirm_ms));
  }

  /// The timer, which comes again after each period, is due for the first time after `until_ms`. False: it is already.
  bool skip(const std::string& name, std::int64_t period_ms, std::int64_t until_ms) {
    Timer& timer = timers_[name];
    if (timer.due_ms > until_ms || period_ms <= 0) return false;
    timer.due_ms += ((until_ms - timer.due_ms) / period_ms + 1) * period_ms;
    wait_for(name);
    return true;
  }

  void connect(const HostId& host) {
    Wire& wire = wires_[host];
    wire.up = true;
    happen(engine::AgentConnected{host, ++wire.session, agents_.at(host).report()});
  }

  /// A share of a canary that a person has to promote would wait for ever.
  void promote() {
    for (const auto& [index, pause] : run_.pauses) {
      if (pause != engine::Pause::ripe || !engine::rests(run_, index)) continue;
      result_.assumed.push_back("a person promotes " + engine::node_text(run_, index) + " at once");
      return happen(engine::Promoted{});
    }
  }

  void follow(const HostId& host, AgentTurn turn) {
    for (protocol::Message& message : turn.says) hear_from(host, std::move(message));
    for (const BegunStep& step : turn.begins) begin(host, step);
    for (const BegunStep& step : turn.stops) under_way(now_ms_, [this, host, step] { end(host, step, stopped(), 0); });
    for (const std::string& component : turn.retries) {
      under_way(now_ms_ + limits::step_retry_ms,
                [this, host, component] { follow(host, agents_.at(host).try_again(component, now_ms_)); });
    }
    if (turn.alone_ms) {
      at(*turn.alone_ms, [this, host] { follow(host, agents_.at(host).act_alone(now_ms_)); });
    }
    if (turn.redials) redial(host);
  }

  void hear_from(const HostId& host, protocol::Message message) {
    if (const auto* reverted = std::get_if<protocol::Reverted>(&message)) note_revert(host, *reverted);
    if (!wires_[host].up) return;
    under_way(now_ms_, [this, host, session = wires_[host].session, message = std::move(message)] {
      happen(engine::AgentSaid{host, session, message});
    });
  }

  void note_revert(const HostId& host, const protocol::Reverted& reverted) {
    if (reverted.component.empty() || !reverted_.insert({host, reverted.component}).second) return;
    result_.reverts.push_back({now_ms_, host, reverted.component});
  }

  void redial(const HostId& host) {
    Wire& wire = wires_[host];
    if (!wire.up) return;
    under_way(now_ms_, [this, host] {
      wires_[host].up = false;
      happen(engine::AgentLost{host, wires_[host].session});
    });
    under_way(now_ms_ + input_.hold_ms, [this, host] {
      AgentTurn turn = agents_.at(host).dialled_anew(now_ms_);
      connect(host);
      follow(host, std::move(turn));
    });
  }

  void begin(const HostId& host, const BegunStep& step) {
    std::int64_t ms = std::max<std::int64_t>(0, input_.duration_ms(step.component, *step.step, step.undo));
    protocol::StepResult result;
    result.state = protocol::StepState::done;
    if (fails(host, step)) result = failure_of(step.step->action);
    if (step.not_after_ms && now_ms_ + ms > *step.not_after_ms) {
      ms = std::max<std::int64_t>(0, *step.not_after_ms - now_ms_);
      result.state = protocol::StepState::failed;
      result.code = "timeout";
      result.detail = "takes longer than confirm_seconds allows a swap to take";
    }
    out_.insert({host, step.ticket});
    under_way(now_ms_ + ms, [this, host, step, result, ms] { end(host, step, result, ms); });
  }

  void end(const HostId& host, const BegunStep& step, protocol::StepResult result, std::int64_t ms) {
    if (out_.erase({host, step.ticket}) == 0) return;  // it was stopped before its time
    note_effect(host, step, result);
    result.duration_ms = static_cast<std::uint32_t>(ms);
    follow(host, agents_.at(host).step_ended(step.ticket, result, now_ms_));
  }

  /// What fails has changed nothing; what was cut off may have.
  void note_effect(const HostId& host, const BegunStep& step, const protocol::StepResult& result) {
    const protocol::Action& action = step.undo ? *step.step->undo : step.step->action;
    ServingState& serving = serving_.at({host, step.component});
    if (result.state == protocol::StepState::done) return serving.take(action);
    if (result.code != simulated_failure) serving.doubt(action);
  }

  bool fails(const HostId& host, const BegunStep& step) {
    const bool meant = input_.failing && *input_.failing == FailingStep{host, step.step->id} && !step.undo;
    if (!meant || does_nothing(step.step->action) || (failed_once_ && step.step->phase == protocol::Phase::commit))
      return false;
    failed_once_ = true;
    return true;
  }

  /// As an agent tells it: what is not critical is done, and what went wrong is a warning.
  static protocol::StepResult failure_of(const protocol::Action& action) {
    protocol::StepResult result;
    result.detail = "fails in this simulation";
    if (is_passed_over(action)) {
      result.state = protocol::StepState::done;
      result.evidence["warning"] = simulated_failure;
    } else {
      result.state = protocol::StepState::failed;
      result.code = simulated_failure;
    }
    return result;
  }

  static protocol::StepResult stopped() {
    protocol::StepResult result;
    result.state = protocol::StepState::failed;
    result.code = "cancelled";
    result.detail = "the deployment goes back";
    return result;
  }

  const SimulationInput& input_;
  engine::DeploymentRun run_;
  std::map<HostId, SimulatedAgent> agents_;
  std::map<HostId, Wire> wires_;
  std::map<std::pair<HostId, std::string>, ServingState> serving_;  ///< by host and component
  std::set<std::pair<HostId, std::uint64_t>> out_;                  ///< tickets of the steps that are out
  std::multimap<std::int64_t, std::function<void()>> queue_;        ///< equal times in the order of adding
  std::map<std::string, Timer> timers_;
  std::set<std::pair<HostId, std::string>> reverted_;
  std::int64_t now_ms_ = 0;
  std::size_t events_ = 0, events_max_ = 0, under_way_ = 0;
  bool failed_once_ = false;
  Simulation result_;
};

}  // namespace

Simulation simulate(const model::Plan& plan, const SimulationInput& input) {
  if (plan.slices.size() > limits::simulation_hosts_max) {
    throw InputError("a plan of " + std::to_string(plan.slices.size()) + " hosts is not simulated: at most " +
                     std::to_string(limits::simulation_hosts_max) + " are; name some of the components with " +
                     "`--components`");
  }
  Simulation nothing;
  nothing.end = DeploymentState::done;
  return plan.slices.empty() ? nothing : Simulator(plan, input).take();
}

}  // namespace switchyard::forecast
