#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "common/crypto.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/engine/pauses.hpp"
#include "coordinator/forecast/simulation.hpp"
#include "coordinator/planner/traffic_plan.hpp"

/// The real engine and the real cores of the agents, over a clock that the test moves: what a simulation is compared
/// with. A step takes as long as the simulation is told, and the same step fails.
namespace switchyard::forecast {

/// What the clients of a host find: its units, and where its stable ports lead.
class FleetHost {
 public:
  explicit FleetHost(const protocol::PlanSlice& slice) {
    for (const auto& planned : slice.components) {
      if (planned.old.kind == protocol::OldKind::absent) continue;
      units_.insert(planned.old.unit);
      leads_to_[planned.name] = {planned.old.slot};
    }
  }

  void change(const protocol::Action& action) {
    if (const auto* unit = std::get_if<protocol::EnsureUnit>(&action)) {
      if (unit->state == protocol::UnitState::started) units_.insert(unit->unit);
      if (unit->state == protocol::UnitState::stopped) units_.erase(unit->unit);
    } else if (const auto* traffic = std::get_if<protocol::SwitchTraffic>(&action)) {
      std::set<std::string>& slots = leads_to_[traffic->component];
      slots.clear();
      for (const auto& target : traffic->targets) {
        if (target.weight > 0) slots.insert(target.slot);
      }
    }
  }

  std::string serves(const protocol::SliceComponent& planned) const {
    const bool switched = planner::find_switch(planned) != nullptr;
    const auto answers = [&](const std::string& slot) {
      const auto slots = leads_to_.find(planned.name);
      const bool reached = !switched || (slots != leads_to_.end() && slots->second.contains(slot));
      return reached && !slot.empty() && units_.contains(planned.name + "@" + slot + ".service");
    };
    const bool old = answers(planned.old.slot), fresh = answers(planned.slot);
    return old && fresh ? "both" : old ? "old" : fresh ? "new" : "nothing";
  }

 private:
  std::set<std::string> units_;
  std::map<std::string, std::set<std::string>> leads_to_;  ///< component -> slots
};

class AgentFleet {
 public:
  AgentFleet(model::Plan plan, const SimulationInput& input) : input_(input) {
    plan.signature = protocol::sign_plan(plan.header, keys_);
    model::DeploymentRow row;
    row.id = plan.deployment;
    row.state = model::DeploymentState::approved;
    run_ = engine::make_run(row, std::move(plan), std::nullopt);
  }

  Simulation take() {
    happen(engine::Started{});
    for (const auto& [host, slice] : run_.plan.slices) {
      hosts_.emplace(host, slice);
      agents_.emplace(
          host, Agent{std::make_unique<agent::AgentCore>(agent::CoreIdentity{host, keys_.public_key},
                                                         agent::Role::agent, std::vector<agent::JournalRecord>{})});
      tell(host, agent::Began{"boot-1"});
      connect(host);
    }
    for (int events = 0; !(ended() && rests()) && !queue_.empty() && events < 100'000; ++events) {
      auto next = queue_.extract(queue_.begin());
      now_ms_ = next.key();
      next.mapped()();
      promote();
    }
    for (const auto& [host, slice] : run_.plan.slices) {
      for (const auto& planned : slice.components) {
        result_.standing.push_back({host, planned.name, hosts_.at(host).serves(planned)});
      }
    }
    result_.end = run_.row.state;
    result_.took_ms = now_ms_;
    return std::move(result_);
  }

 private:
  struct Agent {
    std::unique_ptr<agent::AgentCore> core;
    bool up = false;
    std::uint64_t session = 0;
    std::map<std::string, std::uint64_t> timers;
    std::map<std::pair<StepId, bool>, std::uint64_t> running;
  };

  bool ended() const { return model::is_final(run_.row.state) || run_.row.state == model::DeploymentState::paused; }
  void at(std::int64_t ms, std::function<void()> what) { queue_.emplace(ms, std::move(what)); }

  /// What is paused goes on until nothing is under way any more.
  bool rests() const {
    const bool idle = std::all_of(agents_.begin(), agents_.end(),
                                  [](const auto& entry) { return entry.second.up && entry.second.running.empty(); });
    return run_.row.state != model::DeploymentState::paused || (idle && messages_ == 0);
  }

  /// A message is under way until then.
  void soon(std::function<void()> what) {
    ++messages_;
    at(now_ms_, [this, what = std::move(what)] {
      --messages_;
      what();
    });
  }

  void happen(const engine::Event& event) {
    engine::Effects effects = engine::apply(run_, event);
    for (model::TimelineEntry& entry : effects.timeline) result_.timeline.push_back({now_ms_ - 1, std::move(entry)});
    for (const engine::SetTimer& timer : effects.timers) {
      const std::uint64_t turn = ++timers_[timer.timer];
      if (timer.ms < 0) continue;
      at(now_ms_ + timer.ms, [this, name = timer.timer, turn] {
        if (timers_[name] == turn) happen(engine::TimerFired{name});
      });
    }
    for (const engine::Send& send : effects.sends) {
      if (!agents_.at(send.host).up) continue;
      soon([this, send] {
        if (agents_.at(send.host).up) tell(send.host, agent::MessageArrived{1, send.message});
      });
    }
  }

  void connect(const HostId& host) {
    Agent& agent = agents_.at(host);
    agent.up = true;
    ++agent.session;
    protocol::DeploymentReport report;
    report.deployment = run_.row.id;
    for (const auto& one : agent.core->reports(now_ms_)) {
      if (one.deployment == run_.row.id) report = one;
    }
    happen(engine::AgentConnected{host, agent.session, report});
    tell(host, agent::SessionBegan{agent.session});
  }

  void promote() {
    for (const auto& [index, pause] : run_.pauses) {
      if (pause == engine::Pause::ripe && engine::rests(run_, index)) return happen(engine::Promoted{});
    }
  }

  void tell(const HostId& host, const agent::Event& event) {
    Agent& agent = agents_.at(host);
    agent::Effects effects = agent.core->apply(event, now_ms_);
    for (protocol::Message& message : effects.sends) {
      const auto* reverted = std::get_if<protocol::Reverted>(&message);
      if (reverted != nullptr && !reverted->component.empty() && reverted_.insert({host, reverted->component}).second) {
        result_.reverts.push_back({now_ms_, host, reverted->component});
      }
      if (!agent.up) continue;
      soon([this, host, session = agent.session, message = std::move(message)] {
        happen(engine::AgentSaid{host, session, message});
      });
    }
    for (const agent::RunStep& order : effects.runs) run(host, order);
    for (const agent::StepRef& cancel : effects.cancels) {
      for (const bool undo : {false, true}) {
        if (!agent.running.contains({cancel.step, undo})) continue;
        at(now_ms_, [this, host, cancel, undo] {
          finish(host, cancel.step, undo, agents_.at(host).running[{cancel.step, undo}], protocol::StepState::failed);
        });
      }
    }
    for (const agent::SetTimer& timer : effects.timers) {
      const std::uint64_t turn = ++agent.timers[timer.timer];
      at(now_ms_ + timer.ms, [this, host, name = timer.timer, turn] {
        if (agents_.at(host).timers[name] == turn) tell(host, agent::TimerFired{name});
      });
    }
    if (effects.redial) redial(host);
  }

  void redial(const HostId& host) {
    if (!agents_.at(host).up) return;
    soon([this, host] {
      agents_.at(host).up = false;
      happen(engine::AgentLost{host, agents_.at(host).session});
    });
    at(now_ms_ + input_.hold_ms, [this, host] { connect(host); });
  }

  const protocol::Step& step_of(const HostId& host, const StepId& id) const {
    for (const auto& component : run_.plan.slices.at(host).components) {
      for (const auto& step : component.steps) {
        if (step.id == id) return step;
      }
    }
    throw std::logic_error("the agent runs a step that is in no plan");
  }

  void run(const HostId& host, const agent::RunStep& order) {
    const protocol::Step& step = step_of(host, order.step);
    std::int64_t ms = input_.duration_ms(order.component, step, order.undo);
    const bool meant = input_.failing && *input_.failing == FailingStep{host, order.step} && !order.undo;
    bool fails = meant && !(failed_once_ && step.phase == protocol::Phase::commit);
    failed_once_ = failed_once_ || fails;
    // As the agents' executors do.
    fails = fails && !does_nothing(step.action) && !is_passed_over(step.action);
    if (order.not_after_boot_ms != 0 && now_ms_ + ms > order.not_after_boot_ms) {
      ms = std::max<std::int64_t>(0, order.not_after_boot_ms - now_ms_);
      fails = true;
    }
    const std::uint64_t ticket = ++tickets_;
    agents_.at(host).running[{order.step, order.undo}] = ticket;
    at(now_ms_ + ms, [this, host, id = order.step, undo = order.undo, ticket, fails] {
      finish(host, id, undo, ticket, fails ? protocol::StepState::failed : protocol::StepState::done);
    });
  }

  void finish(const HostId& host, const StepId& step, bool undo, std::uint64_t ticket, protocol::StepState state) {
    auto& running = agents_.at(host).running;
    const auto found = running.find({step, undo});
    if (found == running.end() || found->second != ticket) return;
    running.erase(found);
    protocol::StepResult result;
    result.state = state;
    const protocol::Step& ended = step_of(host, step);
    if (state == protocol::StepState::done) hosts_.at(host).change(undo ? *ended.undo : ended.action);
    tell(host, agent::StepFinished{run_.row.id, step, undo, result});
  }

  SigningKeyPair keys_ = signing_key_from_secret(std::string(32, 'k'));
  const SimulationInput& input_;
  engine::DeploymentRun run_;
  std::map<HostId, Agent> agents_;
  std::multimap<std::int64_t, std::function<void()>> queue_;
  std::map<std::string, std::uint64_t> timers_;
  std::set<std::pair<HostId, std::string>> reverted_;
  std::int64_t now_ms_ = 1;
  std::uint64_t tickets_ = 0;
  bool failed_once_ = false;
  int messages_ = 0;
  std::map<HostId, FleetHost> hosts_;
  Simulation result_;
};

}  // namespace switchyard::forecast
