#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What the command line says, as plain values: one struct per verb.
namespace switchyard::cli {

struct GlobalOptions {
  bool verbose = false;
  bool json = false;
  bool dry_run = false;    ///< of a command that changes something: only say what it would do
  std::string socket;      ///< empty: the default, or the environment's
  std::string url;         ///< in place of the socket
  std::string token_file;  ///< for the URL
};

struct DeployStart {
  std::string file;
  std::string environment;
  std::vector<std::string> components;  ///< only these; empty: all
  std::string override_freeze;          ///< why it may begin in a freeze window
  std::string backup_dir;               ///< where a snapshot of what serves is written down before; empty: none is made
  std::string config_dir;               ///< empty: deploy/config, if a component or the environment has a file there
  std::string plan_hash;                ///< of the plan that was looked at; empty: whatever is planned now
  bool no_rollback = false;
  bool no_monitoring = false;
  std::string run_tests;  ///< none, smoke, e2e, full; empty: as the manifest says
  std::string strategy;   ///< of all components, in place of the manifest's own; empty: as it says
  bool no_migrations = false;
  bool sequential = false;
  bool detach = false;
  bool wait_approval = false;
  unsigned wait_s = 0;  ///< for the end of a deployment that holds a component of it
};
struct PlanShow {
  DeployStart deployment;
  bool dot = false;  ///< the graph for Graphviz, and nothing else
};
struct DeploySimulate {
  DeployStart deployment;
  std::string fail;  ///< the step that fails; empty: none
};
struct Validate {
  std::string file;
};
struct ConfigShow {
  std::string server;
  std::string environment;
  std::string config_dir = "deploy/config";
};
struct ConfigValidate {
  std::string config_dir = "deploy/config";
};
struct ConfigList {
  std::string config_dir = "deploy/config";
};
struct ConfigRender {
  std::string template_file;
  std::string variables_file;
};
struct DeployStatus {
  std::string id;
  bool follow = false;
};
struct DeployList {
  std::size_t limit = 20;
};
struct DeployCancel {
  std::string id;
  std::string reason;
  bool detach = false;
};
struct DeployHold {
  std::string id;
  std::string reason;
};
struct DeployResume {
  std::string id;
  bool detach = false;
};
struct DeployPromote {
  std::string id;
  unsigned share = 0;  ///< percent; 0: whatever rests
  bool detach = false;
};
struct DeployResolve {
  std::string id;
  std::string host;
  bool gone = false;  ///< always: it must be said
  std::string reason;
};
struct RollbackStart {
  std::string id;           ///< empty: the newest of an environment
  std::string environment;  ///< without an id
  std::string name;         ///< without an id, where the environment has more than one
  std::string to;           ///< a version; empty: with an id what served before, else the last stable one
  std::vector<std::string> components;
  std::vector<std::string> without;
  bool to_nothing = false;
  std::string strategy;  ///< empty: as the manifest said
  bool verify_after_rollback = false;
  std::string reason;
  bool detach = false;
  bool wait_approval = false;
  unsigned wait_s = 0;  ///< as DeployStart::wait_s
};
struct RollbackTargets {
  std::string environment;
  std::string name;
};
struct RollbackStatus {
  std::string id;
  bool follow = false;
};
struct RollbackList {
  std::size_t limit = 20;
};
/// `switchyard status`: what serves where.
struct ServingStatus {};
struct AgentsList {};
struct AgentsTokenCreate {
  std::string host;
  bool new_key = false;
};
struct AgentsRevoke {
  std::string host;
};
struct HostsList {
  bool all = false;
};
struct HostsAdd {
  std::string host;
  std::map<std::string, std::string> labels;
};
struct HostsRemove {
  std::string host;
};
struct HostsReplace {
  std::string host;
};
struct AuditList {
  std::optional<std::uint64_t> after;  ///< nothing: the newest ones
  std::size_t limit = 50;
};

struct AuditVerify {
  std::string head;  ///< one that was noted at some time, and must be in the chain; empty: none
};
struct AuditExportAll {};

struct TokensCreate {
  std::string name;
  std::string kind = "person";
  std::string role;
  std::string environment;
  std::string expires;  ///< 30d, 12h, 45m; empty: the coordinator's default
};
struct TokensList {
  bool all = false;
};
struct TokensRevoke {
  std::string id;
};

struct ApprovalsList {
  bool all = false;
  std::size_t limit = 20;
};
struct ApprovalsShow {
  std::string id;
};
/// approve and reject.
struct ApprovalsDecide {
  std::string id;
  bool grant = true;
  std::string plan;  ///< the hash of the plan that was looked at; empty: the one that waits
  std::string reason;
  std::string totp;
};

struct TotpEnrol {
  std::string totp;  ///< a code of the app that is replaced
};
struct TotpReset {
  std::string person;
};

struct HealthRegister {
  std::string file;
  std::string environment;  ///< empty: the only one that is known
};
struct HealthRun {
  std::vector<std::string> names;
  std::vector<std::string> tags;
  bool all = false;
  std::string environment;         ///< empty: the only one that is known
  std::vector<std::string> hosts;  ///< empty: wherever they belong
  unsigned cached_s = 0;           ///< an answer that is no older will do
};
struct HealthList {
  std::string environment;  ///< empty: all
};
struct HealthRemove {
  std::string name;
  std::string environment;  ///< empty: the only one that is known
};
struct SecretsSet {
  std::string name;
  std::string environment;
};
struct SecretsList {
  std::string environment;  ///< empty: all
};
struct SecretsRm {
  std::string name;
  std::string environment;
};

struct SnapshotCreate {
  std::string environment;
  std::string name;  ///< where the environment has more than one
  std::string reason;
  std::string backup_dir;  ///< where it is written down too; empty: nowhere
};
struct SnapshotList {
  std::string environment;  ///< empty: all
  std::string name;
  std::size_t limit = 20;
};
struct SnapshotShow {
  std::string id;
  bool schemas = false;  ///< compared too
};
struct SnapshotRestore {
  std::string id;
  std::string reason;
  bool detach = false;
  bool wait_approval = false;
  unsigned wait_s = 0;  ///< as DeployStart::wait_s
};
struct SnapshotRm {
  std::string id;
};

struct Recover {
  std::vector<std::string> without;
  std::string reason;
};

struct KeysShow {};
struct KeysRenew {
  std::vector<std::string> without;
  std::string reason;
};

using Command =
    std::variant<DeployStart, PlanShow, DeploySimulate, Validate, DeployStatus, DeployList, DeployCancel, DeployHold,
                 DeployResume, DeployPromote, DeployResolve, RollbackStart, RollbackTargets, RollbackStatus,
                 RollbackList, ServingStatus, AgentsList, AgentsTokenCreate, AgentsRevoke, HostsList, HostsAdd,
                 HostsRemove, HostsReplace, AuditList, AuditVerify, AuditExportAll, TokensCreate, TokensList,
                 TokensRevoke, ApprovalsList, ApprovalsShow, ApprovalsDecide, TotpEnrol, TotpReset, HealthRegister,
                 HealthRun, HealthList, HealthRemove, SecretsSet, SecretsList, SecretsRm, SnapshotCreate, SnapshotList,
                 SnapshotShow, SnapshotRestore, SnapshotRm, Recover, KeysShow, KeysRenew, ConfigShow, ConfigValidate,
                 ConfigList, ConfigRender>;

struct Invocation {
  GlobalOptions global;
  Command command;
};

}  // namespace switchyard::cli
