#include "coordinator/planner/plan_graph.hpp"

namespace switchyard::planner {
namespace {

/// More hosts than these are counted: a node must stay readable.
constexpr std::size_t hosts_named_max = 4;

std::string hosts_text(const std::vector<HostId>& hosts) {
  if (hosts.size() > hosts_named_max) return std::to_string(hosts.size()) + " hosts";
  std::string text;
  for (const HostId& host : hosts) text += (text.empty() ? "" : ", ") + host.str();
  return text;
}

std::string label_of(const model::Plan& plan, const model::PlanNode& node) {
  const auto share = model::share_of(plan, node);
  return (share ? std::to_string(*share) + " % of " : "") + node.component + " on " + hosts_text(node.hosts);
}

/// A name may hold what ends a text of Graphviz.
std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

PlanGraph graph_of(const model::Plan& plan) {
  PlanGraph graph;
  for (std::size_t index = 0; index < plan.nodes.size(); ++index) {
    graph.labels.push_back(label_of(plan, plan.nodes[index]));
    for (const std::size_t before : plan.nodes[index].after) graph.edges.emplace_back(before, index);
  }
  return graph;
}

std::string graph_text(const PlanGraph& graph) {
  std::string text;
  for (std::size_t index = 0; index < graph.labels.size(); ++index) {
    text += "  " + std::to_string(index + 1) + " " + graph.labels[index];
    std::string next;
    for (const auto& [from, to] : graph.edges) {
      if (from == index) next += (next.empty() ? " -> " : ", ") + std::to_string(to + 1);
    }
    text += next + "\n";
  }
  return text;
}

std::string graph_dot(const PlanGraph& graph, const std::string& name) {
  std::string text = "digraph " + quoted(name) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t index = 0; index < graph.labels.size(); ++index) {
    text += "  n" + std::to_string(index + 1) + " [label=" + quoted(graph.labels[index]) + "];\n";
  }
  for (const auto& [from, to] : graph.edges) {
    text += "  n" + std::to_string(from + 1) + " -> n" + std::to_string(to + 1) + ";\n";
  }
  return text + "}\n";
}

}  // namespace switchyard::planner
