#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/access/principal.hpp"
#include "coordinator/model/api_token.hpp"
#include "coordinator/model/approval.hpp"
#include "coordinator/model/deployment.hpp"
#include "coordinator/model/host.hpp"
#include "coordinator/model/plan.hpp"
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

struct DeployRequest {
  std::string manifest;                        ///< YAML text
  std::string file_name;                       ///< for messages: file:line:column
  std::string environment;                     ///< overrides metadata.environment when not empty
  std::map<std::string, ReleaseId> artifacts;  ///< component -> uploaded artifact
  bool no_rollback = false;
  bool sequential = false;
  bool no_monitoring = false;
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
};

struct HostView {
  model::HostRow row;
  bool connected = false;
};
/// What was committed last for a component on a host, and what is to become of it.
struct ServingView {
  model::ServingRow row;           ///< its deployment is empty: nothing was committed there yet
  std::int64_t since_wall_ms = 0;  ///< 0: not known
  bool connected = false;          ///< the host's agent
  bool removed = false;            ///< the host left the fleet
  DeploymentId owed;               ///< the host was away, or is new: it is still to be brought to this one
  DeploymentId changing;           ///< this one is at work there
};
/// Per host and component: how far it is, as heard from the agent.
struct ProgressView {
  HostId host;
  std::string component;
  std::string state;  ///< pending, staging, staged, swapping, swapped, held, committed, failed (while paused),
                      ///< reverting, reverted, stuck, deferred, gone
  std::string step;   ///< the running or last step's title
  std::string detail;
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
  std::optional<model::Plan> plan;  ///< when one is looked at
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
                    Reply<model::Plan> reply) = 0;  ///< changes nothing
  virtual void start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) = 0;
  virtual void start_rollback(const Caller& caller, const RollbackRequest& request, Reply<DeploymentView> reply) = 0;
  virtual Answer<DeploymentView> deployment(const Caller& caller, const DeploymentId& id) const = 0;
  virtual std::vector<model::DeploymentRow> deployments(const Caller& caller, std::size_t limit) const = 0;
  virtual std::vector<model::TimelineEntry> timeline(const Caller& caller, const DeploymentId& id, std::size_t after,
                                                     std::size_t limit) const = 0;
  /// Calls back once when the timeline is longer than `after`, the deployment has ended, or `wait_ms` has passed.
  virtual void when_timeline_grows(const Caller& caller, const DeploymentId& id, std::size_t after,
                                   std::int64_t wait_ms, std::function<void()> reply) = 0;
  virtual Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) = 0;
  virtual Answer<bool> resume(const Caller& caller, const DeploymentId& id) = 0;
  /// What rests (between the shares of a canary, or between batches) goes on now; the answer names it. With `share`
  /// only where nothing rests but that share of a canary: who saw it cannot let another one go on.
  virtual Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                                   std::optional<std::uint32_t> share) = 0;
  virtual Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                                    const std::string& reason) = 0;

  // --- fleet ---
  virtual std::vector<HostView> hosts(const Caller& caller) const = 0;
  virtual Answer<bool> add_host(const Caller& caller, const HostId& host,
                                const std::map<std::string, std::string>& labels) = 0;
  virtual Answer<bool> remove_host(const Caller& caller, const HostId& host) = 0;
  /// The old key is revoked; the answer's token enrols the new machine under the same name.
  virtual Answer<TokenMade> replace_host(const Caller& caller, const HostId& host) = 0;
  virtual Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern) = 0;
  virtual Answer<bool> revoke_agent(const Caller& caller, const HostId& host) = 0;
  virtual std::vector<ServingView> serving(const Caller& caller) const = 0;

  /// Nothing when no recovery is needed.
  virtual std::optional<RecoveryView> recovery(const Caller& caller) const = 0;
  virtual Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request) = 0;

  virtual Answer<KeysView> keys(const Caller& caller) const = 0;
  /// Announces the coordinator's next keys; puts them into force when every host knows them. To be repeated until then.
  virtual Answer<KeysView> renew_keys(const Caller& caller, const RenewKeysRequest& request) = 0;

  virtual Answer<std::vector<store::StoredAudit>> audit(const Caller& caller, std::uint64_t after_seq,
                                                        std::size_t limit) const = 0;

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
};

}  // namespace switchyard::fleet
