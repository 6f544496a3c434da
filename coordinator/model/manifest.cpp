#include "coordinator/model/manifest.hpp"

namespace switchyard::model {

std::string_view strategy_name(Strategy strategy) {
  switch (strategy) {
    case Strategy::blue_green:
      return "blue-green";
    case Strategy::rolling:
      return "rolling";
    case Strategy::recreate:
      return "recreate";
    case Strategy::canary:
      return "canary";
  }
  return "unknown";
}

std::string_view traffic_kind_name(TrafficKind kind) {
  switch (kind) {
    case TrafficKind::none:
      return "none";
    case TrafficKind::nftables:
      return "nftables";
    case TrafficKind::nginx:
      return "nginx";
    case TrafficKind::haproxy:
      return "haproxy";
  }
  return "unknown";
}

const Component* Manifest::find_component(std::string_view component) const {
  for (const Component& candidate : components) {
    if (candidate.name == component) return &candidate;
  }
  return nullptr;
}

}  // namespace switchyard::model
