#include "coordinator/store/defaults_json.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::store {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_default(const std::string& what) { throw InputError("`defaults`: " + what); }

std::uint32_t seconds_of(const json& value, const std::string& key, std::uint32_t max) {
  const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 && value.get<std::uint64_t>() <= max;
  if (!fits) refuse_default("`" + key + "` must be a whole number from 1 to " + std::to_string(max));
  return value.get<std::uint32_t>();
}

}  // namespace

std::string to_json(const model::ManifestDefaults& defaults) {
  json value = json::object();
  if (defaults.strategy) value["strategy"] = model::strategy_name(*defaults.strategy);
  // Left out where it is the only one that older versions know.
  if (defaults.strategy_source != model::StrategySource::variable) {
    value["strategy_source"] = model::strategy_source_name(defaults.strategy_source);
  }
  if (defaults.check_deadline_s) value["check_deadline_seconds"] = *defaults.check_deadline_s;
  if (defaults.test_timeout_s) value["test_timeout_seconds"] = *defaults.test_timeout_s;
  if (defaults.rollback_on_failure) value["rollback_on_failure"] = *defaults.rollback_on_failure;
  if (defaults.run_migrations) value["run_migrations"] = *defaults.run_migrations;
  return value.dump();
}

model::ManifestDefaults defaults_from_json(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) throw InputError("`defaults` must be an object");
  model::ManifestDefaults defaults;
  for (const auto& [key, member] : value.items()) {
    if (key == "strategy") {
      if (member.is_string()) defaults.strategy = model::strategy_from_name(member.get<std::string>());
      if (!defaults.strategy) refuse_default("`strategy` must be blue-green, rolling, recreate or canary");
    } else if (key == "strategy_source") {
      const auto source = member.is_string() ? model::strategy_source_from_name(member.get<std::string>())
                                             : std::optional<model::StrategySource>();
      if (!source) refuse_default("`strategy_source` must be variable, environment or option");
      defaults.strategy_source = *source;
    } else if (key == "check_deadline_seconds") {
      defaults.check_deadline_s = seconds_of(member, key, limits::check_deadline_seconds_max);
    } else if (key == "test_timeout_seconds") {
      defaults.test_timeout_s = seconds_of(member, key, limits::check_timeout_seconds_max);
    } else if (key == "rollback_on_failure") {
      if (!member.is_boolean()) refuse_default("`rollback_on_failure` must be true or false");
      defaults.rollback_on_failure = member.get<bool>();
    } else if (key == "run_migrations") {
      if (!member.is_boolean()) refuse_default("`run_migrations` must be true or false");
      defaults.run_migrations = member.get<bool>();
    } else {
      refuse_default("unknown member `" + key.substr(0, 64) + "`");
    }
  }
  if (!defaults.strategy && defaults.strategy_source != model::StrategySource::variable) {
    refuse_default("`strategy_source` says where a `strategy` comes from, and there is none");
  }
  return defaults;
}

}  // namespace switchyard::store
