#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/config_directory.hpp"
#include "cli/config_report.hpp"
#include "cli/time_text.hpp"
#include "common/error.hpp"
#include "common/nearest.hpp"
#include "common/printable.hpp"
#include "coordinator/planner/health_check_reader.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {
namespace {

/// A manifest may name any environment that has a file, also one that DEPLOYMENT_ENVIRONMENTS leaves out.
void check_deployment(const config::ConfigFile& file, const std::vector<config::ConfigFile>& environments,
                      const config::Catalog& catalog, const model::ManifestDefaults& caller) {
  const model::Manifest manifest = planner::read_manifest(
      file.text, file.path, catalog.defaults_in(planner::read_environment_name(file.text, file.path), caller));
  if (manifest.environment.empty() || environments.empty()) return;
  std::vector<std::string_view> known;
  known.reserve(environments.size());
  for (const config::ConfigFile& environment : environments) known.push_back(environment.name);
  if (std::find(known.begin(), known.end(), manifest.environment) != known.end()) return;
  throw InputError(file.path + ": the deployment is for `" + manifest.environment +
                   "`, but there is no such environment" + did_you_mean(manifest.environment, known));
}

/// Runs a check that throws for what a file says.
template <class Check>
void collect(std::vector<std::string>& problems, Check check) {
  try {
    check();
  } catch (const InputError& error) {
    problems.emplace_back(error.what());
  }
}

ConfigProblems find_problems(Offline& offline, const ConfigDirectory& directory) {
  const auto caller = caller_of(offline.environment);
  const std::vector<config::CallerSetting> settings = config::read_caller_settings(caller);
  const config::Catalog catalog = load_catalog(directory, settings);
  ConfigProblems found;
  found.files = directory.environments.size() + directory.servers.size() + directory.deployments.size() +
                directory.health_checks.size();
  for (const config::CallerSetting& setting : settings) {
    if (!setting.problem.empty()) found.problems.push_back(setting.problem);
  }
  const bool usable = found.problems.empty();
  found.problems.insert(found.problems.end(), catalog.problems.begin(), catalog.problems.end());
  const model::ManifestDefaults defaults = usable ? config::manifest_defaults(settings) : model::ManifestDefaults{};
  for (const config::ConfigFile& file : directory.deployments) {
    collect(found.problems, [&] { check_deployment(file, directory.environments, catalog, defaults); });
  }
  for (const config::ConfigFile& file : directory.health_checks) {
    collect(found.problems, [&] { planner::read_check_file(file.text, file.path); });
  }
  config::CatalogCheck check = config::check_catalog(catalog, {caller, offline.clock.wall_ms()}, offline.renderer);
  found.problems.insert(found.problems.end(), check.problems.begin(), check.problems.end());
  found.notes = std::move(check.notes);
  found.resolved = check.resolved;
  return found;
}

}  // namespace

ExitStatus config_validate(Offline& offline, const ConfigValidate& options) {
  const Console& console = offline.console;
  const ConfigDirectory directory = read_config_directory(options.config_dir);
  const ConfigProblems found = find_problems(offline, directory);
  if (found.files == 0) {
    throw InputError(directory.place + ": there is no environments/*.yaml and no servers/*.yaml");
  }
  if (console.json) {
    console.print_json(write_problems(found));
  } else {
    for (const std::string& problem : found.problems) console.notes << printable_message(problem) << "\n";
    if (console.verbose) {
      for (const std::string& note : found.notes) console.notes << printable_message(note) << "\n";
    }
    if (found.problems.empty()) {
      console.out << printable(directory.place) << " is valid: " << how_many(found.files, "file") << ", "
                  << how_many(found.resolved, "configuration") << "\n";
    }
  }
  return found.problems.empty() ? ExitStatus::done : ExitStatus::bad_input;
}

}  // namespace switchyard::cli
