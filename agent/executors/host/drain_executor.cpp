#include "agent/executors/host/drain_executor.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::agent {

DrainExecutor::DrainExecutor(const TrafficSwitches& switches, const Clock& clock, Pause pause)
    : switches_(switches), clock_(clock), pause_(std::move(pause)) {}

std::uint64_t DrainExecutor::count(const protocol::Drain& wanted) const {
  protocol::SwitchTraffic of;
  of.component = wanted.component;
  protocol::SwitchTarget target;
  target.port = wanted.port;
  if (!wanted.haproxy_socket.empty()) {
    of.kind = protocol::SwitchKind::haproxy;
    of.haproxy_socket = wanted.haproxy_socket;
    of.haproxy_backend = wanted.haproxy_backend;
    target.server = wanted.haproxy_server;
    try {
      return switches_.haproxy.connections(of, target);
    } catch (const Error& error) {
      // After the decision the slot must end in any case, also when haproxy has been taken away meanwhile.
      log::warning("haproxy could not be asked while draining; counting sockets", {{"error", error.what()}});
    }
  }
  return switches_.none.connections(of, target);
}

protocol::StepResult DrainExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::Drain>(action);
  const std::int64_t began_ms = clock_.boot_ms();
  std::int64_t end_ms = began_ms + wanted.budget_ms;
  if (context.deadline_boot_ms != 0) end_ms = std::min(end_ms, context.deadline_boot_ms);
  std::uint64_t left = count(wanted);
  int quiet = left == 0 ? 1 : 0;
  while (quiet < limits::drain_quiet_readings && clock_.boot_ms() < end_ms && !context.stop.stop_requested()) {
    pause_(std::min<std::int64_t>(limits::drain_poll_ms, end_ms - clock_.boot_ms()), context.stop);
    left = count(wanted);
    quiet = left == 0 ? quiet + 1 : 0;
  }
  const std::string waited = std::to_string(clock_.boot_ms() - began_ms);
  protocol::StepResult result = done(false, left == 0 ? "no connection is left"
                                                      : std::to_string(left) + " connections are left after " + waited +
                                                            " ms: they end when the slot stops");
  if (context.stop.stop_requested()) result = failed("cancelled", "stopped draining: the result is no longer wanted");
  result.evidence["connections_left"] = std::to_string(left);
  result.evidence["waited_ms"] = waited;
  return result;
}

}  // namespace switchyard::agent
