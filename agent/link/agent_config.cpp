#include "agent/link/agent_config.hpp"

#include "common/file_system.hpp"
#include "common/yaml_reader.hpp"

namespace switchyard::agent {
namespace {

std::filesystem::path below(const std::filesystem::path& root, const std::filesystem::path& path) {
  return root.empty() ? path : root / path.relative_path();
}

std::filesystem::path absolute(const YamlNode& node) {
  std::filesystem::path path(node.text());
  if (!path.is_absolute() || path.lexically_normal() != path) node.refuse("must be an absolute path without . or ..");
  return path;
}

}  // namespace

AgentConfig load_agent_config(const std::filesystem::path& file, const std::filesystem::path& root) {
  AgentConfig config;
  if (const auto text = PosixFileSystem().read(file)) {
    const YamlNode node = read_yaml(*text, file.string());
    if (!node.is_null()) {
      node.allow_keys({"allowed_roots", "components_root", "backup_dir", "log_level"});
      if (const auto roots = node.find("allowed_roots")) {
        for (const YamlNode& item : roots->items()) config.paths.allowed_roots.push_back(absolute(item));
      }
      if (const auto components = node.find("components_root")) config.paths.components = absolute(*components);
      if (const auto backups = node.find("backup_dir")) {
        config.paths.backups = absolute(*backups);
        if (!config.paths.backups.has_filename()) backups->refuse("must name a directory, without a slash at its end");
      }
      if (const auto level = node.find("log_level")) {
        config.log_level = static_cast<log::Level>(level->choice({"debug", "info", "warning", "error"}));
      }
    }
  }
  for (std::filesystem::path* path : {&config.paths.state, &config.paths.components, &config.paths.units,
                                      &config.paths.switch_state, &config.paths.run, &config.paths.credentials}) {
    *path = below(root, *path);
  }
  if (!config.paths.backups.empty()) config.paths.backups = below(root, config.paths.backups);
  for (std::filesystem::path& path : config.paths.allowed_roots) path = below(root, path);
  return config;
}

}  // namespace switchyard::agent
