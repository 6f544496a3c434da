#include "coordinator/store/row_json.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "coordinator/store/configuration_json.hpp"
#include "coordinator/store/defaults_json.hpp"

namespace switchyard::store {
namespace {

using nlohmann::json;

/// Text from hosts may hold bytes that are not UTF-8: they are replaced, since a log of damage must not fail to be
/// written.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

template <class Read>
auto parse(const std::string& text, const char* what, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw StoreError(std::string("the store holds a damaged ") + what + ": " + error.what());
  }
}

model::ChecksAsked checks_asked_from_json(const json& value) {
  model::ChecksAsked checks;
  checks.enabled = value.value("enabled", checks.enabled);
  checks.run_tests = model::run_tests_from_name(value.value("run_tests", std::string())).value_or(checks.run_tests);
  return checks;
}

}  // namespace

std::string to_json(const TextMap& map) { return dump(json(map)); }
TextMap text_map_from_json(const std::string& text) {
  return parse(text, "map", [](const json& value) { return value.get<TextMap>(); });
}

std::string to_json(const std::vector<HostId>& hosts) {
  json list = json::array();
  for (const HostId& host : hosts) list.push_back(host.str());
  return dump(list);
}
std::vector<HostId> hosts_from_json(const std::string& text) {
  return parse(text, "list of hosts", [](const json& list) {
    std::vector<HostId> hosts;
    for (const json& host : list) hosts.emplace_back(host.get<std::string>());
    return hosts;
  });
}

std::string to_json(const std::vector<std::string>& texts) { return dump(json(texts)); }
std::vector<std::string> texts_from_json(const std::string& text) {
  return parse(text, "list of texts", [](const json& list) { return list.get<std::vector<std::string>>(); });
}

std::string to_json(const NamesOfHosts& names) {
  json object = json::object();
  for (const auto& [host, of_host] : names) object[host.str()] = of_host;
  return dump(object);
}
NamesOfHosts names_of_hosts_from_json(const std::string& text) {
  return parse(text, "list of components", [](const json& object) {
    NamesOfHosts names;
    for (const auto& [host, of_host] : object.items()) {
      names.emplace(HostId(host), of_host.get<std::vector<std::string>>());
    }
    return names;
  });
}

std::string to_json(const std::vector<model::ApprovalVote>& votes) {
  json list = json::array();
  for (const model::ApprovalVote& vote : votes) {
    list.push_back({{"approver", vote.approver},
                    {"granted", vote.granted},
                    {"reason", vote.reason},
                    {"wall_ms", vote.wall_ms},
                    {"second_factor", vote.second_factor}});
  }
  return dump(list);
}
std::vector<model::ApprovalVote> votes_from_json(const std::string& text) {
  return parse(text, "list of votes", [](const json& list) {
    std::vector<model::ApprovalVote> votes;
    for (const json& item : list) {
      votes.push_back({item.at("approver").get<std::string>(), item.at("granted").get<bool>(),
                       item.value("reason", std::string()), item.value("wall_ms", std::int64_t{0}),
                       item.value("second_factor", false)});
    }
    return votes;
  });
}

std::string to_json(const std::vector<model::Failure>& failures) {
  json list = json::array();
  for (const model::Failure& failure : failures) {
    list.push_back({{"phase", model::error_phase_name(failure.phase)},
                    {"severity", model::severity_name(failure.severity)},
                    {"action", model::error_action_name(failure.action)},
                    {"trigger", failure.trigger ? json(model::trigger_name(*failure.trigger)) : json(nullptr)},
                    {"code", failure.code},
                    {"host", failure.host.str()},
                    {"component", failure.component},
                    {"message", failure.message}});
    if (!failure.check.empty()) list.back()["check"] = failure.check;
  }
  return dump(list);
}
std::vector<model::Failure> failures_from_json(const std::string& text) {
  return parse(text, "list of failures", [](const json& list) {
    std::vector<model::Failure> failures;
    for (const json& item : list) {
      model::Failure failure;
      const auto word = [&](const char* key) { return item.value(key, std::string()); };
      failure.phase = model::error_phase_from_name(word("phase")).value_or(failure.phase);
      failure.severity = model::severity_from_name(word("severity")).value_or(failure.severity);
      failure.action = model::error_action_from_name(word("action")).value_or(failure.action);
      const auto trigger = item.find("trigger");  // rows of the version before have none
      if (trigger != item.end() && trigger->is_string())
        failure.trigger = model::trigger_from_name(trigger->get<std::string>());
      failure.code = word("code");
      failure.host = HostId(word("host"));
      failure.component = word("component");
      failure.message = word("message");
      failure.check = word("check");
      failures.push_back(std::move(failure));
    }
    return failures;
  });
}

std::string to_json(const std::vector<model::PlanNode>& nodes) {
  json list = json::array();
  for (const model::PlanNode& node : nodes) {
    json hosts = json::array();
    for (const HostId& host : node.hosts) hosts.push_back(host.str());
    list.push_back({{"component", node.component},
                    {"stage", node.stage},
                    {"hosts", hosts},
                    {"after", node.after},
                    {"exclusive", node.exclusive},
                    {"priority", node.priority},
                    {"pause_ms", node.pause_ms},
                    {"promoted_by_hand", node.promoted_by_hand}});
  }
  return dump(list);
}
std::vector<model::PlanNode> nodes_from_json(const std::string& text) {
  return parse(text, "plan", [](const json& list) {
    std::vector<model::PlanNode> nodes;
    for (const json& item : list) {
      model::PlanNode node;
      node.component = item.at("component").get<std::string>();
      node.stage = item.value("stage", node.stage);
      for (const json& host : item.at("hosts")) node.hosts.emplace_back(host.get<std::string>());
      node.after = item.at("after").get<std::vector<std::size_t>>();
      node.exclusive = item.value("exclusive", node.exclusive);
      node.priority = item.value("priority", node.priority);
      node.pause_ms = item.value("pause_ms", node.pause_ms);
      node.promoted_by_hand = item.value("promoted_by_hand", node.promoted_by_hand);
      nodes.push_back(std::move(node));
    }
    return nodes;
  });
}

std::string to_json(const model::PlanSettings& settings) {
  json value = {{"rollback_on_failure", settings.rollback_on_failure},
                {"prepare_ms", settings.prepare_ms},
                {"confirm_ms", settings.confirm_ms},
                {"watch_ms", settings.watch_ms},
                {"keep_old_ms", settings.keep_old_ms},
                {"max_parallel", settings.max_parallel},
                {"on_restart", static_cast<int>(settings.on_restart)},
                {"unreachable", static_cast<int>(settings.unreachable)},
                {"prepare_together", settings.prepare_together},
                {"defer_max", settings.defer_max},
                {"rollback_strategy", static_cast<int>(settings.rollback_strategy)},
                {"caller_defaults", settings.caller_defaults},
                {"migrations_not_run", settings.migrations_not_run}};
  if (settings.checks) {
    value["checks"] = {{"enabled", settings.checks->enabled},
                       {"run_tests", model::run_tests_name(settings.checks->run_tests)}};
  }
  return dump(value);
}
model::PlanSettings settings_from_json(const std::string& text) {
  return parse(text, "plan", [](const json& value) {
    model::PlanSettings settings;
    settings.rollback_on_failure = value.value("rollback_on_failure", settings.rollback_on_failure);
    settings.prepare_ms = value.value("prepare_ms", settings.prepare_ms);
    settings.confirm_ms = value.value("confirm_ms", settings.confirm_ms);
    settings.watch_ms = value.value("watch_ms", settings.watch_ms);
    settings.keep_old_ms = value.value("keep_old_ms", settings.keep_old_ms);
    settings.max_parallel = value.value("max_parallel", settings.max_parallel);
    settings.on_restart = static_cast<model::OnRestart>(value.value("on_restart", 0));
    settings.unreachable = static_cast<model::Unreachable>(value.value("unreachable", 0));
    settings.prepare_together = value.value("prepare_together", settings.prepare_together);
    settings.defer_max = value.value("defer_max", settings.defer_max);
    settings.rollback_strategy = static_cast<model::RollbackStrategy>(value.value("rollback_strategy", 0));
    settings.caller_defaults = value.value("caller_defaults", std::vector<std::string>());
    if (value.contains("checks")) settings.checks = checks_asked_from_json(value.at("checks"));
    settings.migrations_not_run = value.value("migrations_not_run", std::vector<std::string>());
    return settings;
  });
}

std::string artifacts_to_json(const PutSource& source) {
  TextMap map;
  for (const auto& [component, release] : source.artifacts) map.emplace(component, release.str());
  return to_json(map);
}
std::string options_to_json(const PutSource& source) {
  json options = {
      {"no_rollback", source.no_rollback}, {"sequential", source.sequential}, {"no_monitoring", source.no_monitoring}};
  if (!source.components.empty()) options["components"] = source.components;
  if (!source.override_freeze.empty()) options["override_freeze"] = source.override_freeze;
  if (!source.run_tests.empty()) options["run_tests"] = source.run_tests;
  if (!source.configuration.environment.empty()) options["configuration"] = to_json(source.configuration);
  if (!source.defaults.empty()) options["defaults"] = to_json(source.defaults);
  if (source.lifts != model::Policies{}) options["lifts"] = model::names_of(source.lifts);
  return dump(options);
}
void read_source_json(const std::string& artifacts, const std::string& options, PutSource& source) {
  for (const auto& [component, release] : text_map_from_json(artifacts)) {
    source.artifacts.emplace(component, ReleaseId(release));
  }
  parse(options, "request", [&source](const json& value) {
    source.no_rollback = value.value("no_rollback", false);
    source.sequential = value.value("sequential", false);
    source.no_monitoring = value.value("no_monitoring", false);
    source.components = value.value("components", std::vector<std::string>());
    source.override_freeze = value.value("override_freeze", std::string());
    source.run_tests = value.value("run_tests", std::string());
    if (value.contains("configuration")) {
      source.configuration = configuration_from_json(value.at("configuration").get<std::string>());
    }
    if (value.contains("defaults")) source.defaults = defaults_from_json(value.at("defaults").get<std::string>());
    source.lifts = model::policies_from_names(value.value("lifts", std::vector<std::string>()));
    return true;
  });
}

}  // namespace switchyard::store
