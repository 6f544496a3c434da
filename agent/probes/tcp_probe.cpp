#include "agent/probes/deadline_socket.hpp"
#include "agent/probes/probe.hpp"

namespace switchyard::agent {

ProbeTry try_tcp(const protocol::TcpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop) {
  const Deadline deadline(timeout_ms);
  std::string why;
  const std::string place = probe.host + " port " + std::to_string(probe.port);
  const bool connected = DeadlineSocket::connect(probe.host, probe.port, deadline, stop, why).has_value();
  return ProbeTry{.ok = connected,
                  .detail = connected ? place + " takes connections" : "cannot connect to " + place + ": " + why,
                  .duration_ms = 0,
                  .identity = {}};
}

}  // namespace switchyard::agent
