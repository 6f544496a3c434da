#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/model/plan.hpp"

/// Short ways to look into a plan.
namespace switchyard::planner::testing {

inline protocol::SliceComponent component_on(const model::Plan& plan, const std::string& component,
                                             const std::string& host) {
  for (const protocol::SliceComponent& candidate : plan.slices.at(HostId(host)).components) {
    if (candidate.name == component) return candidate;
  }
  throw std::out_of_range("no " + component + " on " + host);
}

inline std::vector<std::string> titles(const protocol::SliceComponent& component, protocol::Phase phase) {
  std::vector<std::string> found;
  for (const protocol::Step& step : component.steps) {
    if (step.phase == phase) found.push_back(step.title);
  }
  return found;
}

inline protocol::Step step_titled(const protocol::SliceComponent& component, const std::string& title) {
  for (const protocol::Step& step : component.steps) {
    if (step.title == title) return step;
  }
  throw std::out_of_range("no step \"" + title + "\"");
}

template <class T>
T action_titled(const protocol::SliceComponent& component, const std::string& title) {
  return std::get<T>(step_titled(component, title).action);
}

inline std::string node_text(const model::PlanNode& node) {
  std::string text = node.component + "@";
  for (std::size_t i = 0; i < node.hosts.size(); ++i) text += (i == 0 ? "" : ",") + node.hosts[i].str();
  for (std::size_t after : node.after) text += " <" + std::to_string(after);
  if (node.exclusive) text += " alone";
  return text;
}

inline std::vector<std::string> node_texts(const model::Plan& plan) {
  std::vector<std::string> texts;
  for (const model::PlanNode& node : plan.nodes) texts.push_back(node_text(node));
  return texts;
}

}  // namespace switchyard::planner::testing
