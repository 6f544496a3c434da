#include "cli/commands/commands.hpp"
#include "cli/config_directory.hpp"
#include "cli/config_report.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "common/error.hpp"
#include "common/printable.hpp"
#include "coordinator/planner/health_check_reader.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {
namespace {

/// One row for a file; `describe` says what it holds, and what is wrong with it becomes the row's problem.
template <class Describe>
void add_files(std::vector<ConfigItem>& items, const std::string& kind, const std::vector<config::ConfigFile>& files,
               Describe describe) {
  for (const config::ConfigFile& file : files) {
    ConfigItem item{kind, file.name, "", file.path, ""};
    try {
      item.detail = describe(file);
    } catch (const InputError& error) {
      item.problem = error.what();
    }
    items.push_back(std::move(item));
  }
}

std::string describe_environment(const config::ConfigFile& file) {
  const config::Environment environment = config::read_environment(file.text, file.path, file.name);
  return how_many(environment.variables.entries.size(), "variable") + ", " +
         how_many(environment.secrets.size(), "secret");
}

std::string describe_server(const config::ConfigFile& file) {
  const config::Server server = config::read_server(file.text, file.path, file.name);
  std::string overrides;
  for (const auto& [environment, values] : server.overrides) overrides += (overrides.empty() ? "" : ", ") + environment;
  const std::string type = server.server_type.empty() ? "" : server.server_type + "; ";
  return type + (overrides.empty() ? "no overrides" : "overrides for " + overrides);
}

std::string describe_deployment(const config::ConfigFile& file, const config::Catalog& catalog) {
  const model::Manifest manifest = planner::read_manifest(
      file.text, file.path, catalog.defaults_in(planner::read_environment_name(file.text, file.path), {}));
  const std::string environment = manifest.environment.empty() ? "" : " for " + manifest.environment;
  return manifest.name + environment + ", " + how_many(manifest.components.size(), "component");
}

std::string describe_checks(const config::ConfigFile& file) {
  std::string names;
  for (const model::HealthCheck& check : planner::read_check_file(file.text, file.path)) {
    names += (names.empty() ? "" : ", ") + check.probe.name;
  }
  return names;
}

}  // namespace

ExitStatus config_list(Offline& offline, const ConfigList& options) {
  const ConfigDirectory directory = read_config_directory(options.config_dir);
  std::vector<ConfigItem> items;
  add_files(items, "environment", directory.environments, describe_environment);
  add_files(items, "server", directory.servers, describe_server);
  const config::Catalog catalog = config::read_catalog(directory.environments, {});
  add_files(items, "deployment", directory.deployments,
            [&](const config::ConfigFile& file) { return describe_deployment(file, catalog); });
  add_files(items, "health checks", directory.health_checks, describe_checks);
  const Console& console = offline.console;
  if (console.json) {
    console.print_json(write_items(items));
    return ExitStatus::done;
  }
  Table table({"KIND", "NAME", "WHAT", "FILE"});
  for (const ConfigItem& item : items) {
    const std::string what = item.problem.empty() ? item.detail : "(cannot be used)";
    table.add({item.kind, printable(item.name), printable(what), printable(item.file)});
    if (!item.problem.empty()) console.notes << printable_message(item.problem) << "\n";
  }
  if (items.empty()) {
    console.notes << printable(directory.place) << " has no environments/*.yaml and no servers/*.yaml\n";
  } else {
    console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
