#include <unistd.h>

#include <algorithm>

#include "agent/probes/probe.hpp"
#include "agent/system/child_process.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* unprivileged_user = "nobody";
/// Of util-linux, which every systemd host has. posix_spawn cannot change the user, and the agent must never fork.
constexpr const char* set_privileges = "/usr/bin/setpriv";

std::vector<std::string> as_user(const protocol::CommandProbe& probe) {
  if (::geteuid() != 0 && probe.user.empty()) return probe.argv;
  const std::string user = probe.user.empty() ? unprivileged_user : probe.user;
  std::vector<std::string> argv = {set_privileges,    "--reuid=" + user, "--init-groups",
                                   "--regid=" + user, "--no-new-privs",  "--"};
  if (user == unprivileged_user) {
    // Its group has another name on every distribution.
    argv = {set_privileges, "--reuid=" + user, "--regid=65534", "--clear-groups", "--no-new-privs", "--"};
  }
  argv.insert(argv.end(), probe.argv.begin(), probe.argv.end());
  return argv;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return {};
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

}  // namespace

ProbeTry try_command(const protocol::CommandProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop) {
  const auto not_ok = [](std::string detail) {
    return ProbeTry{.ok = false, .detail = std::move(detail), .duration_ms = 0, .identity = {}};
  };
  if (probe.argv.empty() || !probe.argv.front().starts_with('/')) {
    return not_ok("the probe's command must be an absolute path and its arguments; a shell is never used");
  }
  if (stop.stop_requested()) return not_ok("it was cancelled");
  constexpr std::uint32_t at_most_ms = 24 * 3600 * 1000;
  const ProcessOutcome outcome =
      run_process(ProcessRequest{.argv = as_user(probe),
                                 .input = {},
                                 .timeout_ms = static_cast<int>(std::clamp<std::uint32_t>(timeout_ms, 1, at_most_ms)),
                                 .output_bytes_max = limits::probe_body_bytes_max});
  if (outcome.timed_out) return not_ok(probe.argv.front() + " did not end in time and was killed");
  if (outcome.truncated) return not_ok(probe.argv.front() + " wrote more than a probe may and was killed");
  const std::string said = last_line(outcome.errors.empty() ? outcome.output : outcome.errors);
  ProbeTry tried;
  tried.ok = outcome.exit_status == 0;
  tried.detail = probe.argv.front() + " ended with status " + std::to_string(outcome.exit_status) +
                 (said.empty() ? "" : ": " + said);
  return tried;
}

}  // namespace switchyard::agent
