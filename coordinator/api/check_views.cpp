#include "coordinator/api/check_views.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace switchyard::api::views {
namespace {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// By the order of the kinds in protocol::ProbeSpec.
std::string type_of(const protocol::ProbeSpec& probe) {
  static constexpr std::array names = {"http",     "tcp",   "command", "file_system", "unit", "custom",
                                       "database", "queue", "storage", "resources",   "smoke"};
  static_assert(names.size() == std::variant_size_v<decltype(protocol::ProbeSpec::kind)>);
  return names[probe.kind.index()];
}

}  // namespace

std::string registered_body(const std::vector<std::string>& names) { return dumped({{"registered", names}}); }

std::string checks_body(const std::vector<model::RegisteredCheck>& checks) {
  json list = json::array();
  for (const model::RegisteredCheck& check : checks) {
    json hosts = json::array();
    for (const HostId& host : check.hosts) hosts.push_back(host.str());
    list.push_back({{"environment", check.environment},
                    {"name", check.name},
                    {"type", type_of(check.probe)},
                    {"tier", check.probe.tier.value_or(0)},
                    {"critical", check.probe.critical},
                    {"tags", check.tags},
                    {"component", check.component},
                    {"hosts", std::move(hosts)},
                    {"registered_by", check.registered_by},
                    {"registered_ms", check.registered_wall_ms}});
  }
  return dumped({{"checks", std::move(list)}});
}

std::string verdict_body(const model::Verdict& verdict) {
  json results = json::array();
  for (const model::Evidence& one : verdict.evidence) {
    results.push_back({{"host", one.host.str()},
                       {"check", one.check},
                       {"state", model::check_state_name(one.state)},
                       {"critical", one.critical},
                       {"tier", one.tier},
                       {"duration_ms", one.duration_ms},
                       {"detail", one.detail},
                       {"details", one.details},
                       {"age_ms", one.age_ms},
                       {"tries", one.tries}});
  }
  return dumped(
      {{"verdict", model::outcome_name(verdict.outcome)}, {"reason", verdict.reason}, {"results", std::move(results)}});
}

}  // namespace switchyard::api::views
