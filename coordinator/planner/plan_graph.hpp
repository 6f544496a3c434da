#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/model/plan.hpp"

/// A plan's order as a graph, for people and for programs that draw. Pure.
namespace switchyard::planner {

struct PlanGraph {
  std::vector<std::string> labels;                         ///< one for each node of the plan, in its order
  std::vector<std::pair<std::size_t, std::size_t>> edges;  ///< the second begins when the first is done
  bool operator==(const PlanGraph&) const = default;
};
PlanGraph graph_of(const model::Plan& plan);

/// One line for each node: its number from 1 on, what it is, and the numbers of those that wait for it.
std::string graph_text(const PlanGraph& graph);
/// The same for Graphviz.
std::string graph_dot(const PlanGraph& graph, const std::string& name);

}  // namespace switchyard::planner
