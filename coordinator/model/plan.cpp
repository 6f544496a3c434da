#include "coordinator/model/plan.hpp"

#include "coordinator/model/plan_lookup.hpp"

namespace switchyard::model {
namespace {

std::optional<std::uint32_t> share_of(const protocol::SliceComponent& component, std::uint32_t stage) {
  for (const protocol::Step& step : component.steps) {
    const auto* traffic = std::get_if<protocol::SwitchTraffic>(&step.action);
    if (traffic == nullptr || step.phase != protocol::Phase::swap || step.stage != stage) continue;
    for (const protocol::SwitchTarget& target : traffic->targets) {
      if (target.slot == component.slot) return target.weight;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> share_of(const Plan& plan, const PlanNode& node) {
  const auto* component = node.hosts.empty() ? nullptr : find_component(plan, node.hosts.front(), node.component);
  return component != nullptr && component->stages > 1 ? share_of(*component, node.stage) : std::nullopt;
}

}  // namespace switchyard::model
