#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/secret_text.hpp"
#include "coordinator/access/principal.hpp"
#include "coordinator/forecast/outlook.hpp"
#include "coordinator/forecast/simulation.hpp"
#include "coordinator/model/api_token.hpp"
#include "coordinator/model/approval.hpp"
#include "coordinator/model/checks_report.hpp"
#include "coordinator/model/configuration.hpp"
#include "coordinator/model/deployment.hpp"
#include "coordinator/model/host.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/model/registered_check.hpp"
#include "coordinator/model/snapshot.hpp"
#include "coordinator/model/verdict.hpp"
#include "coordinator/store/state_store.hpp"

/// Everything that a person, a CI job or an assistant can ask of the coordinator: the one door that the HTTP API (and
/// later MCP) goes through. Called on the loop's thread; the answers come on it too. Every change writes its audit row.
/// FleetOperations does what it is asked; GuardedOperations, before it, asks who may (coordinator/access).
namespace switchyard::fleet {

/// Who asks, and from where.
struct Caller {
  std::string principal;       ///< local:root, token:alice
  std::string origin;          ///< unix socket, 127.0.0.1:51234
  access::Principal who = {};  ///< what was given to him; asked by GuardedOperations
  std::string token = {};      ///< the mark of the bearer token (access::token_mark); empty: none was needed
  /// He asks for what would happen (--dry-run): all is checked as else, nothing is changed, and the answer is a
  /// rehearsal (coordinator/fleet/rehearsal.hpp).
  bool rehearses = false;
};

/// A refusal that the caller can do something about; becomes an HTTP status and an error body.
struct Refusal {
  /// 400 bad input, 403 not allowed, 404 not found, 409 in conflict with how things stand (another deployment, a host
  /// that does not answer), 422 cannot be planned, 503 the coordinator cannot work now.
  int status = 400;
  std::string code;  ///< a short stable word
  std::string message;
  std::map<std::string, std::string> details;
};
template <class T>
using Answer = std::variant<T, Refusal>;
template <class T>
using Reply = std::function<void(Answer<T>)>;

/// What a plan needs to know of an artifact whose bytes are not here.
struct ArtifactSize {
  std::uint64_t bytes = 0;           ///< of the archive
  std::uint64_t unpacked_bytes = 0;  ///< of all files
};
struct DeployRequest {
  std::string manifest;                        ///< YAML text
  std::string file_name;                       ///< for messages: file:line:column
  std::string environment;                     ///< overrides metadata.environment when not empty
  std::map<std::string, ReleaseId> artifacts;  ///< component -> uploaded artifact
  bool no_rollback = false;
  bool sequential = false;
  bool no_monitoring = false;
  std::vector<std::string> components = {};  ///< only these of the manifest; empty: all
  std::string run_tests = {};                ///< in place of the manifest's own (model::RunTests); empty: that
  std::string override_freeze = {};          ///< why it may begin in a freeze window; empty: it may not
  model::Configuration configuration = {};   ///< of the components that ask for one, and the limits of all
  model::ManifestDefaults defaults = {};     ///< what stands where the manifest says nothing
  /// Of artifacts that were not uploaded, by component: enough for a look, and not for a start.
  std::map<std::string, ArtifactSize> artifact_sizes = {};
  std::string plan_hash;        ///< start only what has this hash when it is looked at; empty: whatever is planned
  std::string idempotency_key;  ///< the same key never starts a second deployment
};
struct RollbackRequest {
  DeploymentId deployment;
  std::vector<std::string> components;  ///< empty: all
  std::string reason;
  std::string idempotency_key;
  std::vector<HostId> without = {};  ///< they do not answer, and are left out; they follow when they are back
  bool to_nothing = false;           ///< a service may be taken away, where nothing ran before
  std::optional<model::RollbackStrategy> strategy = {};  ///< nothing: as the manifest said
  bool verify_after_rollback = false;                    ///< planner::RollbackOptions::verify
  /// A version, or the id of a committed deployment, that is to serve again, from bytes that every host has; empty:
  /// what served before.
  std::string target_version = {};
};

/// Where a component of a version is to lie.
struct TargetPlace {
  HostId host;
  std::string component;
  ReleaseId release;
  std::optional<bool> present = {};  ///< whole, on that host; nothing: it does not answer, or cannot be asked
  DeploymentId asked_as = {};        ///< whose plan says how the host is asked; empty: none is known
};
/// A committed deployment that one may go back to.
struct RollbackTarget {
  model::DeploymentRow row;
  int score = 0;                 ///< 0 to 100: health_score.hpp
  std::vector<std::string> why;  ///< what was taken off, and for what
  bool serving = false;
  bool rolled_back = false;
  bool last_stable = false;
  std::vector<TargetPlace> places;
};
/// The committed deployments of one name in one environment, newest first.
struct Lineage {
  std::string environment;
  std::string name;
  std::vector<RollbackTarget> targets = {};
  DeploymentId undo = {};  ///< the newest that is done, a rollback too: what a rollback to another version undoes
};

/// What runs in an environment is to be written down.
struct SnapshotRequest {
  std::string environment;
  std::string name;  ///< empty: the only one that serves there
  std::string reason;
};
struct RestoreRequest {
  SnapshotId snapshot;
  std::string reason;
  std::string idempotency_key;
};
/// A place of a snapshot, as it is when somebody looks.
struct PlaceNow {
  enum class State { same, different, unknown, left };  ///< unknown: its host does not answer; left: the fleet
  State state = State::unknown;
  std::vector<std::string> differences = {};  ///< or why it is not known
  std::optional<bool> present = {};           ///< the release's bytes, whole, on the host
  bool kept = false;                          ///< the release's bytes, by the coordinator
};
struct SnapshotView {
  model::SnapshotRow row;
  bool whole = false;  ///< its checksum is that of what it says
  // When one is looked at:
  std::vector<PlaceNow> now = {};       ///< of each place, in the order of the row's
  std::string why_not = {};             ///< it cannot be restored now; empty: it can
  std::vector<std::string> since = {};  ///< serves under its name by now, and is in none of its places
};

/// A plan that was made to be looked at.
struct PlanView {
  model::Plan plan;
  forecast::Outlook outlook;
};
/// What a plan would come to, by the engine itself.
struct SimulationView {
  std::string plan_hash;
  forecast::Simulation simulation;
  std::vector<std::string> unmeasured;  ///< kinds of steps without a history: they take no time in it
};
struct HostView {
  model::HostRow row;
  bool connected = false;
};
/// A host that remembers a head of the audit chain.
struct WitnessView {
  HostId host;
  std::string audit_head;  ///< empty: it has said none, or is not connected
  bool connected = false;
};
/// What a host says of a component now, beside what was committed there. Read back, and remembered by nobody.
struct ServingNow {
  /// unknown: its agent is away, does not answer, or cannot tell; or the component is being changed.
  enum class State { as_committed, different, unknown };
  State state = State::unknown;
  std::string why = {};  ///< how it differs, or why it is not known; empty: as committed
};
/// What was committed last for a component on a host, and what is to become of it.
struct ServingView {
  model::ServingRow row;               ///< its deployment is empty: nothing was committed there yet
  std::int64_t since_wall_ms = 0;      ///< 0: not known
  bool connected = false;              ///< the host's agent
  std::int64_t last_seen_wall_ms = 0;  ///< when the host was heard last; 0: never
  bool removed = false;                ///< the host left the fleet
  DeploymentId owed;                   ///< the host was away, or is new: it is still to be brought to this one
  DeploymentId changing;               ///< this one is at work there
  ServingNow now = {};
};
/// Per host and component: how far it is, as heard from the agent.
struct ProgressView {
  HostId host;
  std::string component;
  std::string state;  ///< pending, staging, staged, swapping, swapped, held, committed, failed (while paused),
                      ///< reverting, reverted, stuck, deferred, gone
  std::string step;   ///< the running or last step's title
  std::string detail;
  /// Its host is away, and was told to switch: unless it gets word in time, it goes back, and nobody hears of that yet.
  bool may_have_gone_back = false;
};
/// What has switched, is watched, and holds up what comes after.
struct PauseView {
  std::string what;                         ///< "10 % of the traffic of api", "api on web-1, web-2"
  bool promotion = false;                   ///< it waits for a person: the pause is over
  std::optional<std::uint32_t> share = {};  ///< of a canary, in percent
};
struct DeploymentView {
  model::DeploymentRow row;
  std::vector<ProgressView> progress;
  std::vector<PauseView> pauses;
  std::optional<model::Plan> plan;
  DeploymentId rolled_back_by;    ///< a finished rollback that undid it since, at least in part
  std::vector<std::string> kept;  ///< rollback of some components: those that go on with what it does not undo
  std::optional<model::ChecksReport> checks;  ///< what became of its health checks, once it is over
  std::string previous_version = {};          ///< rollback, restore: of what it undoes; empty: none, or nobody named it
};
struct TokenMade {
  std::string id;
  std::string enrolment;  ///< the one string that the agent needs; shown once
  std::int64_t expires_wall_ms = 0;
  std::vector<std::string> lost = {};  ///< replaced host: components whose manifest is not known any more
};

/// Somebody's word on a deployment that waits for approval.
struct ApprovalWish {
  DeploymentId deployment;
  bool grant = true;
  std::string plan_hash;  ///< of the plan that he has looked at
  std::string reason;
  std::string totp;  ///< the code of an authenticator app; empty: none
};
struct ApprovalView {
  model::ApprovalRow row;
  model::DeploymentRow deployment;
  std::optional<model::Plan> plan;   ///< when one is looked at
  std::string override_freeze = {};  ///< when one is looked at: why it may begin in a freeze window
};

struct ApiTokenRequest {
  std::string name;  ///< whose it is
  access::Kind kind = access::Kind::person;
  access::Role role = access::Role::viewer;
  std::string environment;   ///< or access::every_environment
  std::int64_t life_ms = 0;  ///< 0: the default
};
struct ApiTokenMade {
  model::ApiTokenRow row;
  std::string token;  ///< shown once
};

struct SecretRequest {
  std::string environment;
  std::string name;
  SecretText value;
};
/// What anybody is told of a secret.
struct SecretView {
  std::string environment;
  std::string name;
  std::uint64_t version = 0;
  std::string created_by;
  std::int64_t created_wall_ms = 0;
  bool operator==(const SecretView&) const = default;
};

/// An old copy of the store was restored, and the hosts know more than it.
struct RecoveryView {
  std::uint64_t epoch_obeyed = 0;  ///< the newest that a host has heard of
  std::uint64_t epoch_stored = 0;
  std::vector<HostId> heard;    ///< hosts whose journals are known
  std::vector<HostId> missing;  ///< hosts that were not heard of yet
  bool operator==(const RecoveryView&) const = default;
};
struct RecoverRequest {
  std::vector<HostId> without;  ///< hosts that are gone: what only they know is given up
  std::string reason;
};
struct RecoveryDone {
  std::uint64_t epoch = 0;
  std::vector<DeploymentId> committed;  ///< whose decision was lost, and is proven by a host
  std::vector<DeploymentId> aborted;    ///< unknown to the store, and committed nowhere
  std::vector<HostId> admitted = {};    ///< whose keys are in force; a revocation may have been lost
  std::size_t tokens_burnt = 0;
};

/// The coordinator's own keys, by the names that its agents log (protocol::keys_name).
struct KeysView {
  struct Host {
    HostId id;
    bool connected = false;
    bool operator==(const Host&) const = default;
  };
  std::string present;
  std::string next;            ///< announced; empty: none
  std::vector<Host> known_by;  ///< enrolled hosts that have written the next ones down
  std::vector<Host> missing;   ///< those that were not heard to have
  std::vector<DeploymentId> at_work;
  bool in_force = false;  ///< the next ones have taken the place: the coordinator is about to begin anew
};
struct RenewKeysRequest {
  std::vector<HostId> without;  ///< they are not waited for, and have to be enrolled anew
  std::string reason;
};

/// Health checks that are to be known by name.
struct RegisterChecksRequest {
  std::string environment;
  std::string file_name;    ///< for messages
  std::string definitions;  ///< YAML text
};
/// Which of them to run now: by name, by tag (any of them), or all.
struct RunChecksRequest {
  std::string environment;
  std::vector<std::string> names;
  std::vector<std::string> tags;
  bool all = false;
  std::vector<HostId> hosts;   ///< only on these; empty: wherever they belong
  std::int64_t cached_ms = 0;  ///< an answer that is no older will do
};

class Operations {
 public:
  virtual ~Operations() = default;

  // --- artifacts: manifest first, then the missing chunks, then complete ---
  virtual Answer<std::vector<std::uint32_t>> begin_artifact(
      const Caller& caller, const ReleaseId& release, const std::string& manifest) = 0;  ///< missing chunk indexes
  virtual Answer<bool> put_chunk(const Caller& caller, const ReleaseId& release, std::uint32_t index,
                                 const std::string& bytes) = 0;
  virtual Answer<bool> complete_artifact(const Caller& caller, const ReleaseId& release, const std::string& component,
                                         const std::string& version) = 0;
  virtual std::vector<store::PutArtifact> artifacts(const Caller& caller) const = 0;

  // --- deployments ---
  virtual void plan(const Caller& caller, const DeployRequest& request,
                    Reply<PlanView> reply) = 0;  ///< changes nothing
  /// `fail`: the step that fails, as forecast::find_failing_step() takes it; empty: none. Changes nothing.
  virtual void simulate(const Caller& caller, const DeployRequest& request, const std::string& fail,
                        Reply<SimulationView> reply) = 0;
  virtual void start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) = 0;
  virtual void start_rollback(const Caller& caller, const RollbackRequest& request, Reply<DeploymentView> reply) = 0;
  /// Of this environment and name; empty: of any. The hosts are asked where the releases lie.
  virtual void rollback_targets(const Caller& caller, const std::string& environment, const std::string& name,
                                Reply<std::vector<Lineage>> reply) = 0;
  virtual Answer<DeploymentView> deployment(const Caller& caller, const DeploymentId& id) const = 0;
  virtual std::vector<model::DeploymentRow> deployments(const Caller& caller, std::size_t limit) const = 0;
  virtual std::vector<model::TimelineEntry> timeline(const Caller& caller, const DeploymentId& id, std::size_t after,
                                                     std::size_t limit) const = 0;
  /// Calls back once when the timeline is longer than `after`, the deployment has ended, or `wait_ms` has passed.
  virtual void when_timeline_grows(const Caller& caller, const DeploymentId& id, std::size_t after,
                                   std::int64_t wait_ms, std::function<void()> reply) = 0;
  virtual Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) = 0;
  /// It stands still where it is until it is resumed or cancelled.
  virtual Answer<bool> hold(const Caller& caller, const DeploymentId& id, const std::string& reason) = 0;
  virtual Answer<bool> resume(const Caller& caller, const DeploymentId& id) = 0;
  /// What rests (between the shares of a canary, or between batches) goes on now; the answer names it. With `share`
  /// only where nothing rests but that share of a canary: who saw it cannot let another one go on.
  virtual Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                                   std::optional<std::uint32_t> share) = 0;
  virtual Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                                    const std::string& reason) = 0;

  // --- snapshots ---
  /// The hosts say what serves, and keep the files and schemas that the manifests name (`files_to_backup`,
  /// `schemas_to_backup`).
  virtual void create_snapshot(const Caller& caller, const SnapshotRequest& request, Reply<SnapshotView> reply) = 0;
  /// Newest first; of this environment and name, empty: of any.
  virtual std::vector<SnapshotView> snapshots(const Caller& caller, const std::string& environment,
                                              const std::string& name, std::size_t limit) const = 0;
  /// The hosts are asked what serves now; with `schemas` also to read the schemas of databases once more, which takes
  /// locks there for a moment.
  virtual void snapshot(const Caller& caller, const SnapshotId& id, bool schemas, Reply<SnapshotView> reply) = 0;
  virtual void restore_snapshot(const Caller& caller, const RestoreRequest& request, Reply<DeploymentView> reply) = 0;
  virtual Answer<bool> remove_snapshot(const Caller& caller, const SnapshotId& id) = 0;

  // --- fleet ---
  virtual std::vector<HostView> hosts(const Caller& caller) const = 0;
  virtual Answer<bool> add_host(const Caller& caller, const HostId& host,
                                const std::map<std::string, std::string>& labels) = 0;
  virtual Answer<bool> remove_host(const Caller& caller, const HostId& host) = 0;
  /// The old key is revoked; the answer's token enrols the new machine under the same name.
  virtual Answer<TokenMade> replace_host(const Caller& caller, const HostId& host) = 0;
  virtual Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern) = 0;
  virtual Answer<bool> revoke_agent(const Caller& caller, const HostId& host) = 0;
  /// Asks the hosts that are connected: at most limits::inventory_ms_max.
  virtual void serving(const Caller& caller, Reply<std::vector<ServingView>> reply) = 0;
  /// That the coordinator knows of, by name.
  virtual std::vector<std::string> environments(const Caller& caller) const = 0;

  /// Nothing when no recovery is needed.
  virtual std::optional<RecoveryView> recovery(const Caller& caller) const = 0;
  virtual Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request) = 0;

  virtual Answer<KeysView> keys(const Caller& caller) const = 0;
  /// Announces the coordinator's next keys; puts them into force when every host knows them. To be repeated until then.
  virtual Answer<KeysView> renew_keys(const Caller& caller, const RenewKeysRequest& request) = 0;

  virtual Answer<std::vector<store::StoredAudit>> audit(const Caller& caller, std::uint64_t after_seq,
                                                        std::size_t limit) const = 0;
  /// Which head of the audit chain each host remembers.
  virtual Answer<std::vector<WitnessView>> witnesses(const Caller& caller) const = 0;

  // --- registered health checks ---
  /// In the place of those of the same names; the names.
  virtual Answer<std::vector<std::string>> register_checks(const Caller& caller,
                                                           const RegisterChecksRequest& request) = 0;
  virtual std::vector<model::RegisteredCheck> registered_checks(const Caller& caller) const = 0;
  virtual Answer<bool> remove_check(const Caller& caller, const std::string& environment, const std::string& name) = 0;
  /// On the hosts that matter, at the same time.
  virtual void run_checks(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply) = 0;

  // --- approvals ---
  /// Newest first.
  virtual std::vector<ApprovalView> approvals(const Caller& caller, std::size_t limit) const = 0;
  virtual Answer<ApprovalView> approval(const Caller& caller, const DeploymentId& id) const = 0;
  /// With the last word that is needed the deployment starts.
  virtual void decide_approval(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply) = 0;

  // --- who may use the API ---
  /// Whose token has this digest (64 hexadecimal digits); nothing when it is unknown, expired or revoked.
  virtual std::optional<access::Bearer> bearer(const std::string& digest) const = 0;
  /// Somebody came with a token that is none.
  virtual void turned_away(const std::string& origin) = 0;
  virtual Answer<ApiTokenMade> create_api_token(const Caller& caller, const ApiTokenRequest& request) = 0;
  /// Oldest first, the revoked and expired ones too.
  virtual std::vector<model::ApiTokenRow> api_tokens(const Caller& caller) const = 0;
  virtual Answer<bool> revoke_api_token(const Caller& caller, const std::string& id) = 0;
  /// What an authenticator app reads, shown once. `code`: of the app that this one replaces.
  virtual Answer<std::string> enrol_totp(const Caller& caller, const std::string& code) = 0;
  virtual Answer<bool> reset_totp(const Caller& caller, const std::string& person) = 0;

  // --- secrets: their values come in, and go to hosts alone ---
  virtual Answer<SecretView> set_secret(const Caller& caller, const SecretRequest& request) = 0;
  virtual std::vector<SecretView> secrets(const Caller& caller) const = 0;
  virtual Answer<bool> remove_secret(const Caller& caller, const std::string& environment, const std::string& name) = 0;
};

}  // namespace switchyard::fleet
