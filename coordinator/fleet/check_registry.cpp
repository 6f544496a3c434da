#include "coordinator/fleet/check_registry.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/nearest.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "coordinator/planner/health_check_reader.hpp"
#include "protocol/check_order.hpp"

namespace switchyard::fleet {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::vector<model::RegisteredCheck> checks_in(const store::StateStore& store, const std::string& environment) {
  std::vector<model::RegisteredCheck> checks = store.checks();
  std::erase_if(checks, [&](const model::RegisteredCheck& check) { return check.environment != environment; });
  return checks;
}

Refusal unknown_check(const std::vector<model::RegisteredCheck>& known, const std::string& environment,
                      const std::string& name) {
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const model::RegisteredCheck& check : known) names.push_back(check.name);
  const std::string guess = did_you_mean(name, names);
  return {404,
          "no_such_check",
          "there is no health check `" + name + "` in " + environment +
              (guess.empty() ? "; `switchyard health list` shows them, `health register` makes them known" : guess),
          {{"check", name}, {"environment", environment}}};
}

bool has_tag(const model::RegisteredCheck& check, const std::vector<std::string>& tags) {
  return std::any_of(check.tags.begin(), check.tags.end(),
                     [&](const std::string& tag) { return std::find(tags.begin(), tags.end(), tag) != tags.end(); });
}

}  // namespace

Answer<std::vector<std::string>> CheckRegistry::put(const Caller& caller, const RegisterChecksRequest& request) {
  std::vector<std::string> names;
  store::Transaction writes;
  std::set<std::string> all;
  for (const model::RegisteredCheck& known : checks_in(store_, request.environment)) all.insert(known.name);
  try {
    for (planner::CheckToRegister& wanted : planner::read_checks_to_register(request.definitions, request.file_name)) {
      const protocol::ProbeSpec& probe = wanted.check.probe;
      if (protocol::encode_probe(probe).size() > limits::check_definition_bytes_max) {
        throw InputError("the health check `" + probe.name + "` is longer than " +
                         std::to_string(limits::check_definition_bytes_max) + " bytes; split it");
      }
      names.push_back(probe.name);
      all.insert(probe.name);
      writes.push_back(store::PutCheck{{request.environment, probe.name, probe, wanted.check.tags, wanted.component,
                                        wanted.hosts, caller.principal, clock_.wall_ms()}});
    }
  } catch (const InputError& error) {
    return Refusal{400, "bad_checks", error.what(), {}};
  }
  if (all.size() > limits::checks_registered_max) {
    return Refusal{409,
                   "too_many_checks",
                   request.environment + " would have more than " + std::to_string(limits::checks_registered_max) +
                       " health checks; remove those that nobody needs (`switchyard health remove`)",
                   {}};
  }
  if (caller.rehearses) {
    return rehearsed("the health checks " + joined(names) + " would be registered in " + request.environment);
  }
  writes.push_back(audit_row(clock_, caller, "health.register", request.environment, {}, {{"checks", joined(names)}}));
  store_.commit(writes);
  return names;
}

Answer<bool> CheckRegistry::remove(const Caller& caller, const std::string& environment, const std::string& name) {
  const auto known = checks_in(store_, environment);
  const bool there = std::any_of(known.begin(), known.end(), [&](const auto& check) { return check.name == name; });
  if (!there) return unknown_check(known, environment, name);
  if (caller.rehearses) return rehearsed("the health check " + name + " of " + environment + " would be forgotten");
  store_.commit({store::DropCheck{environment, name},
                 audit_row(clock_, caller, "health.remove", environment, {}, {{"checks", name}})});
  return true;
}

Answer<std::vector<model::RegisteredCheck>> CheckRegistry::choose(const RunChecksRequest& request) const {
  const auto known = checks_in(store_, request.environment);
  for (const std::string& name : request.names) {
    const bool there = std::any_of(known.begin(), known.end(), [&](const auto& check) { return check.name == name; });
    if (!there) return unknown_check(known, request.environment, name);
  }
  std::vector<model::RegisteredCheck> chosen;
  for (const model::RegisteredCheck& check : known) {
    const bool named = std::find(request.names.begin(), request.names.end(), check.name) != request.names.end();
    if (request.all || named || has_tag(check, request.tags)) chosen.push_back(check);
  }
  if (!chosen.empty()) return chosen;
  return Refusal{404,
                 "no_such_check",
                 known.empty() ? "no health check is registered in " + request.environment
                               : "no health check of " + request.environment + " has one of these tags",
                 {{"environment", request.environment}}};
}

ChecksOfHosts checks_of_hosts(const store::StateStore& store, const std::vector<model::RegisteredCheck>& checks,
                              const RunChecksRequest& request) {
  std::map<HostId, std::set<std::string>> serving;
  for (const model::ServingRow& row : store.serving()) {
    const bool serves = row.environment == request.environment && row.serving.kind != protocol::OldKind::absent;
    if (serves) serving[row.host].insert(row.component);
  }
  const auto allows = [](const std::vector<HostId>& hosts, const HostId& host) {
    return hosts.empty() || std::find(hosts.begin(), hosts.end(), host) != hosts.end();
  };
  ChecksOfHosts wanted;
  for (const auto& [host, components] : serving) {
    for (const model::RegisteredCheck& check : checks) {
      const bool there = check.component.empty() || components.contains(check.component);
      if (there && allows(check.hosts, host) && allows(request.hosts, host)) wanted[host].push_back(check);
    }
  }
  return wanted;
}

bool registers_programs(const RegisterChecksRequest& request) {
  try {
    const auto checks = planner::read_checks_to_register(request.definitions, request.file_name);
    return std::any_of(checks.begin(), checks.end(),
                       [](const auto& wanted) { return planner::runs_programs(wanted.check.probe); });
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace switchyard::fleet
