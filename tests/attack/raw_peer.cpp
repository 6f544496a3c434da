#include "tests/attack/raw_peer.hpp"

#include <zmq.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <variant>

#include "common/limits.hpp"

namespace switchyard::attack {
namespace {

bool readable(void* socket, long ms) {
  zmq_pollitem_t item{socket, 0, ZMQ_POLLIN, 0};
  return zmq_poll(&item, 1, ms) > 0;
}

/// Sessions are random in agents; here they must only differ.
std::string next_session() {
  static std::atomic<std::uint64_t> count{0};
  std::string session(16, 's');
  const std::uint64_t number = ++count;
  std::memcpy(session.data(), &number, sizeof number);
  return session;
}

Outcome outcome_of(protocol::ZmqMonitor& monitor) {
  while (readable(monitor.handle(), patience_ms)) {
    const auto event = next_event(monitor);
    if (!event) continue;
    if (event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return Outcome::let_in;
    return Outcome::turned_away;
  }
  return Outcome::no_answer;
}

}  // namespace

protocol::Hello honest_hello() {
  protocol::Hello hello;
  hello.agent_version = "0";
  hello.boot_id = "boot";
  return hello;
}

RawPeer::RawPeer(const std::string& address, const std::string& server_key, const protocol::CurveKeyPair& keys,
                 const std::string& routing_id)
    : session(next_session()),
      socket_(protocol::make_dialler(context_, server_key, keys, {limits::control_frame_bytes_max, 100})),
      monitor_(socket_.monitor(context_, protocol::dial_events)) {
  if (!routing_id.empty()) socket_.set(ZMQ_ROUTING_ID, routing_id);
  socket_.connect(address);
}

Outcome RawPeer::outcome() { return outcome_of(monitor_); }

std::string RawPeer::frame_of(protocol::Message message) {
  protocol::Envelope envelope;
  envelope.session = session;
  envelope.seq = ++seq_;
  envelope.message = std::move(message);
  return protocol::encode(envelope);
}

void RawPeer::say(protocol::Message message) { socket_.send(frame_of(std::move(message)), false); }

void RawPeer::say_parts(const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) socket_.send(parts[i], i + 1 < parts.size());
}

bool RawPeer::say_with(protocol::Message message, const std::string& placeholder, const std::string& text) {
  std::string frame = frame_of(std::move(message));
  const std::size_t at = frame.find(placeholder);
  if (at == std::string::npos || placeholder.size() != text.size()) throw std::logic_error("nothing to replace");
  frame.replace(at, text.size(), text);
  return socket_.send(frame, false) == protocol::ZmqSent::sent;
}

std::optional<protocol::Message> RawPeer::hear(long ms) {
  if (!readable(socket_.handle(), ms)) return std::nullopt;
  const auto part = socket_.receive();
  if (!part) return std::nullopt;
  return protocol::decode(part->bytes).message;
}

bool RawPeer::greet() {
  say(honest_hello());
  while (const auto heard = hear()) {
    if (std::holds_alternative<protocol::Welcome>(*heard)) return true;
    if (std::holds_alternative<protocol::Refuse>(*heard)) return false;
  }
  return false;
}

bool RawPeer::is_heard(long ms) {
  say(protocol::Ping{1, {}});
  while (const auto heard = hear(ms)) {
    if (std::holds_alternative<protocol::Pong>(*heard)) return true;
    if (std::holds_alternative<protocol::Refuse>(*heard)) return false;
  }
  return false;
}

Outcome dial_in_clear(const std::string& address) {
  protocol::ZmqContext context;
  protocol::ZmqSocket socket(context, ZMQ_DEALER);
  socket.set(ZMQ_LINGER, 0);
  socket.set(ZMQ_RECONNECT_IVL, -1);
  protocol::ZmqMonitor monitor = socket.monitor(context, protocol::dial_events);
  socket.connect(address);
  return outcome_of(monitor);
}

}  // namespace switchyard::attack
