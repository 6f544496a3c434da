#include "coordinator/planner/plan_difference.hpp"

#include "coordinator/model/plan_lookup.hpp"

namespace switchyard::planner {
namespace {

using protocol::SliceComponent;

std::string state_text(const protocol::OldState& state) {
  switch (state.kind) {
    case protocol::OldKind::absent:
      return "nothing";
    case protocol::OldKind::release:
      return "release " + state.release.str().substr(0, 12) + " in slot " + state.slot;
    case protocol::OldKind::legacy:
      return "an unmanaged process";
  }
  return "nothing";
}

std::string component_difference(const SliceComponent& before, const SliceComponent& now) {
  if (before.old != now.old) {
    return "serves " + state_text(now.old) + " now, and served " + state_text(before.old) + " when the plan was made";
  }
  if (before.release != now.release) {
    return "would get release " + now.release.str().substr(0, 12) + " in place of " +
           before.release.str().substr(0, 12);
  }
  if (before.slot != now.slot) return "would be started in slot " + now.slot + " in place of " + before.slot;
  return "would be changed by other steps";
}

void compare_slices(const HostId& host, const protocol::PlanSlice& before, const protocol::PlanSlice& now,
                    std::vector<std::string>& differences) {
  const std::size_t known = differences.size();
  for (const SliceComponent& component : before.components) {
    const SliceComponent* again = model::find_component(now, component.name);
    const std::string where = component.name + " on host " + host.str() + " ";
    if (again == nullptr) {
      differences.push_back(where + "would not be changed any more");
    } else if (component != *again) {
      differences.push_back(where + component_difference(component, *again));
    }
  }
  for (const SliceComponent& component : now.components) {
    if (model::find_component(before, component.name) == nullptr) {
      differences.push_back(component.name + " on host " + host.str() + " would be changed too");
    }
  }
  if (differences.size() == known && before != now) differences.push_back("host " + host.str() + " has other budgets");
}

/// Which checks are asked the slices say. Why, the plans of the version before did not.
bool are_same_terms(const model::PlanSettings& approved, model::PlanSettings now) {
  now.checks = approved.checks;
  return approved == now;
}

}  // namespace

std::vector<std::string> plan_difference(const model::Plan& approved, const model::Plan& now) {
  std::vector<std::string> differences;
  for (const auto& [host, slice] : approved.slices) {
    const auto again = now.slices.find(host);
    if (again == now.slices.end()) {
      differences.push_back("host " + host.str() + " would take no part any more");
    } else {
      compare_slices(host, slice, again->second, differences);
    }
  }
  for (const auto& [host, slice] : now.slices) {
    if (!approved.slices.contains(host)) differences.push_back("host " + host.str() + " would take part too");
  }
  if (differences.empty() && approved.nodes != now.nodes) differences.emplace_back("the order is another one");
  if (differences.empty() && !are_same_terms(approved.settings, now.settings))
    differences.emplace_back("the settings are others");
  return differences;
}

}  // namespace switchyard::planner
