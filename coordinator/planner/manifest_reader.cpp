#include "coordinator/planner/manifest_reader.hpp"

#include "common/limits.hpp"
#include "common/yaml_reader.hpp"
#include "coordinator/planner/component_reader.hpp"
#include "coordinator/planner/health_check_reader.hpp"
#include "coordinator/planner/manifest_rules.hpp"

namespace switchyard::planner {

namespace {

std::optional<std::uint32_t> milliseconds_of(const YamlNode& node, std::string_view key, std::int64_t least) {
  const auto found = node.find(key);
  if (!found) return std::nullopt;
  return static_cast<std::uint32_t>(found->integer(least, limits::settings_seconds_max) * 1'000);
}

void read_metadata(const YamlNode& node, model::Manifest& manifest) {
  node.allow_keys({"name", "environment", "version"});
  manifest.name = node.at("name").name();
  if (const auto environment = node.find("environment")) manifest.environment = environment->name();
  if (const auto version = node.find("version")) {
    manifest.version = version->text();
    if (manifest.version.size() > 128) version->refuse(version->label() + " is longer than 128 bytes; shorten it");
  }
}

void read_unreachable(const YamlNode& node, model::DeploymentSettings& settings) {
  if (node.is_scalar()) {
    const std::size_t choice = node.choice({"fail", "defer"});
    if (choice == 1) node.refuse(node.label() + ": say how many hosts may be deferred: `unreachable: {defer: 2}`");
    return;
  }
  node.allow_keys({"defer"});
  settings.unreachable = model::Unreachable::defer;
  settings.defer_max = static_cast<std::uint32_t>(node.at("defer").integer(1, limits::hosts_max));
}

void read_rollback(const YamlNode& node, model::DeploymentSettings& settings) {
  const auto on_failure = node.find("rollback_on_failure");
  const auto automatic = node.find("auto_rollback");
  if (on_failure && automatic) {
    automatic->refuse("`auto_rollback` and `rollback_on_failure` mean the same; keep one of them");
  }
  const auto& said = on_failure ? on_failure : automatic;
  if (said) settings.rollback_on_failure = said->boolean();
  const auto strategy = node.find("rollback_strategy");
  if (!strategy) return;
  settings.rollback_strategy = static_cast<model::RollbackStrategy>(
      strategy->choice({"immediate", "batch", "graceful", "aggressive", "manual"}));
  if (settings.rollback_strategy != model::RollbackStrategy::manual) return;
  if (said && settings.rollback_on_failure) {
    strategy->refuse("`rollback_strategy: manual` says that nothing goes back by itself, and " + said->label() +
                     " says the opposite; keep one of them");
  }
  settings.rollback_on_failure = false;
}

/// What the caller's environment says of failures, where the file does not.
void set_default_rollback(const std::optional<YamlNode>& node, const model::ManifestDefaults& defaults,
                          model::DeploymentSettings& settings) {
  if (!defaults.rollback_on_failure || settings.rollback_strategy == model::RollbackStrategy::manual) return;
  if (node && (node->find("rollback_on_failure") || node->find("auto_rollback"))) return;
  settings.rollback_on_failure = *defaults.rollback_on_failure;
  settings.rollback_is_default = true;
}

model::DeploymentSettings read_settings(const YamlNode& node) {
  node.allow_keys({"parallel_deployment", "rollback_on_failure", "auto_rollback", "rollback_strategy",
                   "health_checks_enabled", "monitoring_enabled", "confirm_seconds", "prepare_seconds", "watch_seconds",
                   "keep_old_seconds", "keep_releases", "max_parallel", "on_restart", "unreachable", "run_tests",
                   "run_migrations"});
  model::DeploymentSettings settings;
  settings.parallel_deployment = node.boolean_or("parallel_deployment", true);
  read_rollback(node, settings);
  settings.health_checks_enabled = node.boolean_or("health_checks_enabled", true);
  if (const auto tests = node.find("run_tests")) {
    settings.run_tests = static_cast<model::RunTests>(tests->choice({"none", "smoke", "e2e", "full"}));
  }
  settings.run_migrations = node.boolean_or("run_migrations", true);
  settings.monitoring_enabled = node.boolean_or("monitoring_enabled", true);
  // The dead-man needs time for a message and its answer, whatever a person wishes.
  settings.confirm_ms = milliseconds_of(node, "confirm_seconds", 5);
  settings.prepare_ms = milliseconds_of(node, "prepare_seconds", 1);
  settings.watch_ms = milliseconds_of(node, "watch_seconds", 0).value_or(settings.watch_ms);
  settings.keep_old_ms = milliseconds_of(node, "keep_old_seconds", 0).value_or(settings.keep_old_ms);
  settings.keep_releases = static_cast<std::uint32_t>(node.integer_or("keep_releases", 1, 100, 3));
  settings.max_parallel = static_cast<std::uint32_t>(node.integer_or("max_parallel", 0, limits::hosts_max, 0));
  if (const auto restart = node.find("on_restart")) {
    settings.on_restart =
        restart->choice({"continue", "abort"}) == 0 ? model::OnRestart::continue_ : model::OnRestart::abort;
  }
  if (const auto unreachable = node.find("unreachable")) read_unreachable(*unreachable, settings);
  return settings;
}

/// What is not to be run is no command of the component any more; the plan names it (plan_settings.hpp).
void leave_out_migrations(model::Manifest& manifest) {
  manifest.settings.run_migrations = manifest.defaults.run_migrations.value_or(manifest.settings.run_migrations);
  if (manifest.settings.run_migrations) return;
  for (model::Component& component : manifest.components) {
    for (const model::RunCommand& run : component.runs) {
      if (run.migration) component.migrations_left_out.push_back(run.name);
    }
    std::erase_if(component.runs, [](const model::RunCommand& run) { return run.migration; });
  }
}

YamlNode component_list(const YamlNode& root) {
  const auto components = root.find("components");
  const auto servers = root.find("servers");
  if (components && servers) servers->refuse("`servers` and `components` mean the same; keep one of them");
  if (components) return *components;
  if (servers) return *servers;
  root.refuse("the file has no `components:` (or `servers:`); list what shall be deployed");
}

}  // namespace

model::Manifest read_manifest(std::string_view text, const std::string& file_name,
                              const model::ManifestDefaults& defaults) {
  const YamlNode root = read_yaml(text, file_name);
  root.allow_keys({"metadata", "components", "servers", "health_checks", "deployment_settings"});
  model::Manifest manifest;
  manifest.file_name = file_name;
  manifest.defaults = defaults;
  read_metadata(root.at("metadata"), manifest);
  const auto settings = root.find("deployment_settings");
  if (settings) manifest.settings = read_settings(*settings);
  set_default_rollback(settings, defaults, manifest.settings);
  const auto checks = root.find("health_checks");
  const CheckBook book = checks ? read_check_book(*checks, defaults) : built_in_checks(defaults);

  const YamlNode list = component_list(root);
  for (const YamlNode& item : list.items()) {
    manifest.components.push_back(read_component(item, book, defaults));
    if (manifest.components.size() > limits::components_max) {
      item.refuse("more than " + std::to_string(limits::components_max) + " components; split the deployment");
    }
  }
  if (manifest.components.empty()) list.refuse(list.label() + " is empty; list what shall be deployed");
  check_components(manifest);
  leave_out_migrations(manifest);
  return manifest;
}

std::string read_environment_name(std::string_view text, const std::string& file_name) {
  model::Manifest manifest;
  read_metadata(read_yaml(text, file_name).at("metadata"), manifest);
  return manifest.environment;
}

}  // namespace switchyard::planner
