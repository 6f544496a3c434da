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
  std::string socket;      ///< empty: the default, or the environment's
  std::string url;         ///< in place of the socket
  std::string token_file;  ///< for the URL
};

struct DeployStart {
  std::string file;
  std::string environment;
  std::string plan_hash;  ///< of the plan that was looked at; empty: whatever is planned now
  bool dry_run = false;
  bool no_rollback = false;
  bool no_monitoring = false;
  bool sequential = false;
  bool detach = false;
  bool wait_approval = false;
};
struct PlanShow {
  DeployStart deployment;
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
  std::string id;
  std::vector<std::string> components;
  std::vector<std::string> without;
  bool to_nothing = false;
  std::string reason;
  bool detach = false;
  bool wait_approval = false;
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

struct Recover {
  std::vector<std::string> without;
  std::string reason;
};

struct KeysShow {};
struct KeysRenew {
  std::vector<std::string> without;
  std::string reason;
};

using Command = std::variant<DeployStart, PlanShow, Validate, DeployStatus, DeployList, DeployCancel, DeployResume,
                             DeployPromote, DeployResolve, RollbackStart, RollbackStatus, RollbackList, ServingStatus,
                             AgentsList, AgentsTokenCreate, AgentsRevoke, HostsList, HostsAdd, HostsRemove,
                             HostsReplace, AuditList, AuditVerify, AuditExportAll, TokensCreate, TokensList,
                             TokensRevoke, ApprovalsList, ApprovalsShow, ApprovalsDecide, TotpEnrol, TotpReset, Recover,
                             KeysShow, KeysRenew, ConfigShow, ConfigValidate, ConfigList, ConfigRender>;

struct Invocation {
  GlobalOptions global;
  Command command;
};

}  // namespace switchyard::cli
