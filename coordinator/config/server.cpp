#include "coordinator/config/server.hpp"

#include "common/error.hpp"
#include "common/ids.hpp"

namespace switchyard::config {
namespace {

std::string read_server_name(const YamlNode& root, const std::string& file_name, const std::string& name) {
  const auto node = root.find("name");
  if (!node) {
    if (is_name(name)) return name;
    throw InputError(file_name + ": a server is called as its file, and \"" + name +
                     "\" is no name (lower-case letters, digits, `.`, `_`, `-`); rename the file");
  }
  std::string said = node->name();
  if (said != name) {
    node->refuse("`name` is \"" + said + "\", but the file is called " + name + "; rename one of the two");
  }
  return said;
}

void read_overrides(const YamlNode& node, Server& server) {
  for (const auto& [environment, values] : node.entries()) {
    if (!is_name(environment)) values.refuse("\"" + environment + "\" is no name of an environment");
    server.overrides.emplace_back(environment, read_map(node, environment, SourceKind::override_));
    server.override_places.push_back(values.where());
  }
}

}  // namespace

const Value* Server::find_override(const std::string& environment) const {
  for (const auto& [of, value] : overrides) {
    if (of == environment) return &value;
  }
  return nullptr;
}

Server read_server(std::string_view text, const std::string& file_name, const std::string& name) {
  const YamlNode root = read_yaml(text, file_name);
  root.allow_keys({"name", "server_type", "base_config", "environment_overrides", "templates", "validation_rules"});
  Server server;
  server.name = read_server_name(root, file_name, name);
  server.file_name = file_name;
  server.server_type = root.text_or("server_type", "");
  server.base = read_map(root, "base_config", SourceKind::base);
  if (const auto overrides = root.find("environment_overrides")) read_overrides(*overrides, server);
  server.templates = read_map(root, "templates", SourceKind::template_);
  if (const auto rules = root.find("validation_rules")) {
    for (const YamlNode& item : rules->items()) server.rules.push_back(read_rule(item));
  }
  return server;
}

}  // namespace switchyard::config
