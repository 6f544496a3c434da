#include "coordinator/planner/caller_defaults.hpp"

#include <algorithm>
#include <string_view>

namespace switchyard::planner {
namespace {

constexpr std::string_view by_environment_file = "strategy";
constexpr std::string_view by_option = "--strategy";

/// Whether a check that will be asked takes its time from the caller, in that tier.
bool takes_time(const model::Manifest& manifest, const model::Component& component, std::uint32_t tier) {
  if (!manifest.settings.health_checks_enabled) return false;
  // A component with a port and without checks is asked whether it listens.
  if (component.health_checks.empty()) return tier == 0 && (component.ports.stable != 0 || component.ports.blue != 0);
  return std::any_of(component.health_checks.begin(), component.health_checks.end(),
                     [&](const model::HealthCheck& check) {
                       return check.time_is_default && check.probe.tier.value_or(0) == tier &&
                              model::is_wanted(manifest.settings.run_tests, tier, check.scope);
                     });
}

template <class Takes>
std::string takers(const model::Manifest& manifest, const Takes& takes) {
  std::string names;
  for (const model::Component& component : manifest.components) {
    if (takes(component)) names += (names.empty() ? " for " : ", ") + component.name;
  }
  return names;
}

/// As whoever asked for it has said it.
std::string strategy_setting(const model::ManifestDefaults& defaults) {
  std::string is = "=" + std::string(model::strategy_name(*defaults.strategy));
  switch (defaults.strategy_source) {
    case model::StrategySource::variable:
      return "DEPLOYMENT_STRATEGY" + is;
    case model::StrategySource::environment:
      return std::string(by_environment_file) + is;
    case model::StrategySource::option:
      return std::string(by_option) + is;
  }
  return is;
}

}  // namespace

std::string where_it_is_from(const std::string& taken) {
  if (taken.starts_with(by_option)) return "asked for, in place of what the manifest says";
  if (taken.starts_with(by_environment_file)) return "from the environment's file, where the manifest says nothing";
  return "from the caller's environment, where the manifest says nothing";
}

std::vector<std::string> caller_defaults(const model::Manifest& manifest) {
  std::vector<std::string> taken;
  const auto add = [&](const std::string& setting, const auto& takes) {
    if (const std::string names = takers(manifest, takes); !names.empty()) taken.push_back(setting + names);
  };
  const model::ManifestDefaults& defaults = manifest.defaults;
  if (defaults.strategy) {
    add(strategy_setting(defaults), [](const model::Component& component) { return component.strategy_is_default; });
  }
  if (defaults.check_deadline_s) {
    add("HEALTH_CHECK_TIMEOUT=" + std::to_string(*defaults.check_deadline_s) + "s",
        [&](const model::Component& component) { return takes_time(manifest, component, 0); });
  }
  if (defaults.test_timeout_s) {
    add("INTEGRATION_TEST_TIMEOUT=" + std::to_string(*defaults.test_timeout_s) + "s",
        [&](const model::Component& component) { return takes_time(manifest, component, 2); });
  }
  if (manifest.settings.rollback_is_default) {
    taken.push_back(std::string("ROLLBACK_ENABLED=") + (manifest.settings.rollback_on_failure ? "true" : "false"));
  }
  return taken;
}

}  // namespace switchyard::planner
