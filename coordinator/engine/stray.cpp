#include "coordinator/engine/stray.hpp"

#include "common/planted.hpp"

namespace switchyard::engine {

std::optional<protocol::Message> settle_stray(const protocol::DeploymentReport& report,
                                              std::optional<model::Decision> decision) {
  using protocol::AgentState;
  if (report.state == AgentState::idle || report.state == AgentState::reverted) return std::nullopt;
  if (report.state == AgentState::committed) return std::nullopt;
  if (decision == model::Decision::commit && !PLANTED(stray_that_holds_is_aborted)) {
    if (report.state == AgentState::held) return protocol::Commit{report.deployment};
    // Every host that was counted had said HELD, so this one was declared gone. It has to let go of its components:
    // what was committed without it comes with a deployment of its own.
    return protocol::Abort{report.deployment, {}, true, "this deployment was committed without this host"};
  }
  return protocol::Abort{report.deployment, {}, true, "this deployment was rolled back while the host was away"};
}

}  // namespace switchyard::engine
