#include "coordinator/config/environment.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "common/error.hpp"
#include "common/ids.hpp"

namespace switchyard::config {
namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

constexpr const char* wanted_variable = "a name of letters, digits and `_` that does not begin with a digit";

/// 4, 0.5, 1.25: in thousandths.
std::uint64_t thousandths(const YamlNode& node, std::uint64_t most) {
  const std::string text = node.text();
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits = text.substr(0, point);
  std::string part = point < text.size() ? text.substr(point + 1) : "";
  const bool shaped = node.is_plain() && !digits.empty() && (point == text.size() || !part.empty()) && part.size() <= 3;
  part.resize(3, '0');
  digits += part;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool read = error == std::errc() && end == digits.data() + digits.size();
  if (!shaped || !read || value == 0 || value > most * 1'000) {
    node.refuse(node.label() + " is \"" + text + "\", but it must be a number above 0 and up to " +
                std::to_string(most) + ", with at most three digits after the point: 4, 0.5");
  }
  return value;
}

ResourceLimits read_limits(const YamlNode& node) {
  node.allow_keys({"cpu_cores", "memory_gb"});
  ResourceLimits limits;
  if (const auto cores = node.find("cpu_cores")) {
    limits.cpu_millicores = static_cast<std::uint32_t>(thousandths(*cores, 4'096));
  }
  if (const auto memory = node.find("memory_gb")) {
    // Gigabytes as systemd and Docker count them: 2^30 bytes.
    limits.memory_bytes = thousandths(*memory, 65'536) * (1ULL << 30U) / 1'000;
  }
  return limits;
}

SecurityPolicies read_policies(const YamlNode& node) {
  node.allow_keys({"require_mfa", "encrypt_at_rest"});
  return {node.boolean_or("require_mfa", false), node.boolean_or("encrypt_at_rest", false)};
}

std::vector<SecretKey> read_secrets(const YamlNode& node, const Value& variables) {
  std::vector<SecretKey> secrets;
  for (const auto& [key, value] : node.entries()) {
    if (!is_variable_name(key)) value.refuse("`" + key + "` in `secrets` must be " + wanted_variable);
    if (const Value* other = variables.find(key)) {
      value.refuse("`" + key + "` is a secret here and a variable at " + other->source.where() + "; rename one");
    }
    SecretKey secret{key, value.is_null() ? "" : value.text(), value.where()};
    if (!is_variable_name(secret.secret)) {
      // What was written may be the secret itself: it is not repeated.
      value.refuse(value.label() +
                   " must be the name of a secret (letters, digits and `_`, as DB_PASSWORD), never the "
                   "secret itself");
    }
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

void collect_caller_variables(const Value& value, std::set<std::string>& names) {
  if (value.kind == ValueKind::text && templates::is_template(value.text)) {
    for (std::string& name : caller_variables_in(value.text)) names.insert(std::move(name));
  }
  for (const Value& item : value.items) collect_caller_variables(item, names);
  for (const Entry& entry : value.entries) collect_caller_variables(entry.value, names);
}

std::vector<std::string> read_caller_variables(const YamlNode& root, const Value& variables) {
  std::set<std::string> names;
  collect_caller_variables(variables, names);
  if (const auto list = root.find("environment_variables")) {
    for (const YamlNode& item : list->items()) {
      const std::string name = item.text();
      if (!is_variable_name(name)) item.refuse(item.label() + " is \"" + name + "\", but must be " + wanted_variable);
      names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

void check_variable_names(const YamlNode& root) {
  const auto node = root.find("variables");
  if (!node) return;
  for (const auto& [key, value] : node->entries()) {
    if (!is_variable_name(key)) value.refuse("`" + key + "` in `variables` must be " + wanted_variable);
  }
}

}  // namespace

bool is_variable_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), is_word);
}

std::vector<std::string> caller_variables_in(std::string_view text) {
  std::vector<std::string> names;
  const auto skip_blanks = [&](std::size_t at) { return std::min(text.find_first_not_of(" \t\r\n", at), text.size()); };
  for (std::size_t at = text.find("env"); at != std::string_view::npos; at = text.find("env", at + 1)) {
    if (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.')) continue;
    std::size_t next = skip_blanks(at + 3);
    if (next >= text.size() || text[next] != '(') continue;
    next = skip_blanks(next + 1);
    if (next >= text.size() || (text[next] != '\'' && text[next] != '"')) continue;
    const std::size_t end = text.find(text[next], next + 1);
    if (end == std::string_view::npos) continue;
    const std::string_view name = text.substr(next + 1, end - next - 1);
    if (is_variable_name(name)) names.emplace_back(name);
  }
  return names;
}

Environment read_environment(std::string_view text, const std::string& file_name, const std::string& name) {
  if (!is_name(name)) {
    throw InputError(file_name + ": an environment is called as its file, and \"" + name +
                     "\" is no name (lower-case letters, digits, `.`, `_`, `-`); rename the file");
  }
  const YamlNode root = read_yaml(text, file_name);
  Environment environment;
  environment.name = name;
  environment.file_name = file_name;
  environment.variables.kind = ValueKind::map;
  environment.variables.source = {SourceKind::variable, file_name, 1, 1};
  if (root.is_null()) return environment;
  root.allow_keys(
      {"variables", "secrets", "environment_variables", "resource_limits", "security_policies", "strategy"});
  check_variable_names(root);
  environment.variables = read_map(root, "variables", SourceKind::variable);
  if (const auto secrets = root.find("secrets")) environment.secrets = read_secrets(*secrets, environment.variables);
  environment.caller_variables = read_caller_variables(root, environment.variables);
  if (const auto limits = root.find("resource_limits")) environment.resource_limits = read_limits(*limits);
  if (const auto policies = root.find("security_policies")) environment.security_policies = read_policies(*policies);
  if (const auto strategy = root.find("strategy")) {
    environment.strategy =
        static_cast<model::Strategy>(strategy->choice({"blue-green", "rolling", "recreate", "canary"}));
  }
  return environment;
}

model::ManifestDefaults defaults_in(const Environment& environment, model::ManifestDefaults caller) {
  if (!environment.strategy) return caller;
  caller.strategy = environment.strategy;
  caller.strategy_source = model::StrategySource::environment;
  return caller;
}

}  // namespace switchyard::config
