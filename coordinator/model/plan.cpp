#include "coordinator/model/plan.hpp"

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
  const auto slice = node.hosts.empty() ? plan.slices.end() : plan.slices.find(node.hosts.front());
  if (slice == plan.slices.end()) return std::nullopt;
  for (const protocol::SliceComponent& component : slice->second.components) {
    if (component.name == node.component && component.stages > 1) return share_of(component, node.stage);
  }
  return std::nullopt;
}

}  // namespace switchyard::model
