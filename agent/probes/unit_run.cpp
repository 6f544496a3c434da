#include "agent/probes/unit_run.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* unprivileged_user = "nobody";

bool has_ended(const UnitStatus& status) {
  return status.load_state == "not-found" || status.active_state == "failed" || status.active_state == "inactive" ||
         (status.active_state == "active" && status.sub_state == "exited");
}

/// Ends and forgets the unit, whatever becomes of the try.
class ProbeUnit {
 public:
  ProbeUnit(ServiceManager& services, std::string name) : services_(services), name_(std::move(name)) {}
  ProbeUnit(const ProbeUnit&) = delete;
  ProbeUnit& operator=(const ProbeUnit&) = delete;
  ~ProbeUnit() {
    try {
      services_.stop(name_, limits::run_end_grace_ms);
      services_.reset_failed(name_);
    } catch (const Error&) {
      // systemd ends it at its deadline all the same; what is left then is its name.
    }
  }

 private:
  ServiceManager& services_;
  std::string name_;
};

ProbeTry judge(const std::string& program, const UnitStatus& status) {
  if (status.load_state == "not-found") return not_ok(program + " is gone, and systemd does not tell how it ended");
  if (status.result == "timeout") return not_ok(program + " did not end in time and was killed");
  const std::string ended = program + " ended with status " + std::to_string(status.exit_status);
  const bool good = status.active_state != "failed" && status.exit_status == 0;
  if (!good) return not_ok(ended + (status.result.empty() ? "" : " (" + status.result + ")"));
  return all_ok(ended);
}

}  // namespace

ProbeTry run_unit(const UnitRun& run, ServiceManager& services, const Clock& clock, const Pause& pause,
                  const std::stop_token& stop) {
  if (run.argv.empty() || !run.argv.front().starts_with('/')) {
    return not_ok("the probe's command must be an absolute path and its arguments; a shell is never used");
  }
  const std::string& program = run.argv.front();
  const std::string name = "switchyard-probe-" + random_hex(8) + ".service";
  const std::int64_t deadline_ms = clock.boot_ms() + run.timeout_ms;
  const std::optional<std::string> refused =
      services.start_transient({.name = name,
                                .description = "Switchyard probe " + program,
                                .argv = run.argv,
                                .environment = {},
                                .working_directory = {},
                                .user = run.user.empty() ? unprivileged_user : run.user,
                                .timeout_ms = run.timeout_ms,
                                .standard_input = run.standard_input,
                                .standard_output = run.standard_output});
  if (refused) return not_ok(program + " could not be started: " + *refused);
  const ProbeUnit unit(services, name);
  std::int64_t pause_ms = limits::probe_poll_ms_min;
  for (;;) {
    const UnitStatus status = services.status(name);
    const std::string trouble = run.meanwhile ? run.meanwhile() : "";
    if (!trouble.empty()) return not_ok(program + " " + trouble);
    if (has_ended(status)) return judge(program, status);
    if (stop.stop_requested()) return not_ok(program + " was cancelled");
    if (clock.boot_ms() >= deadline_ms) return not_ok(program + " did not end in time and was stopped");
    pause(pause_ms, stop);
    pause_ms = std::min(pause_ms * 2, limits::run_poll_ms);
  }
}

}  // namespace switchyard::agent
