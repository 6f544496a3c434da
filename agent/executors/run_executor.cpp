#include "agent/executors/run_executor.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

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
                         const SecretMask& mask, Pause pause)
    : results_(paths.state / "results"),
      services_(services),
      files_(files),
      clock_(clock),
      mask_(mask),
      pause_(std::move(pause)) {}

std::string RunExecutor::unit_name(const StepContext& context) { return unit_of(key_of(context)); }

protocol::StepResult RunExecutor::run(const protocol::Action& action, const StepContext& context) {
  return carry_out(std::get<protocol::Run>(action), context);
}

protocol::StepResult RunExecutor::carry_out(const protocol::Run& wanted, const StepContext& context,
                                            const CommandTalk& talk) {
  if (wanted.argv.empty() || !wanted.argv.front().starts_with('/')) {
    return failed("bad_request",
                  "the command to run must be an absolute path and its arguments; a shell is never used");
  }
  if (std::optional<protocol::StepResult> before = recorded(context)) return std::move(*before);
  if (context.undo) {
    if (std::optional<protocol::StepResult> still_runs = end_step(context)) return std::move(*still_runs);
  }
  bool heard = !talk.judge;
  if (!is_loaded(services_.status(unit_name(context)))) {
    if (context.recovered) {
      return unknown("outcome_lost", "the agent or the host went down while " + wanted.argv.front() +
                                         " may have run, and nothing on this host tells how it ended");
    }
    auto started = start(wanted, context, talk);
    if (auto* refused = std::get_if<protocol::StepResult>(&started)) return std::move(*refused);
    heard = heard || std::get<bool>(started);
  }
  if (heard) return await_end(context, talk);
  return await_end(context, {.judge = [&wanted] {
                     return unknown(
                         "outcome_lost",
                         wanted.argv.front() + " ended, but the agent that it answered was not there any more");
                   }});
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

/// A result that cannot be written is known here all the same. It is not thrown away: the journal, in which there is
/// room for it with no byte free, has it next, and an undo must come to its end on a full disk.
bool RunExecutor::record(const StepContext& context, const protocol::StepResult& result) {
  protocol::StepResult masked = result;
  mask_.apply(masked.detail);  // Executors masks only what is told, and this lies here for long
  std::string time = std::to_string(std::max<std::int64_t>(clock_.wall_ms(), 0));
  time.insert(0, time.size() < 16 ? 16 - time.size() : 0, '0');
  try {
    files_.create_directories(results_, 0700);
    const std::vector<std::string> names = files_.list(results_);
    for (std::size_t i = 0; i + limits::run_results_max <= names.size(); ++i) files_.remove(results_ / names[i]);
    files_.write_atomically(results_ / (time + "." + key_of(context)), encode(masked), 0600);
    return true;
  } catch (const SysError& error) {
    log::warning("result file could not be written", {{"step", key_of(context)}, {"why", error.what()}});
    return false;
  }
}

std::variant<bool, protocol::StepResult> RunExecutor::start(const protocol::Run& wanted, const StepContext& context,
                                                            const CommandTalk& talk) {
  const std::int64_t left_ms = context.deadline_boot_ms - clock_.boot_ms();
  if (left_ms <= 0) return failed("timeout", "no time was left to run " + wanted.argv.front());
  const std::optional<std::string> refused = services_.start_transient(
      TransientUnit{.name = unit_name(context),
                    .description = "Switchyard step " + context.step.str() + (context.undo ? " (undo)" : ""),
                    .argv = wanted.argv,
                    .environment = wanted.environment,
                    .working_directory = wanted.working_directory,
                    .user = wanted.user,
                    .timeout_ms = static_cast<std::uint64_t>(left_ms),
                    .standard_input = talk.standard_input,
                    .standard_output = talk.standard_output});
  if (!refused) return true;
  if (*refused == "exists") return false;
  return failed("not_started", wanted.argv.front() + " could not be started: " + *refused);
}

protocol::StepResult RunExecutor::await_end(const StepContext& context, const CommandTalk& talk) {
  for (;;) {
    const UnitStatus status = services_.status(unit_name(context));
    if (!is_loaded(status)) {
      return unknown("outcome_lost", unit_name(context) + " is gone, and systemd does not tell how it ended");
    }
    const std::string trouble = talk.meanwhile ? talk.meanwhile() : "";
    if (!trouble.empty()) return give_up(context, "hook_answer", trouble);
    if (has_ended(status)) return conclude(context, status, talk);
    if (context.stop.stop_requested()) {
      // Whom nobody listens to any more cannot end well.
      if (talk.judge) return give_up(context, "cancelled", "is no longer wanted");
      return unknown("cancelled", unit_name(context) + " was left running: its result is no longer wanted");
    }
    // systemd ends the unit at the deadline (RuntimeMaxSec); the grace is for its own SIGTERM and SIGKILL.
    if (clock_.boot_ms() > context.deadline_boot_ms + limits::run_end_grace_ms) {
      return give_up(context, "timeout", "did not end in time");
    }
    pause_(limits::run_poll_ms, context.stop);
  }
}

protocol::StepResult RunExecutor::conclude(const StepContext& context, const UnitStatus& status,
                                           const CommandTalk& talk) {
  const std::string unit = unit_name(context);
  if (status.active_state == "inactive") {
    services_.stop(unit, limits::run_end_grace_ms);
    return unknown("outcome_lost", unit + " was stopped by somebody else, or never began");
  }
  const bool good = status.active_state != "failed" && (status.result.empty() || status.result == "success") &&
                    status.exit_status == 0;
  protocol::StepResult result =
      good ? (talk.judge ? talk.judge() : done(true, "exit status 0"))
           : failed(status.result == "timeout" ? "timeout" : "exit_status",
                    unit + " ended with " + (status.result.empty() ? "failure" : status.result) + ", exit status " +
                        std::to_string(status.exit_status) + "; its output: journalctl -u " + unit);
  result.exit_status = status.exit_status;
  if (!status.invocation_id.empty()) result.evidence["invocation_id"] = status.invocation_id;
  // An undo that failed is tried again: what it was to take back is still there.
  const bool is_done = result.state == protocol::StepState::done;
  const bool is_failed = result.state == protocol::StepState::failed;
  const bool is_kept = is_done || (is_failed && !context.undo);
  if (is_kept && !record(context, result)) return result;  // an agent that dies before the journal has it asks the unit
  services_.stop(unit, limits::run_end_grace_ms);
  services_.reset_failed(unit);
  return result;
}

protocol::StepResult RunExecutor::give_up(const StepContext& context, const std::string& code, const std::string& why) {
  const std::string unit = unit_name(context);
  services_.stop(unit, limits::run_end_grace_ms);
  protocol::StepResult result = failed(code, unit + " " + why + " and was stopped; its output: journalctl -u " + unit);
  if (!context.undo && !record(context, result)) return result;  // as above
  services_.reset_failed(unit);
  return result;
}

}  // namespace switchyard::agent
