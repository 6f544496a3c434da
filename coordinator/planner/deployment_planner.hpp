#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "coordinator/model/host.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "protocol/message.hpp"

namespace switchyard::planner {

/// What the planner must know beside the manifest. The coordinator gathers it; the planner asks nobody.
struct PlanningFacts {
  DeploymentId deployment;
  std::uint64_t plan_seq = 0;
  std::int64_t not_after_wall_ms = 0;
  std::map<std::string, protocol::ArtifactRef> artifacts;            ///< component -> what to deploy
  std::map<HostId, std::vector<protocol::ComponentFact>> inventory;  ///< hosts that answered
  std::map<HostId, std::vector<std::string>> features;               ///< of the agents that are connected
  std::vector<HostId> unreachable;
  /// What earlier deployments did on each host, newest first: the slices' components of plans that ended in `done`
  /// (remember_plan() below fills it). From it the planner knows the configuration that serves, what a slot's unit file
  /// held before (undo), and how to bring an old release back (rollback). Without it a change of configuration alone
  /// goes unseen, and a rollback relies on the unit file that the old slot still has.
  std::map<HostId, std::vector<protocol::SliceComponent>> history;
  /// What was committed last for each component on the hosts, by whichever environment.
  std::vector<model::ServingRow> committed;
  std::string components_root = "/srv";
  std::string units_root = "/etc/systemd/system";
};

/// What is to be rolled back was deployed over since: a conflict with what is, and no mistake in what was asked.
struct OvertakenError : InputError {
  using InputError::InputError;
};

/// What would be done is not what was looked at any more.
struct PlanChangedError : InputError {
  using InputError::InputError;
};

/// A host that is needed does not answer just now: nothing is wrong with what was asked.
struct HostAwayError : InputError {
  using InputError::InputError;
};

/// A host has not the bytes that it is to go back to.
struct NotReadyError : InputError {
  using InputError::InputError;
};

/// A host's agent is too old for what the plan would have it do.
struct OldAgentError : InputError {
  using InputError::InputError;
};

/// Adds a finished plan to the history; call with the newest plan first.
void remember_plan(const model::Plan& done, PlanningFacts& facts);

/// The same without the id, number and expiry that one plan alone has: the hash of a plan made from these says what
/// would be done, and stays the same as long as that does. It is what people look at, and never what is carried out.
PlanningFacts to_look_at(PlanningFacts facts);

struct PlanOptions {
  bool no_rollback = false;
  bool sequential = false;
  bool no_monitoring = false;  ///< no watch window
};

/// Components whose release already serves on a host are left alone there; a plan may be empty (nothing to do).
/// Throws HostAwayError when a host that may not be left out does not answer, InputError when the manifest cannot be
/// planned otherwise (unknown host, ...). The result is not signed: header and hash are filled in, `signature` is
/// empty.
model::Plan plan_deployment(const model::Manifest& manifest, const PlanningFacts& facts, const PlanOptions& options);

/// A component on a host that a rollback leads to something else than what the undone deployment found there: to a
/// version that lies further back, or, where it was brought to the deployment later (deferred, or a replaced machine),
/// to what the others go back to.
struct BringBack {
  HostId host;
  model::Manifest manifest;  ///< of this component on this host alone
  protocol::ArtifactRef artifact;
  bool is_new_there = false;  ///< the host never had it, so that its commands (`run`) are called there after all
};

struct RollbackOptions {
  /// How it goes back, and how it is undone itself when it fails; nothing: as the deployment's settings say.
  std::optional<model::RollbackStrategy> strategy = {};
  /// What comes back is watched before the commit, as a new release is; what is deployed anew passes its tests again.
  bool verify = false;
  /// Of the version whose manifest something is deployed anew from: its times. Nothing: those of what is undone.
  std::optional<model::PlanSettings> restored = {};
};

/// The inverse of a finished deployment for these components (empty: all): every host back to `OldState old` of the
/// plan, as the deployment that brought it there had configured it, or to nothing when it was absent; those in
/// `bring_back` to what is named there. In both ways the hooks of the rollback are called and no others, no command
/// runs but those of BringBack::is_new_there, and no test but for RollbackOptions::verify. `facts.artifacts` is not
/// needed. Throws OvertakenError when a component has been deployed anew since, HostAwayError when a host does not
/// answer.
model::Plan plan_rollback(const model::Plan& done, const std::vector<std::string>& components,
                          const PlanningFacts& facts, const std::vector<BringBack>& bring_back = {},
                          const RollbackOptions& options = {});

/// What a deployment of the past brought to some hosts, to be brought there once more.
struct PartToRestore {
  model::Manifest manifest;                                ///< of the snapshot's components on its hosts alone
  std::map<std::string, protocol::ArtifactRef> artifacts;  ///< component -> what to deploy
  /// By host and component: files that are kept there under the snapshot's id, and come back with it.
  std::map<std::pair<HostId, std::string>, std::vector<std::string>> files;
};
struct SnapshotToRestore {
  SnapshotId id;
  std::string name;
  std::string environment;
  std::vector<PartToRestore> parts;  ///< the newest deployment's first: its settings are those of the plan
};
/// Every component of the snapshot on every host of it as it was; what is so already is left alone, unless it has files
/// that come back: its service begins anew, so that it reads them. All hosts have to answer (HostAwayError).
/// `facts.artifacts` is not needed. Throws InputError.
model::Plan plan_restore(const SnapshotToRestore& snapshot, const PlanningFacts& facts);

/// Throws NotReadyError unless every release of the plan lies whole where it is to serve, as the hosts have said.
void check_present(const model::Plan& plan, const PlanningFacts& facts);

/// Throws OldAgentError unless every connected agent knows what the plan would have it do. A step of a kind that it
/// does not know it would refuse in the middle of a deployment.
void check_features(const model::Plan& plan, const PlanningFacts& facts);

/// What to ask each host's agent before a plan is made: for a deployment, and for the rollback of one.
using InventoryQuestions = std::map<HostId, std::vector<protocol::InventoryQuestion>>;
InventoryQuestions inventory_questions(const model::Manifest& manifest);
InventoryQuestions inventory_questions(const model::Plan& done);
/// About one component as an earlier plan deployed it.
protocol::InventoryQuestion question_about(const protocol::SliceComponent& component);

}  // namespace switchyard::planner
