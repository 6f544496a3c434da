#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/coordinator_forecast/agent_fleet.hpp"
#include "tests/unit/coordinator_forecast/drawn_plan.hpp"

namespace switchyard::forecast {
namespace {

/// What the host served when the plan was made.
std::string before(const model::Plan& plan, const SimulatedEnd& end) {
  for (const auto& component : plan.slices.at(end.host).components) {
    if (component.name == end.component) return component.old.kind == protocol::OldKind::absent ? "nothing" : "old";
  }
  return "no such component";
}

/// Feature: deployment-mcp, Property 9: Rollback Completeness. For any deployment that fails, and any rollback strategy
/// that goes back by itself, every component on every host serves what it served before. By the engine and the agents'
/// own cores.
RC_GTEST_PROP(RollbackCompleteness, WhateverFailsAndHoweverItGoesBackEverythingServesWhatItServedBefore, ()) {
  model::Plan plan = drawn_plan();
  RC_PRE(plan.settings.rollback_on_failure);
  std::vector<FailingStep> steps;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) {
        const bool before_the_decision = step.phase == protocol::Phase::prepare || step.phase == protocol::Phase::swap;
        const bool counts = !does_nothing(step.action) && !is_passed_over(step.action);
        if (before_the_decision && counts) steps.push_back({host, step.id});
      }
    }
  }
  const int slow = *rc::gen::inRange(1, 700);
  SimulationInput input;
  input.failing = *rc::gen::elementOf(steps);
  input.hold_ms = *rc::gen::element(0, 400);
  input.duration_ms = [slow](const std::string& component, const protocol::Step& step, bool undo) {
    const auto digit = static_cast<std::int64_t>(std::hash<std::string>{}(component + step.title) % 7);
    return 10 + slow * digit / 6 + (undo ? 3 : 0);
  };
  const Simulation real = AgentFleet(plan, input).take();
  RC_CLASSIFY(plan.settings.rollback_strategy == model::RollbackStrategy::batch, "batch");
  RC_CLASSIFY(plan.settings.rollback_strategy == model::RollbackStrategy::graceful, "graceful");
  RC_CLASSIFY(plan.settings.rollback_strategy == model::RollbackStrategy::aggressive, "aggressive");
  RC_ASSERT(model::state_name(real.end) == "rolled_back");
  for (const SimulatedEnd& end : real.standing) RC_ASSERT(end.serves == before(plan, end));
}

/// Feature: deployment-mcp, Property 16: Health Check Failure Detection. For any check that fails, the deployment goes
/// no further, and says which check it was and on which host. By the engine and the agents' own cores.
RC_GTEST_PROP(HealthCheckFailureDetection, AnyCheckThatFailsStopsTheDeploymentAndIsNamed, ()) {
  const model::Plan plan = drawn_plan();
  std::vector<std::pair<FailingStep, std::string>> checks;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) {
        if (std::holds_alternative<protocol::Probe>(step.action)) checks.push_back({{host, step.id}, step.title});
      }
    }
  }
  RC_PRE(!checks.empty());
  const auto [failing, title] = *rc::gen::elementOf(checks);
  SimulationInput input;
  input.failing = failing;
  input.duration_ms = [](const std::string&, const protocol::Step&, bool) { return 5; };
  const Simulation real = AgentFleet(plan, input).take();
  const bool goes_back = plan.settings.rollback_on_failure;
  RC_ASSERT(model::state_name(real.end) == (goes_back ? "rolled_back" : "paused"));
  std::string told;
  for (const SimulatedLine& line : real.timeline) {
    if (line.entry.what == "state") told += line.entry.text + "\n";
  }
  RC_ASSERT(told.find(failing.host.str() + ": ") != std::string::npos);
  RC_ASSERT(told.find(title) != std::string::npos);
}

}  // namespace
}  // namespace switchyard::forecast
