#include "agent/executors/run_executor.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view head = "switchyard-run 1\n";

std::string key_of(const StepId& step, bool undo) { return step.str() + (undo ? "-undo" : ""); }
std::string key_of(const StepContext& context) { return key_of(context.step, context.undo); }
std::string unit_of(const std::string& key) { return "switchyard-step-" + key + ".service"; }

bool is_loaded(const UnitStatus& status) { return !status.load_state.empty() && status.load_state != "not-found"; }

/// Ended, one way or the other. A transient unit stays `active (exited)` after a success; one that systemd is only
/// about to start reads as inactive.
bool has_ended(const UnitStatus& status) {
  if (status.job_pending) return false;
  return status.active_state == "failed" || status.active_state == "inactive" ||
         (status.active_state == "active" && status.sub_state == "exited");
}

protocol::StepResult unknown(std::string code, std::string detail) {
  protocol::StepResult result = failed(std::move(code), std::move(detail));
  result.state = protocol::StepState::unknown;
  return result;
}

/// The line of a result file: state, exit status, code; then the detail.
std::string encode(const protocol::StepResult& result) {
  return std::string(head) + (result.state == protocol::StepState::done ? "done" : "failed") + " " +
         std::to_string(result.exit_status) + " " + (result.code.empty() ? "-" : result.code) + "\n" + result.detail;
}

std::optional<protocol::StepResult> decode(std::string_view bytes) {
  if (!bytes.starts_with(head)) return std::nullopt;
  bytes.remove_prefix(head.size());
  const std::size_t line = bytes.find('\n');
  const std::size_t first = bytes.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : bytes.find(' ', first + 1);
  if (line == std::string_view::npos || second == std::string_view::npos || second > line) return std::nullopt;
  std::int32_t exit_status = 0;
  const auto [end, error] = std::from_chars(bytes.data() + first + 1, bytes.data() + second, exit_status);
  if (error != std::errc() || end != bytes.data() + second) return std::nullopt;
  const std::string code(bytes.substr(second + 1, line - second - 1));
  const std::string detail(bytes.substr(line + 1));
  protocol::StepResult result = bytes.substr(0, first) == "done" ? done(true, detail) : failed(code, detail);
  result.exit_status = exit_status;
  return result;
}

}  // namespace

RunExecutor::RunExecutor(const HostPaths& paths, ServiceManager& services, FileSystem& files, const Clock& clock,
                         Pause pause)
    : results_(paths.state / "results"), services_(services), files_(files), clock_(clock), pause_(std::move(pause)) {}

std::string RunExecutor::unit_name(const StepContext& context) { return unit_of(key_of(context)); }

protocol::StepResult RunExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::Run>(action);
  if (wanted.argv.empty() || !wanted.argv.front().starts_with('/')) {
    return failed("bad_request",
                  "the command to run must be an absolute path and its arguments; a shell is never used");
  }
  if (std::optional<protocol::StepResult> before = recorded(context)) return std::move(*before);
  if (context.undo) {
    if (std::optional<protocol::StepResult> still_runs = end_step(context)) return std::move(*still_runs);
  }
  if (!is_loaded(services_.status(unit_name(context)))) {
    if (context.recovered) {
      return unknown("outcome_lost", "the agent or the host went down while " + wanted.argv.front() +
                                         " may have run, and nothing on this host tells how it ended");
    }
    if (std::optional<protocol::StepResult> refused = start(wanted, context)) return std::move(*refused);
  }
  return await_end(context);
}

std::optional<protocol::StepResult> RunExecutor::end_step(const StepContext& context) {
  const std::string unit = unit_of(key_of(context.step, false));
  if (!is_loaded(services_.status(unit))) return std::nullopt;
  services_.stop(unit, limits::run_end_grace_ms);
  services_.reset_failed(unit);
  if (!is_loaded(services_.status(unit))) return std::nullopt;
  return failed(
      "still_runs",
      unit + " does not end, and is not undone before; it is tried again, and `systemctl kill " + unit + "` may help");
}

std::optional<protocol::StepResult> RunExecutor::recorded(const StepContext& context) const {
  // The time comes first in a name, so that the oldest results are the first to go.
  const std::string suffix = "." + key_of(context);
  for (const std::string& name : files_.list(results_)) {
    if (!name.ends_with(suffix) || name.starts_with('.')) continue;
    const std::optional<std::string> bytes = files_.read(results_ / name);
    if (!bytes) continue;
    if (std::optional<protocol::StepResult> result = decode(*bytes)) return result;
    return unknown("outcome_lost",
                   (results_ / name).string() + " says that the step ended, but not how: it is damaged");
  }
  return std::nullopt;
}

void RunExecutor::record(const StepContext& context, const protocol::StepResult& result) {
  files_.create_directories(results_, 0700);
  const std::vector<std::string> names = files_.list(results_);
  for (std::size_t i = 0; i + limits::run_results_max <= names.size(); ++i) files_.remove(results_ / names[i]);
  std::string time = std::to_string(std::max<std::int64_t>(clock_.wall_ms(), 0));
  time.insert(0, time.size() < 16 ? 16 - time.size() : 0, '0');
  files_.write_atomically(results_ / (time + "." + key_of(context)), encode(result), 0600);
}

std::optional<protocol::StepResult> RunExecutor::start(const protocol::Run& wanted, const StepContext& context) {
  const std::int64_t left_ms = context.deadline_boot_ms - clock_.boot_ms();
  if (left_ms <= 0) return failed("timeout", "no time was left to run " + wanted.argv.front());
  const std::optional<std::string> refused = services_.start_transient(
      TransientUnit{.name = unit_name(context),
                    .description = "Switchyard step " + context.step.str() + (context.undo ? " (undo)" : ""),
                    .argv = wanted.argv,
                    .environment = wanted.environment,
                    .working_directory = wanted.working_directory,
                    .user = wanted.user,
                    .timeout_ms = static_cast<std::uint64_t>(left_ms)});
  if (!refused || *refused == "exists") return std::nullopt;
  return failed("not_started", wanted.argv.front() + " could not be started: " + *refused);
}

protocol::StepResult RunExecutor::await_end(const StepContext& context) {
  for (;;) {
    const UnitStatus status = services_.status(unit_name(context));
    if (!is_loaded(status)) {
      return unknown("outcome_lost", unit_name(context) + " is gone, and systemd does not tell how it ended");
    }
    if (has_ended(status)) return conclude(context, status);
    if (context.stop.stop_requested()) {
      return unknown("cancelled", unit_name(context) + " was left running: its result is no longer wanted");
    }
    // systemd ends the unit at the deadline (RuntimeMaxSec); the grace is for its own SIGTERM and SIGKILL.
    if (clock_.boot_ms() > context.deadline_boot_ms + limits::run_end_grace_ms) return give_up(context);
    pause_(limits::run_poll_ms, context.stop);
  }
}

protocol::StepResult RunExecutor::conclude(const StepContext& context, const UnitStatus& status) {
  const std::string unit = unit_name(context);
  if (status.active_state == "inactive") {
    services_.stop(unit, limits::run_end_grace_ms);
    return unknown("outcome_lost", unit + " was stopped by somebody else, or never began");
  }
  const bool good = status.active_state != "failed" && (status.result.empty() || status.result == "success") &&
                    status.exit_status == 0;
  protocol::StepResult result =
      good ? done(true, "exit status 0")
           : failed(status.result == "timeout" ? "timeout" : "exit_status",
                    unit + " ended with " + (status.result.empty() ? "failure" : status.result) + ", exit status " +
                        std::to_string(status.exit_status) + "; its output: journalctl -u " + unit);
  result.exit_status = status.exit_status;
  if (!status.invocation_id.empty()) result.evidence["invocation_id"] = status.invocation_id;
  // An undo that failed is tried again: what it was to take back is still there.
  if (good || !context.undo) record(context, result);
  services_.stop(unit, limits::run_end_grace_ms);
  services_.reset_failed(unit);
  return result;
}

protocol::StepResult RunExecutor::give_up(const StepContext& context) {
  const std::string unit = unit_name(context);
  services_.stop(unit, limits::run_end_grace_ms);
  protocol::StepResult result =
      failed("timeout", unit + " did not end in time and was stopped; its output: journalctl -u " + unit);
  if (!context.undo) record(context, result);
  services_.reset_failed(unit);
  return result;
}

}  // namespace switchyard::agent
