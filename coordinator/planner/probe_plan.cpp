#include "coordinator/planner/probe_plan.hpp"

#include <algorithm>
#include <type_traits>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::planner {

namespace {

bool is_local(std::string_view host) {
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]" || host == "::1";
}

/// Puts `${port}` for the component's own stable port in http://localhost:8000/health.
std::string with_port_variable(const std::string& url, std::uint16_t stable_port) {
  const std::string_view scheme = "http://";
  const std::size_t path = std::min(url.find('/', scheme.size()), url.size());
  const std::string authority = url.substr(scheme.size(), path - scheme.size());
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && colon + 1 < authority.size() && authority.back() != ']';
  const std::string host = has_port ? authority.substr(0, colon) : authority;
  const std::string port = has_port ? authority.substr(colon + 1) : "80";
  if (!is_local(host) || stable_port == 0 || port != std::to_string(stable_port)) return url;
  return std::string(scheme) + host + ":${port}" + url.substr(path);
}

/// The checks with `${port}` wherever the component's own port is meant.
std::vector<model::HealthCheck> checks_of(const model::Component& component) {
  std::vector<model::HealthCheck> checks = component.health_checks;
  for (model::HealthCheck& check : checks) {
    const std::uint16_t stable = component.ports.stable;
    if (auto* http = std::get_if<protocol::HttpProbe>(&check.probe.kind))
      http->url = with_port_variable(http->url, stable);
    if (auto* smoke = std::get_if<protocol::SmokeProbe>(&check.probe.kind)) {
      for (protocol::SmokeRequest& request : smoke->requests) request.url = with_port_variable(request.url, stable);
    }
    auto* tcp = std::get_if<protocol::TcpProbe>(&check.probe.kind);
    if (tcp && stable != 0 && tcp->port == stable && is_local(tcp->host)) tcp->port = 0;
  }
  return checks;
}

void fill_in(protocol::HttpProbe& probe, const VariableValues& values) {
  probe.url = expand_variables(probe.url, values);
  probe.expected_body = expand_variables(probe.expected_body, values);
  for (auto& [name, value] : probe.headers) value = expand_variables(value, values);
}
void fill_in(protocol::TcpProbe& probe, const VariableValues& values) {
  if (probe.port != 0) return;
  if (!values.port) throw InputError("it connects to `${port}`, but the component has no such port; add `ports:`");
  probe.port = *values.port;
}
void fill_in(protocol::CommandProbe& probe, const VariableValues& values) {
  for (std::string& word : probe.argv) word = expand_variables(word, values);
}
void fill_in(protocol::FileSystemProbe& probe, const VariableValues& values) {
  probe.path = expand_variables(probe.path, values);
}
void fill_in(protocol::UnitProbe& probe, const VariableValues& values) {
  probe.unit = expand_variables(probe.unit, values);
}

void fill_in(protocol::CustomProbe& probe, const VariableValues& values) {
  for (std::string& word : probe.argv) word = expand_variables(word, values);
  // Paths and names of ours hold nothing that a text of JSON would have to escape.
  probe.config = expand_variables(probe.config, values);
}
void fill_in(protocol::DatabaseProbe&, const VariableValues&) {}
void fill_in(protocol::QueueProbe&, const VariableValues&) {}
void fill_in(protocol::StorageProbe& probe, const VariableValues& values) {
  probe.url = expand_variables(probe.url, values);
}
void fill_in(protocol::ResourcesProbe& probe, const VariableValues& values) {
  probe.path = expand_variables(probe.path, values);
}
void fill_in(protocol::SmokeProbe& probe, const VariableValues& values) {
  for (protocol::SmokeRequest& request : probe.requests) {
    for (std::string* text : {&request.url, &request.body, &request.expected_body, &request.webhook_body}) {
      *text = expand_variables(*text, values);
    }
    for (auto& [name, value] : request.headers) value = expand_variables(value, values);
  }
}

protocol::ProbeSpec rendered(const protocol::ProbeSpec& check, const VariableValues& values) {
  protocol::ProbeSpec probe = check;
  // Its deadline says it.
  probe.retry_attempts.reset();
  try {
    std::visit([&](auto& kind) { fill_in(kind, values); }, probe.kind);
  } catch (const InputError& error) {
    throw InputError("health check `" + check.name + "`: " + error.what());
  }
  return probe;
}

/// Does the check ask the service over the network? Only then does it tell something through the stable port.
bool asks_the_service(const protocol::ProbeSpec& probe) {
  const auto names_port = [](const std::vector<std::string>& argv) {
    return std::any_of(argv.begin(), argv.end(),
                       [](const std::string& word) { return mentions_variable(word, "port"); });
  };
  if (const auto* command = std::get_if<protocol::CommandProbe>(&probe.kind)) return names_port(command->argv);
  if (const auto* custom = std::get_if<protocol::CustomProbe>(&probe.kind)) {
    return names_port(custom->argv) || mentions_variable(custom->config, "port");
  }
  return std::holds_alternative<protocol::HttpProbe>(probe.kind) ||
         std::holds_alternative<protocol::TcpProbe>(probe.kind) ||
         std::holds_alternative<protocol::SmokeProbe>(probe.kind);
}

/// What the service needs beside itself, on its host or elsewhere: lost in the watch window, it counts as much as the
/// service.
bool is_needed_all_the_time(const protocol::ProbeSpec& probe) {
  return std::holds_alternative<protocol::DatabaseProbe>(probe.kind) ||
         std::holds_alternative<protocol::QueueProbe>(probe.kind) ||
         std::holds_alternative<protocol::StorageProbe>(probe.kind) ||
         std::holds_alternative<protocol::FileSystemProbe>(probe.kind) ||
         std::holds_alternative<protocol::ResourcesProbe>(probe.kind);
}

}  // namespace

protocol::ProbeSpec unit_probe(const std::string& unit) {
  protocol::ProbeSpec probe;
  probe.name = "unit_active";
  probe.kind = protocol::UnitProbe{unit};
  // Time is what counts here, and systemd keeps it: a slot that was kept warm needs no second look.
  probe.successes = 1;
  probe.min_healthy_ms = limits::unit_healthy_ms;
  probe.deadline_ms = limits::unit_deadline_ms;
  return probe;
}

protocol::ProbeSpec tcp_probe(std::uint16_t port) {
  protocol::ProbeSpec probe;
  probe.name = "tcp_connectivity";
  probe.kind = protocol::TcpProbe{"127.0.0.1", port};
  return probe;
}

protocol::ProbeSpec confirmation(protocol::ProbeSpec probe) {
  probe.successes = 1;
  probe.min_healthy_ms = 0;
  probe.deadline_ms = std::min(probe.deadline_ms, limits::confirmation_ms_max);
  probe.timeout_ms = std::min(probe.timeout_ms, limits::confirmation_ms_max);
  return probe;
}

ProbePlan plan_probes(const model::Component& component, const SlotPlace& place, const ProbeWishes& wishes) {
  ProbePlan plan;
  plan.slot.push_back(unit_probe(place.unit));
  plan.watch.push_back(confirmation(unit_probe(place.unit)));
  if (!wishes.enabled) return plan;

  std::vector<model::HealthCheck> checks = checks_of(component);
  if (checks.empty() && place.port != 0) {
    model::HealthCheck listens;
    listens.probe = tcp_probe(0);
    if (wishes.deadline_s) listens.probe.deadline_ms = *wishes.deadline_s * 1'000;
    checks.push_back(std::move(listens));
  }
  // Integrity first: what is broken needs no test.
  std::stable_sort(checks.begin(), checks.end(), [](const model::HealthCheck& a, const model::HealthCheck& b) {
    return a.probe.tier.value_or(0) < b.probe.tier.value_or(0);
  });
  const VariableValues at_slot = place.values();
  VariableValues at_stable = at_slot;
  at_stable.port.reset();
  if (component.ports.stable != 0) at_stable.port = component.ports.stable;

  for (const model::HealthCheck& check : checks) {
    const std::uint32_t tier = check.probe.tier.value_or(0);
    if (!model::is_wanted(wishes.run_tests, tier, check.scope)) continue;
    plan.slot.push_back(rendered(check.probe, at_slot));
    if (tier > 0) continue;  // told what it had to tell, before anybody could see the release
    if (is_needed_all_the_time(check.probe)) plan.watch.push_back(confirmation(plan.slot.back()));
    if (!asks_the_service(check.probe)) continue;
    // Behind haproxy the stable port may be another host's business and unknown here: then the slot itself is watched.
    const protocol::ProbeSpec probe = rendered(check.probe, at_stable.port ? at_stable : at_slot);
    plan.watch.push_back(confirmation(probe));
    if (component.has_switch()) plan.stable.push_back(confirmation(probe));
  }
  return plan;
}

}  // namespace switchyard::planner
