#include "coordinator/model/failure.hpp"

#include <algorithm>
#include <array>

namespace switchyard::model {
namespace {

constexpr std::array<std::string_view, 4> phases = {"preflight", "build", "deployment", "postdeployment"};
constexpr std::array<std::string_view, 4> severities = {"critical", "high", "medium", "low"};
constexpr std::array<std::string_view, 4> actions = {"continue", "retry", "rollback", "abort"};

template <class Value, std::size_t Count>
std::optional<Value> find_name(const std::array<std::string_view, Count>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Value>(found - names.begin());
}

constexpr ErrorKind unknown_kind{"", "unknown", false, "read the message; look at the host's journal"};

constexpr std::array table = {
    // The plan, before anything is changed.
    ErrorKind{"plan_refused", "permissions", false,
              "compare the keys (`switchyard keys show`) and the clocks of coordinator and host"},
    ErrorKind{"old_plan", "conflict", true, "start it again: the host has seen a newer plan"},
    ErrorKind{"busy", "conflict", true, "wait for the deployment that holds the component (`switchyard deploy list`)"},
    ErrorKind{"old_changed", "drift", true, "start it again: the plan is made against what serves now"},
    ErrorKind{"old_unknown", "drift", true, "look on the host what the unit runs (`systemctl status`)"},
    ErrorKind{"release_corrupt", "artifact", true,
              "deploy the release that serves once more: its damaged files are brought anew"},
    // The release and its place.
    ErrorKind{"transfer", "network", true, "look at the way from the host to the coordinator's port 7401"},
    ErrorKind{"checksum", "artifact", true, "start it again; when it fails again, look at the host's disk and memory"},
    ErrorKind{"bad_archive", "artifact", false, "make the artifact anew"},
    ErrorKind{"disk_full", "resources", true, "make room on the host (`df -h`)"},
    ErrorKind{"path_not_allowed", "permissions", false, "allow the path in the host's agent.yaml, or take another"},
    ErrorKind{"unknown_user", "configuration", false, "create the user on the host, or correct `user`"},
    ErrorKind{"shared_differs", "configuration", false,
              "look at the shared path on the host: it is not what is linked"},
    ErrorKind{"not_a_file", "configuration", false, "take away what stands in the file's place on the host"},
    ErrorKind{"not_a_link", "configuration", false, "take away what stands in the link's place on the host"},
    ErrorKind{"changed_meanwhile", "drift", true, "find out who else changes this on the host"},
    ErrorKind{"too_large", "resources", false, "take the file out of `files_to_backup`: it needs a backup of its own"},
    ErrorKind{"snapshot_missing", "resources", false,
              "take `files_to_backup` back by hand from a backup of the host, and deploy the release that you want"},
    ErrorKind{"sealed_to_another", "configuration", false, "deploy anew: the host was given a new key since"},
    ErrorKind{"bad_request", "configuration", false, "correct the manifest"},
    // Services.
    ErrorKind{"unit_not_found", "configuration", false, "install the unit on the host, or correct `service.unit`"},
    ErrorKind{"unit_masked", "configuration", false, "`systemctl unmask` it on the host"},
    ErrorKind{"unit_bad", "configuration", false, "look at `systemctl status` of the unit on the host"},
    ErrorKind{"cannot_be_enabled", "configuration", false, "give the unit an [Install] section with a target"},
    ErrorKind{"limits_differ", "configuration", false,
              "look at the unit's drop-ins on the host (`systemctl cat UNIT`): one of them goes before"},
    ErrorKind{"not_enabled", "service", true, "look at `systemctl status` of the unit on the host"},
    ErrorKind{"port_taken", "service", true, "end the process that holds the port, or give the slot another"},
    ErrorKind{"start_failed", "service", false, "read the service's journal on the host (`journalctl -u UNIT`)"},
    ErrorKind{"stop_failed", "service", true, "look at the unit on the host; `stop_timeout_seconds` may be too short"},
    ErrorKind{"not_started", "command", false, "look whether the program is there and may be run by its user"},
    ErrorKind{"exit_status", "command", false,
              "read the command's output on the host (`journalctl -u 'switchyard-step-*'`)"},
    ErrorKind{"hook_failed", "command", false,
              "read what the hook says, and its output on the host (`journalctl -u 'switchyard-step-*'`)"},
    ErrorKind{"hook_answer", "command", false, "let the hook answer one JSON object with a `status` (docs/hooks.md)"},
    ErrorKind{"outcome_lost", "command", true,
              "look on the host what the command has done; only an undo is run again by itself"},
    ErrorKind{"still_runs", "command", true, "`systemctl kill` the unit that the message names"},
    ErrorKind{"timeout", "timeout", true, "look what it waited for; or raise `timeout_seconds`"},
    // Traffic.
    ErrorKind{"wrong_bind_address", "traffic", false, "let the service listen on all addresses"},
    ErrorKind{"address_family", "traffic", false, "let the service listen on IPv4 and IPv6 as the clients come"},
    ErrorKind{"not_listening", "traffic", false, "let the service listen on ${port}"},
    ErrorKind{"filtered", "traffic", false, "let the host's packet filter pass the redirected connections"},
    ErrorKind{"haproxy_unreachable", "traffic", true, "start haproxy; look at the path of its runtime socket"},
    ErrorKind{"haproxy_server", "traffic", false, "correct the servers of the backend in haproxy.cfg"},
    ErrorKind{"switch_not_as_asked", "traffic", true, "find out who else changes the switch on the host"},
    // Health.
    ErrorKind{"probe_failed", "health_check", false, "read the service's journal on the host, and its check"},
    ErrorKind{"unhealthy", "health_check", false, "read the service's journal on the host, and its check"},
    // Hosts, and the time that they take.
    ErrorKind{"prepare_timeout", "timeout", true, "look at the hosts that are named; or raise `prepare_seconds`"},
    ErrorKind{"swap_timeout", "timeout", true, "look at the hosts that are named; or raise `confirm_seconds`"},
    ErrorKind{"hold_timeout", "network", false,
              "look whether the new release cuts the host off: it did not come back after the switch"},
    ErrorKind{"host_lost", "network", true, "look at the host and the network to it"},
    ErrorKind{"reverted_alone", "network", true, "find out why the host did not hear of the coordinator"},
    ErrorKind{"vote_taken_back", "host", false, "look at the host's journal: `switchyard-agent status` there"},
    ErrorKind{"journal_lost", "host", false,
              "look there what serves; then `switchyard deploy resolve`, or give the agent its journal back"},
    ErrorKind{"revert_failed", "host", true, "look on the host what does not go back; it is tried again"},
    ErrorKind{"no_dead_man", "host", false, "look at the agent's installation: the dead-man's unit cannot be started"},
    // The agent itself.
    ErrorKind{"cancelled", "internal", true, "nothing: it was no longer wanted"},
    ErrorKind{"system", "internal", true, "read the message: a system call failed on the host"},
    ErrorKind{"error", "internal", true, "read the message, and the agent's journal on the host"},
};

}  // namespace

std::string_view error_phase_name(ErrorPhase phase) { return phases.at(static_cast<std::size_t>(phase)); }
std::string_view severity_name(Severity severity) { return severities.at(static_cast<std::size_t>(severity)); }
std::string_view error_action_name(ErrorAction action) { return actions.at(static_cast<std::size_t>(action)); }
std::optional<ErrorPhase> error_phase_from_name(std::string_view name) { return find_name<ErrorPhase>(phases, name); }
std::optional<Severity> severity_from_name(std::string_view name) { return find_name<Severity>(severities, name); }
std::optional<ErrorAction> error_action_from_name(std::string_view name) {
  return find_name<ErrorAction>(actions, name);
}

std::span<const ErrorKind> error_table() { return table; }

const ErrorKind& error_kind(std::string_view code) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const ErrorKind& kind) { return kind.code == code; });
  return found == table.end() ? unknown_kind : *found;
}

ErrorAction action_upon(const Plight& plight) {
  if (plight.dispensable) return ErrorAction::continue_;
  if (plight.decided) return ErrorAction::retry;
  if (!plight.automatic && plight.may_stand) return ErrorAction::abort;
  return ErrorAction::rollback;
}

std::string_view action_reason(ErrorAction action) {
  switch (action) {
    case ErrorAction::continue_:
      return "nothing depends on it: the deployment goes on";
    case ErrorAction::retry:
      return "it is decided, and is tried until it works";
    case ErrorAction::rollback:
      return "every host goes back to what it ran before";
    case ErrorAction::abort:
      return "it goes no further, and nothing is undone by itself: a person decides";
  }
  return {};
}

}  // namespace switchyard::model
