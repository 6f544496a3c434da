#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/crypto.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/configurations.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/inventory_rounds.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/plan_ground.hpp"
#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::fleet {

/// Where the agents keep things; the same on all hosts.
struct HostRoots {
  std::string components = "/srv";
  std::string units = "/etc/systemd/system";
};

/// What a plan of a manifest was made from.
struct PlanBasis {
  model::Manifest manifest;
  planner::PlanningFacts facts;
};

/// A plan that could be started, and what its row needs beside it.
struct PlannedDeployment {
  model::Plan plan;  ///< signed, unless it was asked for to be looked at only
  std::string version;
  std::vector<HostId> deferred;
  PlanGround ground;
  /// Of a plan that was not made once more; its manifest is empty where there was none (a rollback, a restore).
  std::optional<PlanBasis> basis;
};

/// Makes plans: asks the agents what serves, lets the planner plan, signs. Changes nothing but the plan number.
/// Loop thread only. Failures come as Refusal; StaleEpochError passes.
class Planning {
 public:
  Planning(store::StateStore& store, CommittedPlans& plans, const HostBook& hosts, const ArtifactStore& artifacts,
           InventoryRounds& inventory, const Configurations& configurations, const Clock& clock,
           SigningKeyPair plan_key, HostRoots roots);

  /// look: signed by nobody. propose: it may be started as long as an approval may take.
  enum class Use { look, start, propose };
  /// What a plan is made for.
  struct Purpose {
    Purpose(Use the_use, DeploymentId id = {}) : use(the_use), deployment(std::move(id)) {}  // NOLINT: a Use will do
    Use use;
    DeploymentId deployment;              ///< whose plan is made once more; empty: of a new one
    std::set<DeploymentId> origins = {};  ///< of what comes back: their plans are remembered, however old they are
  };
  void deployment(const DeployRequest& request, const Purpose& purpose, Reply<PlannedDeployment> reply);
  /// The same for these components on one host of a deployment that is already committed elsewhere.
  void convergence(const store::PutSource& source, const HostId& host, const std::set<std::string>& components,
                   Reply<PlannedDeployment> reply);
  /// Where it is asked to lead; nothing: to what served before. Throws StoreError.
  Answer<std::optional<ChosenTarget>> choose(const model::DeploymentRow& done, const RollbackRequest& request) const;
  /// `target`: as it was chosen for this request.
  void rollback(const model::DeploymentRow& done, const RollbackRequest& request,
                const std::optional<ChosenTarget>& target, const Purpose& purpose, Reply<PlannedDeployment> reply);
  /// What the snapshot says, on all of its hosts that are left. In snapshot_planning.cpp.
  void restore(const model::SnapshotRow& snapshot, const Purpose& purpose, Reply<PlannedDeployment> reply);
  /// Asks the hosts, and lets `see` look at their answers beside what is remembered of them. Plans nothing.
  using See = std::function<void(const planner::PlanningFacts&)>;
  void look(InventoryRounds::Questions questions, See see, Reply<PlanGround> reply);
  /// Why what was looked at may be another by now.
  std::optional<Refusal> refuse_since(const PlanGround& ground) const;
  /// Only that.
  void ask_hosts(InventoryRounds::Questions questions, InventoryRounds::Done done) {
    inventory_.ask(std::move(questions), std::move(done));
  }
  /// The plan of a deployment that waits for approval, as it would be made now: with its id, and unsigned.
  void again(const model::DeploymentRow& draft, Reply<PlannedDeployment> reply);
  /// With the plan key that is in force now. Throws InputError when a host would refuse the plan.
  void sign(model::Plan& plan) const;

 private:
  using MakePlan = std::function<model::Plan(const planner::PlanningFacts&)>;
  void deployment_of(planner::ChosenComponents chosen, const DeployRequest& request, const Purpose& purpose,
                     Reply<PlannedDeployment> reply);
  /// As it was asked when the rollback was proposed.
  Answer<std::optional<ChosenTarget>> target_again(const model::ApprovalRow& asked, const model::DeploymentRow& done,
                                                   RollbackRequest request) const;
  std::optional<Refusal> configure(const model::Configuration& configuration, model::Manifest& manifest) const;
  /// What is only looked at needs no bytes: the sizes that the request names will do.
  std::optional<Refusal> collect_artifacts(const model::Manifest& manifest, const DeployRequest& request, Use use,
                                           planner::PlanningFacts& facts) const;
  /// A host of the manifest that the fleet has not, or whose agent cannot answer yet, with its line.
  std::optional<Refusal> refuse_unknown_hosts(const model::Manifest& manifest) const;
  std::optional<Refusal> refuse_hosts(const InventoryRounds::Questions& questions) const;
  /// What another deployment is changing cannot be planned from: what serves there now may be taken back.
  std::optional<Refusal> refuse_locked(const InventoryRounds::Questions& questions) const;
  /// `ask_more`: what the history makes one ask the hosts beside their own part of the deployment.
  using AskMore = std::function<InventoryRounds::Questions(const planner::PlanningFacts&)>;
  void gather(InventoryRounds::Questions questions, planner::PlanningFacts facts, const Purpose& purpose,
              std::string version, const AskMore& ask_more, MakePlan make, Reply<PlannedDeployment> reply);
  Answer<PlannedDeployment> finish(PlanGround ground, planner::PlanningFacts facts, const Purpose& purpose,
                                   const std::string& version, const MakePlan& make);
  void remember_history(const InventoryRounds::Questions& questions, const Purpose& purpose,
                        planner::PlanningFacts& facts) const;

  store::StateStore& store_;
  CommittedPlans& plans_;
  const HostBook& hosts_;
  const ArtifactStore& artifacts_;
  InventoryRounds& inventory_;
  const Configurations& configurations_;
  const Clock& clock_;
  SigningKeyPair plan_key_;
  HostRoots roots_;
  std::size_t open_ = 0;
};

/// As it was called when it was uploaded last; empty when it is not known.
std::string version_of_release(const store::StateStore& store, const ReleaseId& release);

/// What served before `done` by the version that it was deployed as, which `--to` knows it by. Its bytes may have been
/// uploaded under another one since; that one is given when the deployment is not known any more.
std::string version_before(const store::StateStore& store, const model::DeploymentRow& done,
                           const protocol::SliceComponent& component);

/// The part of the manifest that concerns one host, and of it only these components unless they are none: as it is
/// brought to a host after the others, all at once. Pure.
model::Manifest manifest_for_host(const model::Manifest& manifest, const HostId& host,
                                  const std::set<std::string>& components = {});

}  // namespace switchyard::fleet
