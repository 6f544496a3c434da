#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What happens when an old copy of the store was restored. A host that has obeyed a newer epoch than ours, or has a
/// deployment in its journal that the store has not, knows more than the store: decisions may be missing that were
/// carried out. From then on every agent is refused, so no command leaves, until a person has said `switchyard
/// recover`; meanwhile each HELLO adds to what the hosts' journals say. recover() then writes down what they prove (a
/// deployment that one host has committed is committed; one that none has, is not), takes an epoch above all that were
/// obeyed, and lets everybody in. Owned by the composition root; loop thread.
/// Throws StoreError, and StaleEpochError where another coordinator holds the store: then it is this process that is
/// old, not the store.
class Recovery {
 public:
  Recovery(store::StateStore& store, AgentRegistry& registry, DeploymentRuns& runs, const HostBook& hosts,
           const Clock& clock)
      : store_(store), registry_(registry), runs_(runs), hosts_(hosts), clock_(clock) {}

  /// Why this agent is refused; nothing when all is well.
  std::optional<std::string> refuses(const HostId& host, const protocol::Hello& hello);

  /// Nothing when no recovery is needed.
  std::optional<RecoveryView> view() const;
  /// Why nothing may be started now.
  std::optional<Refusal> refuse_start() const;
  Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request);

 private:
  bool is_behind(const protocol::Hello& hello);
  bool knows(const protocol::DeploymentReport& report);
  void begin(const HostId& host, std::uint64_t epoch);
  std::vector<HostId> missing(const RecoverRequest& request) const;
  store::Transaction what_is_proven(RecoveryDone& done) const;

  store::StateStore& store_;
  AgentRegistry& registry_;
  DeploymentRuns& runs_;
  const HostBook& hosts_;
  const Clock& clock_;
  bool active_ = false;
  std::uint64_t epoch_seen_ = 0;
  HostId first_;  ///< who was ahead
  /// Deployments that need not be looked up again; with `true`, those that are known to be committed.
  std::set<std::pair<DeploymentId, bool>> known_;
  std::map<HostId, std::vector<protocol::DeploymentReport>> reports_;
};

}  // namespace switchyard::fleet
