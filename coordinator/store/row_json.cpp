#include "coordinator/store/row_json.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"

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
  return dump({{"rollback_on_failure", settings.rollback_on_failure},
               {"prepare_ms", settings.prepare_ms},
               {"confirm_ms", settings.confirm_ms},
               {"watch_ms", settings.watch_ms},
               {"keep_old_ms", settings.keep_old_ms},
               {"max_parallel", settings.max_parallel},
               {"on_restart", static_cast<int>(settings.on_restart)},
               {"unreachable", static_cast<int>(settings.unreachable)},
               {"prepare_together", settings.prepare_together},
               {"defer_max", settings.defer_max}});
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
    return settings;
  });
}

std::string artifacts_to_json(const PutSource& source) {
  TextMap map;
  for (const auto& [component, release] : source.artifacts) map.emplace(component, release.str());
  return to_json(map);
}
std::string options_to_json(const PutSource& source) {
  return dump({{"no_rollback", source.no_rollback},
               {"sequential", source.sequential},
               {"no_monitoring", source.no_monitoring}});
}
void read_source_json(const std::string& artifacts, const std::string& options, PutSource& source) {
  for (const auto& [component, release] : text_map_from_json(artifacts)) {
    source.artifacts.emplace(component, ReleaseId(release));
  }
  parse(options, "request", [&source](const json& value) {
    source.no_rollback = value.value("no_rollback", false);
    source.sequential = value.value("sequential", false);
    source.no_monitoring = value.value("no_monitoring", false);
    return true;
  });
}

}  // namespace switchyard::store
