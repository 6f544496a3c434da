#include "agent/link/status.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/link/host_boot.hpp"
#include "agent/link/link_note.hpp"
#include "agent/link/witness.hpp"
#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/printable.hpp"

namespace switchyard::agent {
namespace {

std::string date_of(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

std::string link_json(const std::optional<LinkNote>& link) {
  if (!link) return ",\"coordinator\":{\"state\":\"not_running\"}";
  return ",\"coordinator\":{\"state\":\"" + std::string(link_state_name(link->state)) +
         "\",\"since_wall_ms\":" + std::to_string(link->since_wall_ms) + "}";
}

std::string link_text(const std::optional<LinkNote>& link) {
  if (!link) return "coordinator: not connected, since the agent does not run: systemctl start switchyard-agent\n";
  return "coordinator: " + std::string(link_state_name(link->state)) + " since " + date_of(link->since_wall_ms) +
         (link->text.empty() ? "" : ": " + printable(link->text)) + "\n";
}

/// The newest first: its components' lines say what serves now, the others' what served in their time.
std::vector<protocol::DeploymentReport> newest_first(const AgentCore& core, std::int64_t now_boot_ms) {
  std::vector<protocol::DeploymentReport> reports = core.reports(now_boot_ms);
  std::reverse(reports.begin(), reports.end());  // those that are over are told in the order of their ends
  const auto seq = [&core](const protocol::DeploymentReport& report) {
    const auto open = core.deployments().find(report.deployment);
    return open == core.deployments().end() ? 0 : open->second.plan_seq;
  };
  std::stable_sort(reports.begin(), reports.end(),
                   [&](const auto& left, const auto& right) { return seq(left) > seq(right); });
  return reports;
}

/// Every value here is a name, an id or a fixed word: none needs escaping.
std::string json_of(const AgentIdentity& identity, const AgentCore& core, std::int64_t now_boot_ms, bool idle,
                    const std::optional<LinkNote>& link, const std::string& audit_head) {
  std::string text = "{\"host\":\"" + identity.host.str() + "\",\"epoch\":" + std::to_string(core.max_epoch()) +
                     ",\"idle\":" + (idle ? "true" : "false") + link_json(link) + ",\"audit_head\":\"" + audit_head +
                     "\",\"deployments\":[";
  bool first = true;
  for (const protocol::DeploymentReport& report : newest_first(core, now_boot_ms)) {
    text += std::string(first ? "" : ",") + "{\"id\":\"" + report.deployment.str() + "\",\"state\":\"" +
            std::string(protocol::agent_state_name(report.state)) +
            "\",\"remaining_ms\":" + std::to_string(report.remaining_ms) + ",\"components\":[";
    bool first_component = true;
    for (const protocol::ComponentReport& component : report.components) {
      text += std::string(first_component ? "" : ",") + "{\"name\":\"" + component.component + "\",\"slot\":\"" +
              component.serving_slot + "\",\"release\":\"" + component.serving_release + "\"}";
      first_component = false;
    }
    text += "]}";
    first = false;
  }
  return text + "]}\n";
}

std::string text_of(const AgentIdentity& identity, const AgentCore& core, std::int64_t now_boot_ms, bool idle,
                    const std::optional<LinkNote>& link, const std::string& audit_head) {
  std::string text = "host " + identity.host.str() + ", epoch " + std::to_string(core.max_epoch()) + ", " +
                     (idle ? "idle" : "deploying") + "\n" + link_text(link);
  if (!audit_head.empty()) text += "audit head:  " + audit_head + "\n";
  for (const protocol::DeploymentReport& report : newest_first(core, now_boot_ms)) {
    text += report.deployment.str() + "  " + std::string(protocol::agent_state_name(report.state));
    if (report.remaining_ms > 0) text += ", reverts by itself in " + std::to_string(report.remaining_ms / 1000) + " s";
    text += "\n";
    for (const protocol::ComponentReport& component : report.components) {
      text += "  " + component.component + "  " + (component.serving_slot.empty() ? "-" : component.serving_slot) +
              "  " + component.serving_release.substr(0, 12) + "\n";
    }
  }
  return text;
}

}  // namespace

AgentStatus read_status(const AgentConfig& config, const AgentIdentity& identity, bool json) {
  const JournalFile journal(config.paths.state);
  const AgentCore core({identity.host, identity.plan_public_key}, Role::dead_man, journal.records());
  const std::int64_t now_boot_ms = SystemClock().boot_ms();
  AgentStatus status;
  status.idle = restart_is_safe(core);
  PosixFileSystem files;
  const std::optional<LinkNote> link = read_link_note(files, config.paths.run);
  const std::string head = Witness(files, config.paths.state).head();
  status.text = json ? json_of(identity, core, now_boot_ms, status.idle, link, head)
                     : text_of(identity, core, now_boot_ms, status.idle, link, head);
  return status;
}

std::optional<protocol::AgentState> read_state(const AgentConfig& config, const AgentIdentity& identity,
                                               const DeploymentId& deployment) {
  const JournalFile journal(config.paths.state);
  const AgentCore core({identity.host, identity.plan_public_key}, Role::dead_man, journal.records());
  for (const protocol::DeploymentReport& report : core.reports(SystemClock().boot_ms())) {
    if (report.deployment == deployment) return report.state;
  }
  return std::nullopt;
}

}  // namespace switchyard::agent
