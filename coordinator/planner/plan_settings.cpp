#include "coordinator/planner/plan_settings.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/planner/caller_defaults.hpp"

namespace switchyard::planner {

namespace {

bool is_in_swap(const model::HookCommand& hook) {
  return hook.phase >= protocol::HookPhase::pre_switch && hook.phase <= protocol::HookPhase::pre_commit;
}

/// How long the hooks of a component take at most, one after the other: those of the swap, or those of PREPARE.
std::uint32_t hooks_ms(const model::Component& component, bool in_swap) {
  std::uint32_t sum = 0;
  for (const model::HookCommand& hook : component.hooks) {
    const bool asked = in_swap ? is_in_swap(hook) : hook.phase < protocol::HookPhase::pre_switch;
    if (asked) sum += hook.timeout_ms;
  }
  return sum;
}

/// How long the tests of a component take at most, one after the other.
std::uint32_t tests_ms(const model::Manifest& manifest, const model::Component& component) {
  std::uint32_t sum = 0;
  for (const model::HealthCheck& check : component.health_checks) {
    const std::uint32_t tier = check.probe.tier.value_or(0);
    const bool asked = tier > 0 && manifest.settings.health_checks_enabled &&
                       model::is_wanted(manifest.settings.run_tests, tier, check.scope);
    if (asked) sum += check.probe.deadline_ms;
  }
  return sum;
}

/// Where the new release starts in the swap its tests are run there too: the dead-man waits for them, and for hooks.
std::uint32_t confirm_ms(const model::Manifest& manifest, bool long_swap) {
  if (manifest.settings.confirm_ms) return *manifest.settings.confirm_ms;
  if (!long_swap) return limits::confirm_ms_default;
  std::uint32_t longest = limits::lease_ms_default;
  for (const model::Component& component : manifest.components) {
    const std::uint32_t extra = tests_ms(manifest, component) + hooks_ms(component, true);
    longest = std::max(longest, limits::lease_ms_default + extra);
  }
  return longest;
}

std::uint32_t prepare_ms(const model::Manifest& manifest) {
  if (manifest.settings.prepare_ms) return *manifest.settings.prepare_ms;
  std::uint32_t longest = limits::prepare_ms_default;
  for (const model::Component& component : manifest.components) {
    longest = std::max(longest, component.timeout_ms + tests_ms(manifest, component) + hooks_ms(component, false));
  }
  return longest;
}

}  // namespace

bool runs_in_swap(const model::Component& component) {
  return std::any_of(component.hooks.begin(), component.hooks.end(), is_in_swap) ||
         std::any_of(component.runs.begin(), component.runs.end(),
                     [](const model::RunCommand& run) { return run.phase == protocol::Phase::swap; });
}

std::vector<std::string> migrations_not_run(const model::Manifest& manifest, const ChangedHosts& changed) {
  const std::string why = manifest.defaults.run_migrations ? "it was asked for without migrations (--no-migrations)"
                                                           : "the manifest says run_migrations: false";
  std::vector<std::string> sentences;
  for (const model::Component& component : manifest.components) {
    if (!changed.contains(component.name)) continue;
    for (const std::string& name : component.migrations_left_out) {
      sentences.push_back("migration " + name + " of component " + component.name + " is not run: " + why);
    }
  }
  return sentences;
}

model::PlanSettings plan_settings(const model::Manifest& manifest, const PlanOptions& options, bool long_swap) {
  const model::DeploymentSettings& wanted = manifest.settings;
  model::PlanSettings settings;
  settings.rollback_on_failure = wanted.rollback_on_failure && !options.no_rollback;
  settings.prepare_ms = prepare_ms(manifest);
  settings.confirm_ms = confirm_ms(manifest, long_swap);
  settings.watch_ms = wanted.monitoring_enabled && !options.no_monitoring ? wanted.watch_ms : 0;
  settings.keep_old_ms = wanted.keep_old_ms;
  settings.max_parallel = wanted.max_parallel;
  settings.on_restart = wanted.on_restart;
  settings.unreachable = wanted.unreachable;
  settings.defer_max = wanted.defer_max;
  settings.rollback_strategy = wanted.rollback_strategy;
  settings.caller_defaults = caller_defaults(manifest);
  settings.checks = model::ChecksAsked{wanted.health_checks_enabled, wanted.run_tests};
  return settings;
}

}  // namespace switchyard::planner
