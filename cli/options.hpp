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

struct Recover {
  std::vector<std::string> without;
  std::string reason;
};

using Command = std::variant<DeployStart, PlanShow, Validate, DeployStatus, DeployList, DeployCancel, DeployResume,
                             DeployPromote, DeployResolve, RollbackStart, RollbackStatus, RollbackList, ServingStatus,
                             AgentsList, AgentsTokenCreate, AgentsRevoke, HostsList, HostsAdd, HostsRemove,
                             HostsReplace, AuditList, Recover, ConfigShow, ConfigValidate, ConfigList, ConfigRender>;

struct Invocation {
  GlobalOptions global;
  Command command;
};

}  // namespace switchyard::cli
