#include "cli/deployment_configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/config_directory.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "coordinator/config/configuration_file.hpp"

namespace switchyard::cli {
namespace {

using model::ConfigurationPiece;
using nlohmann::json;

constexpr const char* usual_directory = "deploy/config";

json value_of(const ConfigurationPiece& piece) {
  switch (piece.kind) {
    case ConfigurationPiece::Kind::text:
      return {{"text", piece.text}};
    case ConfigurationPiece::Kind::secret:
      return {{"secret", piece.text}, {"base64", piece.base64_times}};
    case ConfigurationPiece::Kind::random:
      return {{"random", piece.index}, {"length", piece.length}, {"of", piece.text}, {"base64", piece.base64_times}};
  }
  return {};
}

json value_of(const model::ComponentConfiguration& component) {
  json parts = json::array();
  for (const model::ConfigurationPart& part : component.parts) {
    json pieces = json::array();
    for (const ConfigurationPiece& piece : part.pieces) pieces.push_back(value_of(piece));
    json value = {{"pieces", std::move(pieces)}};
    if (!part.key.empty()) value["key"] = part.key;
    parts.push_back(std::move(value));
  }
  return {{"format", model::configuration_format_name(component.format)}, {"parts", std::move(parts)}};
}

/// Whether the environment has a file where it is looked for unasked. What cannot be looked at counts as there, so that
/// reading it says why.
bool has_usual_file(const std::string& environment) {
  namespace fs = std::filesystem;
  if (!is_name(environment)) return false;
  for (const char* ending : {".yaml", ".yml"}) {
    std::error_code ignored;
    const fs::path file = fs::path(usual_directory) / "environments" / (environment + ending);
    if (fs::status(file, ignored).type() != fs::file_type::not_found) return true;
  }
  return false;
}

config::Catalog read_catalog_at(const Offline& local, const std::string& place) {
  return load_catalog(read_config_directory(place), config::read_caller_settings(caller_of(local.environment)));
}

void refuse_broken_rules(const config::Resolved& resolved) {
  std::string broken;
  for (const config::Judgement& judgement : resolved.judgements) {
    if (judgement.result == config::RuleResult::broken) broken += (broken.empty() ? "" : "\n") + judgement.message;
  }
  if (!broken.empty()) throw InputError(broken);
}

}  // namespace

std::optional<config::Catalog> catalog_for(const Offline& local, const std::string& environment,
                                           const std::string& config_dir) {
  if (!config_dir.empty()) return read_catalog_at(local, config_dir);
  if (has_usual_file(environment)) return read_catalog_at(local, usual_directory);
  return std::nullopt;
}

model::Configuration configuration_of(Offline& local, const model::Manifest& manifest, const std::string& environment,
                                      const std::optional<config::Catalog>& catalog) {
  const bool asked = std::any_of(manifest.components.begin(), manifest.components.end(),
                                 [](const model::Component& one) { return one.service.configuration.has_value(); });
  const std::string& name = environment.empty() ? manifest.environment : environment;
  if (!asked && !catalog) return {};
  if (name.empty())
    throw InputError(manifest.file_name + ":1:1: the deployment has no environment; give --environment");

  const auto caller = caller_of(local.environment);
  const config::Catalog files = catalog ? *catalog : read_catalog_at(local, usual_directory);
  const config::Environment& found = files.environment(name);
  model::Configuration configuration;
  configuration.environment = name;
  configuration.limits = {found.resource_limits.cpu_millicores, found.resource_limits.memory_bytes};
  configuration.require_mfa = found.security_policies.require_mfa;
  configuration.encrypt_at_rest = found.security_policies.encrypt_at_rest;
  const std::int64_t now_ms = local.clock.wall_ms();
  for (const model::Component& component : manifest.components) {
    if (!component.service.configuration) continue;
    const config::Resolved resolved =
        config::resolve(files.server(component.name), found, {caller, now_ms}, local.renderer);
    refuse_broken_rules(resolved);
    configuration.components[component.name] =
        config::configuration_file(resolved, component.service.configuration->format);
  }
  return configuration;
}

std::string write_configuration(const model::Configuration& configuration) {
  json limits = json::object();
  if (configuration.limits.cpu_millicores) limits["cpu_millicores"] = *configuration.limits.cpu_millicores;
  if (configuration.limits.memory_bytes) limits["memory_bytes"] = *configuration.limits.memory_bytes;
  json components = json::object();
  for (const auto& [name, component] : configuration.components) components[name] = value_of(component);
  return json{{"environment", configuration.environment},
              {"limits", std::move(limits)},
              {"require_mfa", configuration.require_mfa},
              {"encrypt_at_rest", configuration.encrypt_at_rest},
              {"components", std::move(components)}}
      .dump();
}

}  // namespace switchyard::cli
