#include "coordinator/model/plan_lookup.hpp"

namespace switchyard::model {

const protocol::SliceComponent* find_component(const protocol::PlanSlice& slice, std::string_view name) {
  for (const protocol::SliceComponent& component : slice.components) {
    if (component.name == name) return &component;
  }
  return nullptr;
}

const protocol::SliceComponent* find_component(const Plan& plan, const HostId& host, std::string_view name) {
  const auto slice = plan.slices.find(host);
  return slice == plan.slices.end() ? nullptr : find_component(slice->second, name);
}

}  // namespace switchyard::model
