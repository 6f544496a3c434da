#include "coordinator/api/plan_view.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/api/outlook_view.hpp"
#include "coordinator/planner/plan_graph.hpp"
#include "coordinator/planner/plan_text.hpp"

namespace switchyard::api::views {
namespace {

using nlohmann::json;

std::string_view old_kind_name(protocol::OldKind kind) {
  switch (kind) {
    case protocol::OldKind::absent:
      return "absent";
    case protocol::OldKind::release:
      return "release";
    case protocol::OldKind::legacy:
      return "legacy";
  }
  return "absent";
}

json step_view(const protocol::Step& step) {
  return {{"id", step.id.str()},
          {"phase", protocol::phase_name(step.phase)},
          {"stage", step.stage},
          {"title", step.title},
          {"action", protocol::action_name(step.action)},
          {"undo", step.undo ? json(protocol::action_name(*step.undo)) : json(nullptr)},
          {"timeout_ms", step.timeout_ms},
          {"attempts", step.attempts}};
}

json slice_view(const protocol::PlanSlice& slice) {
  json components = json::array();
  for (const protocol::SliceComponent& component : slice.components) {
    json steps = json::array();
    for (const protocol::Step& step : component.steps) steps.push_back(step_view(step));
    components.push_back({{"name", component.name},
                          {"release", component.release.str()},
                          {"slot", component.slot},
                          {"unit", component.unit},
                          {"old", old_view(component.old)},
                          {"stages", component.stages},
                          {"steps", std::move(steps)}});
  }
  return {{"host", slice.host.str()}, {"components", std::move(components)}};
}

json node_view(const model::PlanNode& node) {
  json hosts = json::array();
  for (const HostId& host : node.hosts) hosts.push_back(host.str());
  return {{"component", node.component}, {"stage", node.stage},
          {"hosts", std::move(hosts)},   {"after", node.after},
          {"exclusive", node.exclusive}, {"priority", node.priority},
          {"pause_ms", node.pause_ms},   {"promoted_by_hand", node.promoted_by_hand}};
}

json graph_view(const model::Plan& plan) {
  const planner::PlanGraph graph = planner::graph_of(plan);
  json edges = json::array();
  for (const auto& [from, to] : graph.edges) edges.push_back({{"from", from}, {"to", to}});
  return {{"nodes", graph.labels},
          {"edges", std::move(edges)},
          {"dot", planner::graph_dot(graph, plan.name + " for " + plan.environment)}};
}

json settings_view(const model::PlanSettings& settings) {
  return {{"rollback_on_failure", settings.rollback_on_failure},
          {"prepare_ms", settings.prepare_ms},
          {"confirm_ms", settings.confirm_ms},
          {"watch_ms", settings.watch_ms},
          {"keep_old_ms", settings.keep_old_ms},
          {"max_parallel", settings.max_parallel},
          {"on_restart", settings.on_restart == model::OnRestart::abort ? "abort" : "continue"},
          {"unreachable", settings.unreachable == model::Unreachable::defer ? "defer" : "fail"},
          {"prepare_together", settings.prepare_together},
          {"defer_max", settings.defer_max},
          {"rollback_strategy", model::rollback_strategy_name(settings.rollback_strategy)},
          {"caller_defaults", settings.caller_defaults},
          {"health_checks_enabled", settings.checks ? json(settings.checks->enabled) : json(nullptr)},
          {"run_tests", settings.checks ? json(model::run_tests_name(settings.checks->run_tests)) : json(nullptr)},
          {"migrations_not_run", settings.migrations_not_run}};
}

}  // namespace

json old_view(const protocol::OldState& old) {
  return {{"kind", old_kind_name(old.kind)}, {"slot", old.slot}, {"release", old.release.str()}, {"unit", old.unit}};
}

json plan_view(const model::Plan& plan) {
  json nodes = json::array();
  for (const model::PlanNode& node : plan.nodes) nodes.push_back(node_view(node));
  json hosts = json::array();
  for (const auto& [host, slice] : plan.slices) hosts.push_back(slice_view(slice));
  return {{"deployment", plan.deployment.str()}, {"name", plan.name},
          {"environment", plan.environment},     {"hash", plan.hash},
          {"nodes", std::move(nodes)},           {"hosts", std::move(hosts)},
          {"graph", graph_view(plan)},           {"settings", settings_view(plan.settings)},
          {"text", planner::plan_text(plan)}};
}

json plan_view(const model::Plan& plan, const forecast::Outlook& outlook) {
  json view = plan_view(plan);
  view["outlook"] = outlook_view(plan, outlook);
  view["text"] = planner::plan_text(plan, forecast::outlook_text(plan, outlook));
  return view;
}

}  // namespace switchyard::api::views
