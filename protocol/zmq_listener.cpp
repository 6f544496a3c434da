#include "protocol/zmq_listener.hpp"

#include <zmq.h>

#include <cerrno>

#include "common/clock.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_zap.hpp"

namespace switchyard::protocol {
namespace {

/// A DRAFT constant that the distributions' zmq.h lacks, though their library knows the option.
constexpr int zap_enforce_domain = 93;

/// What anybody would dial to reach a socket that listens on every address.
std::string reachable(std::string address) {
  for (const std::string_view wildcard : {"//0.0.0.0:", "//[::]:"}) {
    const std::size_t at = address.find(wildcard);
    if (at != std::string::npos) {
      return address.substr(0, at) + (wildcard == "//[::]:" ? "//[::1]:" : "//127.0.0.1:") +
             address.substr(at + wildcard.size());
    }
  }
  return address;
}

/// The first event that decides a dial, or 0 after dial_ms_max.
int dial_outcome(const std::string& address, const std::string& server_public_key, const CurveKeyPair& keys) {
  ZmqContext context;
  ZmqSocket socket = make_dialler(context, server_public_key, keys, {limits::control_frame_bytes_max, 1});
  ZmqMonitor monitor = socket.monitor(context, dial_events);
  socket.connect(address);
  const SystemClock clock;
  const std::int64_t deadline = clock.boot_ms() + limits::dial_ms_max;
  for (std::int64_t now = clock.boot_ms(); now < deadline; now = clock.boot_ms()) {
    zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, static_cast<long>(deadline - now)) < 0 && zmq_errno() != EINTR) {
      throw TransportError(std::string("waiting for the self-test: ") + zmq_strerror(zmq_errno()));
    }
    if (const auto event = next_event(monitor)) return event->kind;
  }
  return 0;
}

}  // namespace

ZmqSocket make_listener(ZmqContext& context, const std::string& address, const CurveKeyPair& keys,
                        const ListenerLimits& listener_limits) {
  ZmqSocket socket(context, ZMQ_ROUTER);
  socket.set(ZMQ_CURVE_SERVER, 1);
  socket.set(ZMQ_CURVE_SECRETKEY, keys.secret);
  socket.set(ZMQ_ZAP_DOMAIN, zap_domain);
  socket.set(zap_enforce_domain, 1);
  socket.set(ZMQ_MAXMSGSIZE, listener_limits.frame_bytes_max);
  socket.set(ZMQ_HANDSHAKE_IVL, limits::handshake_ms_max);
  socket.set(ZMQ_HEARTBEAT_IVL, static_cast<int>(limits::ping_interval_ms));
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, static_cast<int>(limits::session_silence_ms_max));
  socket.set(ZMQ_HEARTBEAT_TTL, static_cast<int>(limits::session_silence_ms_max));
  // Unknown peers are an error and not a silent loss; a peer that claims another's routing id gets nothing.
  socket.set(ZMQ_ROUTER_MANDATORY, 1);
  socket.set(ZMQ_ROUTER_HANDOVER, 0);
  socket.set(ZMQ_SNDHWM, listener_limits.send_queue_frames_max);
  socket.set(ZMQ_RCVHWM, limits::receive_queue_frames_max);
  socket.set(ZMQ_BACKLOG, limits::listen_backlog_max);
  socket.set(ZMQ_LINGER, limits::linger_ms_max);
  if (address.find('[') != std::string::npos) socket.set(ZMQ_IPV6, 1);
  socket.bind(address);
  return socket;
}

void prove_listener(const std::string& bound_address, const std::string& server_public_key, const CurveKeyPair& canary,
                    const CurveKeyPair& stranger) {
  const std::string address = reachable(bound_address);
  if (dial_outcome(address, server_public_key, canary) != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
    throw TransportError("self-test: an allowed key could not connect to " + address +
                         "; is another process listening there, or a packet filter in between?");
  }
  if (dial_outcome(address, server_public_key, stranger) != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
    throw TransportError("self-test: " + address + " did not turn an unknown key away; refusing to serve on it");
  }
}

}  // namespace switchyard::protocol
