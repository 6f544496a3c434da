#include "coordinator/planner/probe_plan.hpp"

#include <algorithm>
#include <type_traits>

#include "common/error.hpp"

namespace switchyard::planner {

namespace {

/// A slot that is healthy on its own port answers through the switch within moments, or not at all. It must fit into
/// the dead-man's budget several times.
constexpr std::uint32_t confirmation_ms_max = 10'000;
constexpr std::uint32_t unit_healthy_ms = 1'000;
constexpr std::uint32_t unit_deadline_ms = 30'000;

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

protocol::ProbeSpec rendered(const protocol::ProbeSpec& check, const VariableValues& values) {
  protocol::ProbeSpec probe = check;
  try {
    std::visit([&](auto& kind) { fill_in(kind, values); }, probe.kind);
  } catch (const InputError& error) {
    throw InputError("health check `" + check.name + "`: " + error.what());
  }
  return probe;
}

/// Does the check ask the service over the network? Only then does it tell something through the stable port.
bool asks_the_service(const protocol::ProbeSpec& probe) {
  if (const auto* command = std::get_if<protocol::CommandProbe>(&probe.kind)) {
    return std::any_of(command->argv.begin(), command->argv.end(),
                       [](const std::string& word) { return mentions_variable(word, "port"); });
  }
  return std::holds_alternative<protocol::HttpProbe>(probe.kind) ||
         std::holds_alternative<protocol::TcpProbe>(probe.kind);
}

}  // namespace

protocol::ProbeSpec unit_probe(const std::string& unit) {
  protocol::ProbeSpec probe;
  probe.name = "unit_active";
  probe.kind = protocol::UnitProbe{unit};
  // Time is what counts here, and systemd keeps it: a slot that was kept warm needs no second look.
  probe.successes = 1;
  probe.min_healthy_ms = unit_healthy_ms;
  probe.deadline_ms = unit_deadline_ms;
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
  probe.deadline_ms = std::min(probe.deadline_ms, confirmation_ms_max);
  probe.timeout_ms = std::min(probe.timeout_ms, confirmation_ms_max);
  return probe;
}

ProbePlan plan_probes(const model::Component& component, const SlotPlace& place, bool enabled) {
  ProbePlan plan;
  plan.slot.push_back(unit_probe(place.unit));
  plan.watch.push_back(confirmation(unit_probe(place.unit)));
  if (!enabled) return plan;

  std::vector<model::HealthCheck> checks = checks_of(component);
  if (checks.empty() && place.port != 0) {
    model::HealthCheck listens;
    listens.probe = tcp_probe(0);
    checks.push_back(std::move(listens));
  }
  const VariableValues at_slot = place.values();
  VariableValues at_stable = at_slot;
  at_stable.port.reset();
  if (component.ports.stable != 0) at_stable.port = component.ports.stable;

  for (const model::HealthCheck& check : checks) {
    plan.slot.push_back(rendered(check.probe, at_slot));
    if (!asks_the_service(check.probe)) continue;
    // Behind haproxy the stable port may be another host's business and unknown here: then the slot itself is watched.
    const protocol::ProbeSpec probe = rendered(check.probe, at_stable.port ? at_stable : at_slot);
    plan.watch.push_back(confirmation(probe));
    if (component.has_switch()) plan.stable.push_back(confirmation(probe));
  }
  return plan;
}

}  // namespace switchyard::planner
