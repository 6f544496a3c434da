#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {

namespace {

constexpr std::uint32_t all_traffic = 100;

protocol::SwitchKind switch_kind(model::TrafficKind kind) {
  switch (kind) {
    case model::TrafficKind::none:
      return protocol::SwitchKind::none;
    // nginx stands in front of the nftables switch and is never touched.
    case model::TrafficKind::nftables:
    case model::TrafficKind::nginx:
      return protocol::SwitchKind::nftables;
    case model::TrafficKind::haproxy:
      return protocol::SwitchKind::haproxy;
  }
  return protocol::SwitchKind::none;
}

}  // namespace

std::optional<protocol::SwitchTraffic> traffic_to(const model::Component& component,
                                                  const protocol::OldState& serving) {
  if (!component.has_switch()) return std::nullopt;
  protocol::SwitchTraffic traffic;
  traffic.component = component.name;
  traffic.kind = switch_kind(component.traffic);
  traffic.stable_port = component.ports.stable;
  traffic.haproxy_socket = component.haproxy.socket;
  traffic.haproxy_backend = component.haproxy.backend;
  traffic.local_only = component.traffic == model::TrafficKind::nginx;
  const auto weight = [&](const std::string& slot) {
    return serving.kind == protocol::OldKind::release && serving.slot == slot ? all_traffic : 0;
  };
  traffic.targets.push_back({"blue", component.ports.blue, weight("blue"), component.haproxy.blue});
  traffic.targets.push_back({"green", component.ports.green, weight("green"), component.haproxy.green});
  if (serving.kind == protocol::OldKind::legacy) {
    traffic.targets.push_back({"legacy", component.ports.stable, all_traffic, ""});
  }
  return traffic;
}

protocol::SwitchTraffic traffic_between(protocol::SwitchTraffic all_before, const std::string& after,
                                        std::uint32_t weight) {
  for (protocol::SwitchTarget& target : all_before.targets) {
    if (target.weight == all_traffic) target.weight = all_traffic - weight;
    if (target.slot == after) target.weight = weight;
  }
  return all_before;
}

const protocol::SwitchTraffic* find_switch(const protocol::SliceComponent& done) {
  const protocol::SwitchTraffic* last = nullptr;
  for (const protocol::Step& step : done.steps) {
    if (const auto* traffic = std::get_if<protocol::SwitchTraffic>(&step.action)) last = traffic;
  }
  return last;
}

bool same_switch(const protocol::SwitchTraffic* a, const protocol::SwitchTraffic* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->kind == b->kind && a->stable_port == b->stable_port && a->haproxy_socket == b->haproxy_socket &&
         a->haproxy_backend == b->haproxy_backend;
}

}  // namespace switchyard::planner
