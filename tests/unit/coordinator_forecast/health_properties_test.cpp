// What holds of health checks whatever is deployed, by the engine that runs deployments.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/forecast/simulation.hpp"
#include "coordinator/model/checks_report.hpp"
#include "tests/support/plan_builder.hpp"

namespace switchyard::forecast {
namespace {

using model::DeploymentState;

/// A small deployment with checks of every tier, in all its strategies.
model::Plan drawn_plan_with_checks() {
  static const std::vector<std::string> shapes = {"a@h1", "a@h1,h2", "a@h1 > b@h1", "a@h1,h2 > b@h2 + c@h1"};
  switchyard::testing::PlanBuilderOptions options;
  options.first = *rc::gen::arbitrary<bool>();
  options.strategy = *rc::gen::element(model::Strategy::blue_green, model::Strategy::rolling, model::Strategy::recreate,
                                       model::Strategy::canary);
  options.settings.watch_ms = *rc::gen::element<std::uint32_t>(0, 2'000);
  options.settings.health_checks_enabled = *rc::gen::arbitrary<bool>();
  options.settings.run_tests =
      *rc::gen::element(model::RunTests::none, model::RunTests::smoke, model::RunTests::e2e, model::RunTests::full);
  model::Manifest manifest = switchyard::testing::manifest_from_text(*rc::gen::elementOf(shapes), options);
  for (model::Component& component : manifest.components) {
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) {
      model::HealthCheck check;
      check.probe.name = "check-" + std::to_string(i);
      check.probe.kind = protocol::HttpProbe{"http://127.0.0.1:${port}/", {}, {}, {}};
      const auto tier = *rc::gen::inRange(0U, 3U);
      if (tier > 0) check.probe.tier = tier;
      check.scope = *rc::gen::element(model::TestScope::critical, model::TestScope::changed, model::TestScope::full);
      component.health_checks.push_back(std::move(check));
    }
  }
  return planner::plan_deployment(manifest, switchyard::testing::facts_for(manifest, options), {});
}

bool are_enabled(const model::Plan& plan) { return plan.settings.checks && plan.settings.checks->enabled; }

/// As the API tells of a deployment that ended so.
model::ChecksReport report_of(const model::Plan& plan, const Simulation& simulation) {
  model::StepEnds ends;
  for (const SimulatedLine& line : simulation.timeline) model::note_step_end(line.entry, ends);
  model::DeploymentRow row;
  row.state = simulation.end;
  const auto report = model::report_checks(row, plan, ends);
  RC_ASSERT(report.has_value());
  return *report;
}

struct PlannedCheck {
  HostId host;
  std::string component;
  protocol::Step step;
};
/// That a unit runs is asked also where health checks are off.
bool is_of_the_unit(const PlannedCheck& check) {
  return std::holds_alternative<protocol::UnitProbe>(std::get<protocol::Probe>(check.step.action).spec.kind);
}
/// Every check that has to pass before the commit.
std::vector<PlannedCheck> checks_of(const model::Plan& plan) {
  std::vector<PlannedCheck> checks;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) {
        const bool before = step.phase == protocol::Phase::prepare || step.phase == protocol::Phase::swap;
        if (before && std::holds_alternative<protocol::Probe>(step.action))
          checks.push_back({host, component.name, step});
      }
    }
  }
  return checks;
}

SimulationInput failing_at(std::optional<FailingStep> failing) {
  return {std::move(failing), [](const std::string&, const protocol::Step&, bool) { return 100; }, 500};
}

// Feature: deployment-mcp, Property 2: Health Check Completeness
// A deployment is committed only after every check of every tier that is asked for has passed on every host, and only
// then says that its checks passed. Where health checks are off, none is asked but whether the units run, and it says
// that they were off.
RC_GTEST_PROP(HealthChecks, AllPassBeforeADeploymentIsDone, ()) {
  const model::Plan plan = drawn_plan_with_checks();
  const Simulation simulation = simulate(plan, failing_at(std::nullopt));
  RC_ASSERT(simulation.end == DeploymentState::done);
  for (const PlannedCheck& check : checks_of(plan)) {
    bool passed = false, committing = false;
    for (const SimulatedLine& line : simulation.timeline) {
      committing = committing || (line.entry.what == "state" && line.entry.state == "committing");
      passed = passed || (!committing && line.entry.host == check.host && line.entry.component == check.component &&
                          line.entry.state == "done" && line.entry.text == check.step.title);
    }
    RC_ASSERT(passed);
  }
  const std::vector<PlannedCheck> checks = checks_of(plan);
  const bool only_units = std::all_of(checks.begin(), checks.end(), is_of_the_unit);
  if (!are_enabled(plan)) RC_ASSERT(only_units);
  const model::ChecksReport report = report_of(plan, simulation);
  RC_ASSERT(report.outcome == (only_units ? model::ChecksOutcome::off : model::ChecksOutcome::passed));
  if (only_units) RC_ASSERT(!report.warnings.empty());
}

// Feature: deployment-mcp, Property 16: Health Check Failure Detection
// Whichever check fails, on whichever host: the deployment goes no further, everything goes back, and the reason names
// the check.
RC_GTEST_PROP(HealthChecks, AnyThatFailsHaltsTheDeploymentAndIsNamed, ()) {
  const model::Plan plan = drawn_plan_with_checks();
  const PlannedCheck failing = *rc::gen::elementOf(checks_of(plan));
  const Simulation simulation = simulate(plan, failing_at(FailingStep{failing.host, failing.step.id}));
  RC_ASSERT(simulation.end == DeploymentState::rolled_back);
  RC_ASSERT(simulation.reason.find(failing.step.title) != std::string::npos);
  const model::ChecksReport report = report_of(plan, simulation);
  RC_ASSERT(report.outcome != model::ChecksOutcome::passed);
  if (!is_of_the_unit(failing)) RC_ASSERT(report.outcome == model::ChecksOutcome::failed);
  if (!are_enabled(plan)) RC_ASSERT(report.outcome == model::ChecksOutcome::off);
  for (const SimulatedEnd& end : simulation.standing) RC_ASSERT(end.serves == "old" || end.serves == "nothing");
  for (const SimulatedLine& line : simulation.timeline) RC_ASSERT(line.entry.state != "committing");
}

}  // namespace
}  // namespace switchyard::forecast
