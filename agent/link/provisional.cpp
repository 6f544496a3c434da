#include "agent/link/provisional.hpp"

namespace switchyard::agent {
namespace {

bool is_undecided(protocol::AgentState state) {
  using protocol::AgentState;
  return state == AgentState::swapping || state == AgentState::swapped || state == AgentState::held ||
         state == AgentState::reverting || state == AgentState::stuck;
}

std::string why(const protocol::DeploymentReport& report) {
  const std::string deployment = "deployment " + report.deployment.str();
  if (report.state == protocol::AgentState::stuck) {
    return deployment + " could not be taken back there and is stuck; see switchyard deploy status " +
           report.deployment.str();
  }
  return deployment + " is " + std::string(protocol::agent_state_name(report.state)) +
         " there, and not over; try again in a moment";
}

}  // namespace

Provisional provisional_components(const AgentCore& core, std::int64_t now_boot_ms) {
  Provisional provisional;
  for (const protocol::DeploymentReport& report : core.reports(now_boot_ms)) {
    if (!is_undecided(report.state)) continue;
    for (const protocol::ComponentReport& component : report.components) {
      provisional[component.component] = why(report);
    }
  }
  return provisional;
}

void mark_provisional(const Provisional& provisional, protocol::InventoryReply& reply) {
  for (protocol::ComponentFact& fact : reply.components) {
    const auto found = provisional.find(fact.component);
    if (found != provisional.end() && fact.problem.empty()) fact.problem = found->second;
  }
}

}  // namespace switchyard::agent
