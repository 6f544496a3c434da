#pragma once

#include <map>
#include <set>

#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/deployment_starter.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/timers.hpp"

namespace switchyard::fleet {

/// Brings hosts that were left out of a committed deployment, or whose machine was replaced, to what was committed, as
/// soon as they are connected. Loop thread only.
class Convergence {
 public:
  Convergence(store::StateStore& store, Planning& planning, DeploymentStarter& starter, const AgentRegistry& registry,
              Timers& timers, const Clock& clock);

  /// Who is behind is read anew. At the start, and after anything that leaves a host behind.
  void refresh();
  void host_connected(const HostId& host);
  void deployment_finished(const model::DeploymentRow& row);

 private:
  void converge(const HostId& host);
  void planned(const HostId& host, const Deferral& deferral, Answer<PlannedDeployment> answer);
  /// Agents took their time to answer: whether the plan was made for nothing.
  bool is_overtaken(const HostId& host, const Deferral& deferral) const;
  void failed(const HostId& host, const DeploymentId& target, const std::string& why);

  store::StateStore& store_;
  Planning& planning_;
  DeploymentStarter& starter_;
  const AgentRegistry& registry_;
  Timers& timers_;
  const Clock& clock_;
  std::set<HostId> behind_;
  std::set<HostId> busy_;                ///< a plan is being made, or a deployment runs
  std::set<HostId> resting_;             ///< the last try failed, and its time has not come yet
  std::map<HostId, unsigned> attempts_;  ///< since the host connected
};

}  // namespace switchyard::fleet
