#include "cli/config_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "common/error.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {
namespace {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', true, json::error_handler_t::replace); }

json json_of(const config::Value& value) {
  switch (value.kind) {
    case config::ValueKind::null:
      return nullptr;
    case config::ValueKind::boolean:
    case config::ValueKind::number:
      return json::parse(value.text);
    case config::ValueKind::text:
      return value.text;
    case config::ValueKind::sealed:
      return templates::shown(value.pieces);
    case config::ValueKind::list: {
      json list = json::array();
      for (const config::Value& item : value.items) list.push_back(json_of(item));
      return list;
    }
    case config::ValueKind::map: {
      json map = json::object();
      for (const config::Entry& entry : value.entries) map[entry.key] = json_of(entry.value);
      return map;
    }
  }
  return nullptr;
}

/// Thousandths as a person writes them: 4, 0.5.
std::string decimal(std::uint64_t thousandths) {
  std::string part = std::to_string(thousandths % 1'000 + 1'000).substr(1);
  part.erase(part.find_last_not_of('0') + 1);
  return std::to_string(thousandths / 1'000) + (part.empty() ? "" : "." + part);
}
std::string gigabytes(std::uint64_t bytes) { return decimal((bytes * 1'000 + (1ULL << 29U)) >> 30U); }

std::string policy_line(const config::Resolved& resolved) {
  std::string line;
  const auto add = [&](const std::string& text) { line += (line.empty() ? "" : ", ") + text; };
  if (const auto& cores = resolved.resource_limits.cpu_millicores) add("cpu_cores " + decimal(*cores));
  if (const auto& memory = resolved.resource_limits.memory_bytes) add("memory_gb " + gigabytes(*memory));
  if (resolved.security_policies.require_mfa) add("require_mfa");
  if (resolved.security_policies.encrypt_at_rest) add("encrypt_at_rest");
  if (resolved.strategy) add("strategy " + std::string(model::strategy_name(*resolved.strategy)));
  return line;
}

/// For the column IN FORCE.
std::string_view force_of(config::SettingReader reader) {
  switch (reader) {
    case config::SettingReader::nobody_yet:
      return "not yet";
    case config::SettingReader::command:
      return "yes";
    case config::SettingReader::templates:
      return "in templates";
    case config::SettingReader::coordinator:
      return "in the coordinator's environment";
  }
  return "";
}

/// Who acts on it, for machines; empty: nobody yet.
std::string_view word_of(config::SettingReader reader) {
  switch (reader) {
    case config::SettingReader::nobody_yet:
      return "";
    case config::SettingReader::command:
      return "command";
    case config::SettingReader::templates:
      return "templates";
    case config::SettingReader::coordinator:
      return "coordinator";
  }
  return "";
}

/// Which parts of it do something to a deployment: nothing is in force of what nobody has written.
json in_force_json(const config::Resolved& resolved, bool has_values) {
  const config::ResourceLimits& limits = resolved.resource_limits;
  const config::SecurityPolicies& policies = resolved.security_policies;
  return {{"config", has_values},
          {"resource_limits", limits.cpu_millicores.has_value() || limits.memory_bytes.has_value()},
          {"security_policies", policies.require_mfa || policies.encrypt_at_rest}};
}

json settings_json(const std::vector<config::CallerSetting>& settings) {
  json list = json::array();
  for (const config::CallerSetting& setting : settings) {
    list.push_back({{"name", setting.name},
                    {"value", setting.value},
                    {"from", setting.is_set ? "environment" : "default"},
                    {"problem", setting.problem},
                    {"in_force", setting.reader != config::SettingReader::nobody_yet},
                    {"acted_on_by", word_of(setting.reader)}});
  }
  return list;
}

}  // namespace

void print_resolved(const Console& console, const config::Resolved& resolved,
                    const std::vector<config::CallerSetting>& settings) {
  console.out << printable(resolved.server) << " in " << printable(resolved.environment);
  if (!resolved.server_type.empty()) console.out << " (" << printable(resolved.server_type) << ")";
  console.out << "\n";
  if (const std::string line = policy_line(resolved); !line.empty()) {
    console.out << line << " (for deployments with this directory: --config-dir)\n";
    if (resolved.security_policies.require_mfa) {
      console.out << "Each of them waits for an approval with the code of an authenticator app.\n";
    }
  }

  Table values({"KEY", "VALUE", "FROM", "WHERE"});
  for (const auto& [path, value] : config::leaves(resolved.config)) {
    values.add({printable(path), printable(config::shown(*value)), config::source_name(value->source.kind),
                printable(value->source.where())});
  }
  if (!values.empty()) {
    console.out << "\n"
                << values.text()
                << "A component is handed these when its manifest says `service: {configuration: …}`.\n";
  }

  Table known({"SETTING", "VALUE", "FROM", "IN FORCE"});
  for (const config::CallerSetting& setting : settings) {
    const std::string value = setting.problem.empty() ? setting.value : "(cannot be used)";
    known.add({setting.name, value.empty() ? "-" : printable(value),
               setting.is_set          ? "environment"
               : setting.value.empty() ? "not set"
                                       : "default",
               std::string(force_of(setting.reader))});
  }
  console.out << "\n" << known.text();
}

std::string write_resolved(const config::Resolved& resolved, const std::vector<config::CallerSetting>& settings) {
  json values = json::array();
  for (const auto& [path, value] : config::leaves(resolved.config)) {
    values.push_back({{"key", path},
                      {"value", json_of(*value)},
                      {"secret", value->kind == config::ValueKind::sealed},
                      {"from", config::source_name(value->source.kind)},
                      {"where", value->source.where()}});
  }
  json limits = json::object();
  if (const auto& cores = resolved.resource_limits.cpu_millicores) limits["cpu_cores"] = json::parse(decimal(*cores));
  if (const auto& memory = resolved.resource_limits.memory_bytes) {
    limits["memory_gb"] = json::parse(gigabytes(*memory));
  }
  json problems = json::array();
  json notes = json::array();
  for (const config::Judgement& judgement : resolved.judgements) {
    (judgement.result == config::RuleResult::broken ? problems : notes).push_back(judgement.message);
  }
  return dumped({{"server", resolved.server},
                 {"server_type", resolved.server_type},
                 {"environment", resolved.environment},
                 {"config", json_of(resolved.config)},
                 {"values", values},
                 {"resource_limits", limits},
                 {"security_policies",
                  {{"require_mfa", resolved.security_policies.require_mfa},
                   {"encrypt_at_rest", resolved.security_policies.encrypt_at_rest}}},
                 {"strategy", resolved.strategy ? json(model::strategy_name(*resolved.strategy)) : json()},
                 {"settings", settings_json(settings)},
                 {"in_force", in_force_json(resolved, !values.empty())},
                 {"valid", resolved.valid()},
                 {"problems", problems},
                 {"notes", notes}});
}

std::string write_problems(const ConfigProblems& problems) {
  return dumped({{"valid", problems.problems.empty()},
                 {"files", problems.files},
                 {"resolved", problems.resolved},
                 {"problems", problems.problems},
                 {"notes", problems.notes}});
}

std::string write_items(const std::vector<ConfigItem>& items) {
  json list = json::array();
  for (const ConfigItem& item : items) {
    list.push_back({{"kind", item.kind},
                    {"name", item.name},
                    {"detail", item.detail},
                    {"file", item.file},
                    {"problem", item.problem}});
  }
  return dumped({{"items", list}});
}

std::string write_rendering(const std::string& text) { return dumped({{"text", text}}); }

void check_variables_file(const std::string& text, const std::string& file_name) {
  try {
    if (json::parse(text).is_object()) return;
  } catch (const json::parse_error& error) {
    const std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const std::string before = text.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n');
    const std::size_t column = at - (line_start == std::string::npos ? 0 : line_start + 1) + 1;
    throw InputError(file_name + ":" + std::to_string(line) + ":" + std::to_string(column) +
                     ": this is not JSON; check quotes, commas and brackets around this place");
  } catch (const json::out_of_range&) {
    throw InputError(file_name + ": a number in it is larger than any that can be told apart; write it as a text");
  }
  throw InputError(file_name + ":1:1: the variables must be a JSON object: {\"name\": \"value\"}");
}

}  // namespace switchyard::cli
