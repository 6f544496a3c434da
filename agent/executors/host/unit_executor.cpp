#include "agent/executors/host/unit_executor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

using protocol::UnitEnablement;
using protocol::UnitState;

bool runs(const UnitStatus& status) { return status.active_state == "active" || status.active_state == "reloading"; }

/// It runs, and systemd is not about to stop it.
bool is_running(const UnitStatus& status) { return runs(status) && !status.job_pending; }

/// Nothing of it runs, and systemd is not about to start it (as for what was enabled when the boot began).
bool is_stopped(const UnitStatus& status) {
  return (status.active_state == "inactive" || status.active_state == "failed") && status.main_pid == 0 &&
         !status.job_pending;
}

bool is_enabled(const UnitStatus& status) { return status.unit_file_state == "enabled"; }

std::string state_text(const UnitStatus& status) {
  std::string text = status.active_state + " (" + status.sub_state + ")";
  if (!status.result.empty() && status.result != "success") {
    text += ", result " + status.result + ", exit status " + std::to_string(status.exit_status);
  }
  return text;
}

/// Why a unit with this status can neither run nor be enabled.
std::optional<protocol::StepResult> refuse_unit(const std::string& unit, const UnitStatus& status) {
  if (status.load_state == "loaded") return std::nullopt;
  if (status.load_state == "not-found") {
    return failed("unit_not_found", unit + " does not exist on this host: no unit file of that name");
  }
  if (status.load_state == "masked") {
    return failed("unit_masked", unit + " is masked: `systemctl unmask " + unit + "` lets it run again");
  }
  return failed("unit_bad", "systemd cannot load " + unit + " (" + status.load_state + "): see `systemctl status " +
                                unit + "` and `systemd-analyze verify " + unit + "`");
}

/// Made by a program and gone after a boot: there is no file whose links could say that it starts then.
bool cannot_be_enabled(const UnitStatus& status) {
  return status.unit_file_state == "transient" || status.unit_file_state == "generated";
}

/// What is started for a deployment is enabled after its commit, and a commit cannot be taken back: so it is refused
/// here. An undo starts what ran before, however it was made.
std::optional<protocol::StepResult> refuse_static_unit(const protocol::EnsureUnit& wanted, const UnitStatus& status,
                                                       bool undo) {
  const bool starts = wanted.state == UnitState::started || wanted.state == UnitState::restarted;
  if (!starts || undo || (status.unit_file_state != "static" && status.unit_file_state != "indirect")) {
    return std::nullopt;
  }
  return failed("cannot_be_enabled",
                wanted.unit + " could not be enabled, and would not start at boot: its unit file is " +
                    status.unit_file_state + ", for its [Install] section names no target. Add `[Install]` with " +
                    "`WantedBy=multi-user.target` to it, and deploy again");
}

bool needs_unit_file(const protocol::EnsureUnit& wanted) {
  return wanted.state == UnitState::started || wanted.state == UnitState::restarted ||
         wanted.enablement == UnitEnablement::enabled;
}

}  // namespace

UnitExecutor::UnitExecutor(ServiceManager& services, const Clock& clock, JournalTail tail, PortHolder holder)
    : services_(services), clock_(clock), tail_(std::move(tail)), holder_(std::move(holder)) {}

std::uint32_t UnitExecutor::left_ms(const StepContext& context) const {
  if (context.deadline_boot_ms == 0) return limits::step_timeout_ms_default;
  const std::int64_t left = context.deadline_boot_ms - clock_.boot_ms();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, std::numeric_limits<std::uint32_t>::max()));
}

/// A unit file that has just been written may be newer than what systemd knows, or unknown to it.
UnitStatus UnitExecutor::read_fresh(const std::string& unit) {
  UnitStatus status = services_.status(unit);
  if (!status.need_reload && status.load_state != "not-found") return status;
  services_.reload_units();
  return services_.status(unit);
}

bool UnitExecutor::ensure_enablement(const protocol::EnsureUnit& wanted, const UnitStatus& before) {
  if (wanted.enablement == UnitEnablement::enabled && !is_enabled(before) && !cannot_be_enabled(before)) {
    services_.enable(wanted.unit);
    return true;
  }
  if (wanted.enablement == UnitEnablement::disabled && is_enabled(before)) {
    services_.disable(wanted.unit);
    return true;
  }
  return false;
}

std::string UnitExecutor::last_words(const std::string& unit, const UnitStatus& status) const {
  const std::vector<std::string> lines = tail_(unit, status.invocation_id);
  if (lines.empty()) return "; its journal says nothing";
  std::string text = "; its last lines:";
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

protocol::StepResult UnitExecutor::start(const protocol::EnsureUnit& wanted, const UnitStatus& before,
                                         const StepContext& context) {
  const bool restart = wanted.state == UnitState::restarted && !is_stopped(before);
  if (!restart && is_running(before)) return done(false, wanted.unit + " runs already");
  if (const auto holder = wanted.port ? holder_(*wanted.port, wanted.unit) : std::nullopt) {
    return failed("port_taken", "port " + std::to_string(*wanted.port) + ", on which " + wanted.unit +
                                    " shall listen, is held by " + *holder + "; end that, or give the component " +
                                    "another port in the manifest");
  }
  // A start limit that earlier failures have used up must not refuse this start.
  services_.reset_failed(wanted.unit);
  const std::uint32_t timeout_ms = left_ms(context);
  const std::string job =
      restart ? services_.restart(wanted.unit, timeout_ms) : services_.start(wanted.unit, timeout_ms);
  // Not read back: nothing of it can run before the boot goes on, and then the agent looks again.
  if (job == "queued") return done(true, wanted.unit + " starts when the boot goes on");
  const UnitStatus after = services_.status(wanted.unit);
  if (job == "done" && runs(after)) return done(true, wanted.unit + (restart ? " restarted" : " started"));
  const std::string what = wanted.unit + " did not start";
  if (job == "timeout" && !is_stopped(after)) {
    return failed("timeout", what + " within " + std::to_string(timeout_ms) + " ms: it is " + state_text(after) +
                                 last_words(wanted.unit, after));
  }
  return failed("start_failed",
                what + " (job: " + job + "): it is " + state_text(after) + last_words(wanted.unit, after));
}

protocol::StepResult UnitExecutor::stop(const protocol::EnsureUnit& wanted, const UnitStatus& before,
                                        const StepContext& context) {
  if (is_stopped(before)) return done(false, wanted.unit + " does not run");
  const std::uint32_t timeout_ms = left_ms(context);
  const std::string job = services_.stop(wanted.unit, timeout_ms);
  const UnitStatus after = services_.status(wanted.unit);
  // Failed counts as stopped: the service ended badly, or was killed after its stop timeout, but it ended.
  if (is_stopped(after)) return done(true, wanted.unit + " stopped");
  return failed(job == "timeout" ? "timeout" : "stop_failed", wanted.unit + " did not stop (job: " + job + "): it is " +
                                                                  state_text(after) + ", main process " +
                                                                  std::to_string(after.main_pid));
}

protocol::StepResult UnitExecutor::ensure_state(const protocol::EnsureUnit& wanted, const UnitStatus& before,
                                                const StepContext& context) {
  switch (wanted.state) {
    case UnitState::unchanged:
      return done(false, wanted.unit + " is " + state_text(before));
    case UnitState::started:
    case UnitState::restarted:
      return start(wanted, before, context);
    case UnitState::stopped:
      return stop(wanted, before, context);
  }
  return failed("bad_request", "an unknown state was asked for");
}

/// What the plan says that systemd lets the service use, and what it does let it use.
std::optional<protocol::StepResult> UnitExecutor::refuse_limits(const protocol::EnsureUnit& wanted) {
  if (!wanted.cpu_quota_us && !wanted.memory_max_bytes) return std::nullopt;
  const UnitLimits found = services_.limits(wanted.unit);
  const auto text = [](const std::optional<std::uint64_t>& value) { return value ? std::to_string(*value) : "none"; };
  std::string why;
  if (wanted.cpu_quota_us && found.cpu_quota_us != wanted.cpu_quota_us) {
    why = "CPUQuotaPerSecUSec is " + text(found.cpu_quota_us) + " instead of " + text(wanted.cpu_quota_us);
  } else if (wanted.memory_max_bytes && found.memory_max_bytes != wanted.memory_max_bytes) {
    why = "MemoryMax is " + text(found.memory_max_bytes) + " instead of " + text(wanted.memory_max_bytes);
  }
  if (why.empty()) return std::nullopt;
  return failed("limits_differ", wanted.unit + " has other limits than its environment asks for: " + why +
                                     "; a drop-in of this host goes before: `systemctl cat " + wanted.unit + "`");
}

protocol::StepResult UnitExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::EnsureUnit>(action);
  const UnitStatus before = read_fresh(wanted.unit);
  if (needs_unit_file(wanted)) {
    if (auto refusal = refuse_unit(wanted.unit, before)) return *refusal;
    if (auto refusal = refuse_static_unit(wanted, before, context.undo)) return *refusal;
    if (auto refusal = refuse_limits(wanted)) return *refusal;
  }
  const bool relinked = ensure_enablement(wanted, before);
  protocol::StepResult result = ensure_state(wanted, before, context);
  const UnitStatus after = services_.status(wanted.unit);
  if (relinked) {
    const bool as_asked = is_enabled(after) == (wanted.enablement == UnitEnablement::enabled);
    if (result.state == protocol::StepState::done && !as_asked) {
      result = failed("not_enabled", wanted.unit + " is still " + after.unit_file_state +
                                         " at boot: does its [Install] section name a target?");
    } else if (result.state == protocol::StepState::done) {
      result.changed = true;
      result.detail += wanted.enablement == UnitEnablement::enabled ? "; starts at boot" : "; no longer starts at boot";
    }
  }
  if (wanted.enablement == UnitEnablement::enabled && cannot_be_enabled(before)) {
    result.detail += "; it is " + before.unit_file_state + ", so that whoever made it has to start it after a boot";
  }
  result.exit_status = after.exit_status;
  result.evidence["active_state"] = after.active_state;
  result.evidence["unit_file_state"] = after.unit_file_state;
  result.evidence["main_pid"] = std::to_string(after.main_pid);
  result.evidence["invocation_id"] = after.invocation_id;
  return result;
}

}  // namespace switchyard::agent
