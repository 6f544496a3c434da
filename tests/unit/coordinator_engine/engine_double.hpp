#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/engine/engine.hpp"
#include "tests/support/plan_builder.hpp"

namespace switchyard::engine {

/// One deployment at the coordinator; the agents are the test.
class Coordinator {
 public:
  explicit Coordinator(const std::string& text, model::PlanSettings settings = {},
                       model::DeploymentKind kind = model::DeploymentKind::deploy) {
    model::Plan plan = testing::plan_from_text(text);
    plan.settings = settings;
    model::DeploymentRow row;
    row.id = plan.deployment;
    row.kind = kind;
    row.state = model::DeploymentState::approved;
    run = make_run(row, plan, std::nullopt);
    happen(Started{});
  }

  void happen(const Event& event) {
    const Effects effects = apply(run, event);
    for (const Send& send : effects.sends) {
      asked.push_back(send.host.str() + " " + std::string(protocol::message_name(protocol::type_of(send.message))));
      if (const auto* swap = std::get_if<protocol::Swap>(&send.message)) asked.back() += " " + swap->component;
      if (const auto* abort = std::get_if<protocol::Abort>(&send.message)) {
        asked.back() += abort->all ? " all" : " " + abort->component;
      }
    }
    for (const SetTimer& timer : effects.timers) {
      timers.erase(timer.timer);
      if (timer.ms >= 0) timers[timer.timer] = now_ms + timer.ms;
    }
    decided = decided || effects.decided;
  }
  /// Lets time pass, and fires the timers that are due meanwhile. Without it they are the test's to fire.
  void pass(std::int64_t ms) {
    const std::int64_t end_ms = now_ms + ms;
    for (;;) {
      const auto next = std::min_element(timers.begin(), timers.end(),
                                         [](const auto& one, const auto& other) { return one.second < other.second; });
      if (next == timers.end() || next->second > end_ms) break;
      const std::string name = next->first;
      now_ms = next->second;
      timers.erase(next);
      happen(TimerFired{name});
    }
    now_ms = end_ms;
  }
  void connect(const std::string& host, protocol::AgentState state = protocol::AgentState::idle) {
    protocol::DeploymentReport report;
    report.deployment = run.row.id;
    report.state = state;
    for (const auto& component : run.plan.slices.at(HostId(host)).components) {
      const bool live = state == protocol::AgentState::swapped || state == protocol::AgentState::held;
      report.components.push_back({component.name, state >= protocol::AgentState::staged, live ? 1u : 0u, "", ""});
    }
    happen(AgentConnected{HostId(host), ++session, report});
  }
  void say(const std::string& host, protocol::Message message) {
    happen(AgentSaid{HostId(host), run.hosts.at(HostId(host)).session, std::move(message)});
  }
  void stage(const std::string& host) {
    connect(host);
    say(host, protocol::PlanAck{run.row.id, run.plan.hash});
    for (const auto& component : run.plan.slices.at(HostId(host)).components) {
      say(host, protocol::Staged{run.row.id, component.name, 0});
    }
  }
  void swap(const std::string& host, const std::string& component) {
    say(host, protocol::Swapped{run.row.id, component, 1, 0});
  }
  bool has_asked(const std::string& what) const { return std::find(asked.begin(), asked.end(), what) != asked.end(); }
  model::DeploymentState state() const { return run.row.state; }

  DeploymentRun run;
  std::vector<std::string> asked;
  std::map<std::string, std::int64_t> timers;  ///< and when they are due
  std::int64_t now_ms = 0;
  std::uint64_t session = 0;
  bool decided = false;
};

}  // namespace switchyard::engine
