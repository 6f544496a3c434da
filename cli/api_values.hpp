#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/model/audit_export.hpp"
#include "coordinator/model/manifest.hpp"

/// The coordinator's answers as plain values. Every text in them has been made printable (printable.hpp), so that
/// nothing which a host or another person wrote reaches the terminal raw. Times are milliseconds since 1970, 0: not
/// yet. The readers throw DecodeError when an answer has not the documented shape.
namespace switchyard::cli {

struct Progress {
  std::string host, component, state, step, detail;
  bool may_have_gone_back = false;  ///< its host is away: what is said is what was heard last
  bool operator==(const Progress&) const = default;
};
/// What has switched, is watched, and holds up what comes after.
struct Pause {
  std::string what;
  bool promotion = false;  ///< it waits for a person
};
/// Something that went wrong in a deployment, and what was done upon it.
struct DeploymentError {
  std::string phase, severity, category, trigger, host, component, message, action, reason;
  std::string check = {};  ///< by name, when it was one that failed
  bool recoverable = false;
  std::vector<std::string> suggested_actions;
};
/// What became of the health checks of one tier.
struct CheckTier {
  std::int64_t tier = 0;
  std::string state;
  std::int64_t checks = 0, passed = 0, warned = 0, failed = 0;
};
/// What one check of a component found on one host.
struct CheckFinding {
  std::string host, component, check, status, message;
  std::int64_t tier = 0;
  bool critical = true;
  std::optional<std::int64_t> duration_ms = {};
};
struct Deployment {
  std::string id, kind, rollback_of, snapshot, name, environment, version, state, reason, author, plan_hash;
  bool final = false;
  std::string rolled_back_by;     ///< a finished rollback that undid it since, at least in part
  std::vector<std::string> kept;  ///< rollback of some: components that go on with the release of the undone one
  std::int64_t created_ms = 0;
  std::int64_t finished_ms = 0;
  std::vector<std::string> deferred, gone;
  std::int64_t resumed = 0;
  std::vector<Progress> progress;
  std::vector<Pause> pauses;
  std::vector<DeploymentError> errors = {};
  std::string checks = {};  ///< empty: it is not over, brought nothing, or the coordinator is of the version before
  std::string run_tests = {};
  std::vector<CheckTier> check_tiers = {};
  std::vector<std::string> warnings = {};
  std::vector<CheckFinding> check_results = {};
  std::int64_t check_results_left_out = 0;
};
struct TimelineEntry {
  std::int64_t wall_ms = 0;
  std::string host, component, what, state, text;
  bool undo = false;   ///< of a step: its undo was run
  std::string detail;  ///< of a step: what was read back, or why it failed
};
struct Timeline {
  std::vector<TimelineEntry> entries;
  std::size_t next = 0;
  Deployment deployment;
};
struct Plan {
  std::string hash, text;
  bool empty = true;     ///< nothing would change
  std::string dot = {};  ///< the graph for Graphviz
};
struct Host {
  std::string name, agent_version;
  bool connected = false, enrolled = false, revoked = false, removed = false;
  std::map<std::string, std::string> labels;
  std::int64_t enrolled_ms = 0;
  std::int64_t last_seen_ms = 0;
};
/// What was committed last for a component on a host. Ids are empty where there is none.
struct Serving {
  std::string host, environment, component, version, deployment;
  std::string kind;  ///< absent, release, legacy
  std::string slot, release;
  std::int64_t since_ms = 0;
  bool connected = false, host_removed = false;
  std::int64_t last_seen_ms = 0;
  std::string now;       ///< as_committed, different, unknown: as the host says now; empty: an older coordinator
  std::string why;       ///< how it differs, or why it is not known
  std::string owed;      ///< the deployment that the host is still to be brought to
  std::string changing;  ///< the deployment that is at work there
};
struct Token {
  std::string id, enrolment;
  std::int64_t expires_ms = 0;
  std::vector<std::string> lost;
};
struct AuditEntry {
  std::int64_t seq = 0;
  std::int64_t wall_ms = 0;
  std::string principal, operation, object, reason, origin;
  bool success = true;
};

struct ApprovalVote {
  std::string approver, reason;
  bool granted = false;
  std::int64_t wall_ms = 0;
};
struct Approval {
  std::string deployment, kind, name, version, environment, state, deployment_state, reason, author, plan_hash;
  std::int64_t needed = 1;
  std::vector<std::string> without;  ///< rollback: hosts that are left out
  bool to_nothing = false;           ///< rollback: services may be taken away
  std::string override_freeze;       ///< why it may begin in a freeze window; empty: it may not
  std::vector<ApprovalVote> votes;
  std::int64_t created_ms = 0, expires_ms = 0;
  std::string plan_text;  ///< when one was asked for
};
/// A right to use the API.
struct ApiToken {
  std::string id, name, kind, role, environment, created_by;
  std::int64_t created_ms = 0, expires_ms = 0, revoked_ms = 0;
  std::string token;  ///< only in the answer that made it
};

/// A committed deployment that one may go back to.
struct RollbackVersion {
  std::string deployment, version;
  std::int64_t finished_ms = 0, score = 0;
  std::vector<std::string> why;  ///< what was taken off the score
  bool serving = false, rolled_back = false, last_stable = false, ready = false;
  std::size_t hosts = 0;                ///< that it is for
  std::vector<std::string> missing;     ///< hosts that lack some of its bytes
  std::vector<std::string> unanswered;  ///< hosts that do not answer
};
struct RollbackLineage {
  std::string environment, name;
  std::string undo;  ///< the deployment that a rollback to another version undoes
  std::vector<RollbackVersion> versions;
};
std::vector<RollbackLineage> read_rollback_targets(const std::string& body);
/// The one body with the other's `targets` as its `rollback_targets`.
std::string with_rollback_targets(const std::string& body, const std::string& targets);
/// A health check that is known by name.
struct RegisteredCheck {
  std::string environment, name, type, component, registered_by;
  std::uint64_t tier = 0;
  bool critical = true;
  std::vector<std::string> tags, hosts;
};
/// What became of checks that were run.
struct CheckResult {
  std::string host, check, state, detail;
  bool critical = true;
  std::int64_t age_ms = 0;
  std::uint64_t tries = 1;
};
struct HealthVerdict {
  std::string verdict, reason;
  std::vector<CheckResult> results;
};

Deployment read_deployment(const std::string& body);
/// `list`: deployments or rollbacks.
std::vector<Deployment> read_deployments(const std::string& body, const char* list);
Timeline read_timeline(const std::string& body);
Plan read_plan(const std::string& body);
std::string read_simulation_text(const std::string& body);
/// `list`: hosts or agents.
std::vector<Host> read_hosts(const std::string& body, const char* list);
std::vector<Serving> read_serving(const std::string& body);
/// What a promotion lets go on; nothing where the answer does not say.
std::vector<std::string> read_goes_on(const std::string& body);
Token read_token_made(const std::string& body);
Approval read_approval(const std::string& body);
std::vector<Approval> read_approvals(const std::string& body);
std::string read_totp_uri(const std::string& body);
/// A secret's name and newest version; its value is never answered.
struct Secret {
  std::string environment, name, created_by;
  std::int64_t version = 0, created_ms = 0;
};
Secret read_secret(const std::string& body);
std::vector<Secret> read_secrets(const std::string& body);
/// In the shape in which the API lists them.
std::string write_secrets(const std::vector<Secret>& secrets);
/// The schema of a database in a snapshot.
struct SnapshotSchema {
  std::string name, database, database_host, server_version, sha256, migration, file;
  std::uint64_t bytes = 0;
};
/// One component on one host in a snapshot. From `state` on only where somebody looked.
struct SnapshotPlace {
  std::string host, component, version, release, slot, unit_state, enablement, configuration;
  std::vector<std::string> files;  ///< kept on the host
  std::uint64_t files_present = 0;
  std::vector<SnapshotSchema> schemas;   ///< likewise
  std::string state;                     ///< same, different, unknown, left
  std::vector<std::string> differences;  ///< or why it is not known
  std::optional<bool> present;           ///< the release's bytes, on the host
  bool kept = false;                     ///< by the coordinator
};
struct Snapshot {
  std::string id, environment, name, version, author, reason, checksum;
  std::int64_t created_ms = 0;
  bool whole = false;
  std::string why_not;  ///< it cannot be restored now
  std::vector<std::string> since;
  std::vector<SnapshotPlace> places;
};
Snapshot read_snapshot(const std::string& body);
std::vector<Snapshot> read_snapshots(const std::string& body);
/// The coordinator's own keys, and who knows the next ones.
struct KeysReport {
  struct Host {
    std::string name;
    bool connected = false;
  };
  std::string keys;
  std::string next;  ///< empty: none are announced
  std::vector<Host> known_by;
  std::vector<Host> missing;
  std::vector<std::string> deployments_at_work;
  bool in_force = false;
};
KeysReport read_keys_report(const std::string& body);

ApiToken read_api_token_made(const std::string& body);
std::vector<ApiToken> read_api_tokens(const std::string& body);
std::vector<std::string> read_registered(const std::string& body);
std::vector<RegisteredCheck> read_checks(const std::string& body);
/// The same body with the checks of this environment alone.
std::string checks_in(const std::string& body, const std::string& environment);
std::vector<std::string> read_environments(const std::string& body);
HealthVerdict read_verdict(const std::string& body);
std::vector<AuditEntry> read_audit(const std::string& body);
/// Rows as they are, byte for byte: to be checked or exported, not to be shown.
std::vector<model::StoredAudit> read_audit_rows(const std::string& body);
/// A host, and the head of the chain that it remembers; empty: none that could be asked for.
struct AuditWitness {
  std::string host, head;
  bool connected = false;
  bool known = false;  ///< its head is in the chain; for who verifies
};
std::vector<AuditWitness> read_witnesses(const std::string& body);
std::vector<std::uint32_t> read_missing_chunks(const std::string& body);

/// The code and message of an error body; nothing if it is none.
struct ErrorAnswer {
  std::string code, message;
};
std::optional<ErrorAnswer> read_error(const std::string& body);
/// Of a refusal because another deployment is at work: which, and in which state. Empty where the answer does not say.
struct Holder {
  std::string deployment, state;
  bool operator==(const Holder&) const = default;
};
Holder read_holder(const std::string& error_body);
/// What would have been done; nothing when the answer is none to a rehearsal.
std::optional<std::string> read_rehearsal(const std::string& body);

/// Any JSON text again, with every character beyond ASCII escaped: safe for a terminal, and still the same value.
std::string safe_json(const std::string& body, bool pretty);

// --- request bodies ---
struct ArtifactSize {
  std::uint64_t bytes = 0;           ///< of the packed archive
  std::uint64_t unpacked_bytes = 0;  ///< of all files
};
struct DeployBody {
  std::string manifest, file, environment;
  std::map<std::string, std::string> artifacts;  ///< component -> release
  bool no_rollback = false, sequential = false, no_monitoring = false;
  std::string run_tests = {};                ///< in place of the manifest's own
  std::string plan_hash = {};                ///< of the plan that was looked at; empty: any
  std::vector<std::string> components = {};  ///< only these; empty: all
  std::string override_freeze = {};          ///< of a start: why it may begin in a freeze window
  std::string configuration = {};            ///< JSON: write_configuration(); empty: none
  model::ManifestDefaults defaults = {};     ///< of the caller's variables, the environment's file, and the options
  std::map<std::string, ArtifactSize> artifact_sizes = {};  ///< of artifacts whose bytes were not sent
};
std::string write_checks(const std::string& environment, const std::string& file, const std::string& definitions);
struct RunChecksBody {
  std::string environment;
  std::vector<std::string> names, tags, hosts;
  bool all = false;
  std::int64_t cached_ms = 0;
};
std::string write_run_checks(const RunChecksBody& body);
std::string write_deploy(const DeployBody& body);
/// `fail`: the step that fails; empty: none.
std::string write_simulation(const DeployBody& body, const std::string& fail);
struct RollbackBody {
  std::string deployment;
  std::vector<std::string> components, without;
  bool to_nothing = false;
  std::string strategy = {};  ///< empty: as the manifest said
  bool verify_after_rollback = false;
  std::string reason = {};
  std::string target_version = {};  ///< empty: what served before
};
std::string write_rollback(const RollbackBody& body);
std::string write_resolution(const std::string& host, const std::string& reason);
/// 0: no share.
std::string write_promotion(unsigned share);
std::string write_new_host(const std::string& host, const std::map<std::string, std::string>& labels);
/// `life_ms` 0: the coordinator's default.
std::string write_api_token(const std::map<std::string, std::string>& members, std::int64_t life_ms);
/// An object of texts.
std::string write_texts(const std::map<std::string, std::string>& members);
/// One line in the documented shape; every character beyond ASCII is escaped, so that it is safe for a terminal.
std::string write_audit_line(const model::AuditExport& row);
/// {"intact", "rows", "head", "broken_at", "head_known", "witnesses"} for `audit verify --json`.
struct AuditVerdict {
  std::uint64_t rows = 0;
  std::string head;
  std::optional<std::uint64_t> broken_at;
  std::optional<bool> head_known;
  std::vector<AuditWitness> witnesses;
  bool intact() const;
};
std::string write_audit_verdict(const AuditVerdict& verdict);
std::string write_error(const std::string& code, const std::string& message);
/// {"valid": …} for `validate --json`.
struct Validity {
  bool valid = false;
  std::string file, error, name, version, environment;
  std::vector<std::string> components;
  std::vector<std::string> hosts;
};
std::string write_validity(const Validity& validity);

}  // namespace switchyard::cli
