#pragma once

#include <rapidcheck.h>

#include <optional>
#include <string>
#include <vector>

#include "coordinator/forecast/simulation.hpp"
#include "tests/support/plan_builder.hpp"

/// Plans for properties.
namespace switchyard::forecast {

/// A small plan in all its ways, and one of its steps.
inline model::Plan drawn_plan() {
  static const std::vector<std::string> shapes = {
      "a@h1", "a@h1,h2", "a@h1 > b@h1", "a@h1,h2 > b@h2", "a@h1 + b@h1 > c@h2", "a@h2 > b@h1,h2 + c@h1"};
  switchyard::testing::PlanBuilderOptions options;
  options.first = *rc::gen::arbitrary<bool>();
  options.strategy = *rc::gen::element(model::Strategy::blue_green, model::Strategy::rolling, model::Strategy::recreate,
                                       model::Strategy::canary);
  options.settings.rollback_on_failure = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
  options.settings.rollback_strategy =
      *rc::gen::element(model::RollbackStrategy::immediate, model::RollbackStrategy::batch,
                        model::RollbackStrategy::graceful, model::RollbackStrategy::aggressive);
  options.settings.parallel_deployment = *rc::gen::arbitrary<bool>();
  options.settings.max_parallel = *rc::gen::inRange<std::uint32_t>(0, 3);
  options.settings.watch_ms = *rc::gen::element<std::uint32_t>(0, 3'000);
  // No multiple of three: a lease that is renewed in the dead-man's own moment may come before or after it.
  options.settings.confirm_ms = *rc::gen::element<std::uint32_t>(1'501, 20'000);
  model::Manifest manifest = switchyard::testing::manifest_from_text(*rc::gen::elementOf(shapes), options);
  for (model::Component& component : manifest.components) {
    component.canary.pause_ms = *rc::gen::element<std::uint32_t>(0, 4'000);
    component.canary.promoted_by_hand = *rc::gen::arbitrary<bool>();
    component.parallel_safe = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
    if (!*rc::gen::arbitrary<bool>()) continue;
    model::RunCommand run;
    run.name = "once";
    run.phase = *rc::gen::element(protocol::Phase::prepare, protocol::Phase::swap);
    run.command = {"bin/once"};
    if (*rc::gen::arbitrary<bool>()) run.undo = {"bin/undo"};
    component.runs.push_back(run);
    if (!*rc::gen::arbitrary<bool>()) continue;
    for (const auto phase : {protocol::HookPhase::pre_switch, protocol::HookPhase::post_commit,
                             protocol::HookPhase::pre_rollback, protocol::HookPhase::post_rollback}) {
      model::HookCommand hook;
      hook.name = "tell";
      hook.phase = phase;
      hook.command = {"/bin/tell"};
      hook.timeout_ms = 5'000;
      hook.critical = model::may_object(phase);
      component.hooks.push_back(hook);
    }
  }
  return planner::plan_deployment(manifest, switchyard::testing::facts_for(manifest, options), {});
}

inline std::optional<FailingStep> drawn_failure(const model::Plan& plan) {
  std::vector<FailingStep> steps;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) steps.push_back({host, step.id});
    }
  }
  if (*rc::gen::weightedElement<bool>({{1, true}, {6, false}})) return std::nullopt;
  return *rc::gen::elementOf(steps);
}

}  // namespace switchyard::forecast
