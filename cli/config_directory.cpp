#include "cli/config_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "cli/input_file.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {
namespace {

namespace fs = std::filesystem;

std::vector<config::ConfigFile> read_files(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool wanted = !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
    if (wanted && !entry->is_directory()) paths.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw InputError(directory.string() + ": cannot be read: " + error.message());
  }
  if (paths.size() > limits::config_files_max) {
    throw InputError(directory.string() + ": more than " + std::to_string(limits::config_files_max) + " files");
  }
  std::sort(paths.begin(), paths.end());
  std::vector<config::ConfigFile> files;
  files.reserve(paths.size());
  for (const fs::path& path : paths) {
    files.push_back({path.string(), path.stem().string(), read_input_file(path.string(), limits::yaml_bytes_max)});
  }
  return files;
}

}  // namespace

ConfigDirectory read_config_directory(const std::string& place) {
  fs::path path = fs::path(place).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "deploy/config/"
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    throw InputError(place +
                     ": there is no such directory; go to where deploy/config is, or name it: --config-dir DIR");
  }
  ConfigDirectory directory;
  directory.place = path.string();
  directory.environments = read_files(path / "environments");
  directory.servers = read_files(path / "servers");
  // "." has no name of its own to stand beside.
  const fs::path beside = path == "." || path == ".." ? path / ".." : path.parent_path();
  directory.deployments = read_files(beside / "deployments");
  directory.health_checks = read_files(beside / "health-checks");
  return directory;
}

config::Catalog load_catalog(const ConfigDirectory& directory, const std::vector<config::CallerSetting>& settings) {
  config::Catalog catalog = config::read_catalog(directory.environments, directory.servers);
  const auto listed = std::find_if(settings.begin(), settings.end(), [](const config::CallerSetting& setting) {
    return setting.name == "DEPLOYMENT_ENVIRONMENTS";
  });
  if (listed == settings.end() || !listed->is_set || !listed->problem.empty()) return catalog;
  std::map<std::string, config::Environment> wanted;
  std::istringstream names(listed->value);
  for (std::string name; std::getline(names, name, ',');) {
    if (auto found = catalog.environments.extract(name)) {
      wanted.insert(std::move(found));
    } else if (!wanted.contains(name)) {
      catalog.problems.push_back("DEPLOYMENT_ENVIRONMENTS names `" + name + "`, but " + directory.place +
                                 "/environments has no such file that can be used");
    }
  }
  catalog.environments = std::move(wanted);
  return catalog;
}

std::function<std::optional<std::string>(const std::string&)> caller_of(const ReadEnvironment& environment) {
  return [&environment](const std::string& name) -> std::optional<std::string> {
    const char* value = environment(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace switchyard::cli
