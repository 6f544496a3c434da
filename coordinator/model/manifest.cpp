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

std::optional<Strategy> strategy_from_name(std::string_view name) {
  for (const Strategy strategy : {Strategy::blue_green, Strategy::rolling, Strategy::recreate, Strategy::canary}) {
    if (strategy_name(strategy) == name) return strategy;
  }
  return std::nullopt;
}

std::string_view strategy_source_name(StrategySource source) {
  switch (source) {
    case StrategySource::variable:
      return "variable";
    case StrategySource::environment:
      return "environment";
    case StrategySource::option:
      return "option";
  }
  return "unknown";
}

std::optional<StrategySource> strategy_source_from_name(std::string_view name) {
  for (const auto source : {StrategySource::variable, StrategySource::environment, StrategySource::option}) {
    if (strategy_source_name(source) == name) return source;
  }
  return std::nullopt;
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

bool finds_release(protocol::HookPhase phase) {
  return phase > protocol::HookPhase::pre_prepare && phase != protocol::HookPhase::post_rollback;
}

bool may_object(protocol::HookPhase phase) { return phase < protocol::HookPhase::post_commit; }

}  // namespace switchyard::model
