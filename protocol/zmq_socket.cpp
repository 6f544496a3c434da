#include "protocol/zmq_socket.hpp"

#include <sys/eventfd.h>
#include <zmq.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::protocol {
namespace {

[[noreturn]] void fail(const std::string& what) { throw TransportError(what + ": " + zmq_strerror(zmq_errno())); }

/// Owns a message for the length of a scope.
struct Received {
  zmq_msg_t message;
  Received() { zmq_msg_init(&message); }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  ~Received() { zmq_msg_close(&message); }
};

/// What arrived, as our own. This is where bytes cross from libzmq's threads to ours; tests/tsan.supp names it.
ZmqPart copied_out_of_libzmq(Received& received) {
  ZmqPart part;
  part.bytes.assign(static_cast<const char*>(zmq_msg_data(&received.message)), zmq_msg_size(&received.message));
  part.more = zmq_msg_more(&received.message) != 0;
  if (const char* user_id = zmq_msg_gets(&received.message, "User-Id")) part.user_id = user_id;
  return part;
}

}  // namespace

ZmqContext::ZmqContext() : handle_(zmq_ctx_new()) {
  if (handle_ == nullptr) fail("starting libzmq");
  zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, limits::zmq_sockets_max);
  // Contexts that end must not wait for peers that are gone; LINGER is set on every socket as well.
  zmq_ctx_set(handle_, ZMQ_BLOCKY, 0);
}
ZmqContext::~ZmqContext() {
  while (zmq_ctx_term(handle_) != 0 && zmq_errno() == EINTR) {
  }
}

void check_zmq_library() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  // 4.3.3 closes CVE-2020-15166; CVE-2019-13132 was a stack overflow before authentication, with CURVE on.
  if (major * 10'000 + minor * 100 + patch < 40'303) {
    throw TransportError("libzmq " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) +
                         " can be attacked before authentication; install 4.3.3 or newer");
  }
  if (zmq_has("curve") != 1) throw TransportError("this libzmq was built without CURVE; install one that has it");
}

ZmqSocket::ZmqSocket(ZmqContext& context, int type) : handle_(zmq_socket(context.handle(), type)) {
  if (handle_ == nullptr) fail("making a socket");
  set(ZMQ_LINGER, 0);
}
ZmqSocket::ZmqSocket(ZmqSocket&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
ZmqSocket& ZmqSocket::operator=(ZmqSocket&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}
ZmqSocket::~ZmqSocket() {
  if (handle_ != nullptr) zmq_close(handle_);
}

void ZmqSocket::set(int option, int value) {
  if (zmq_setsockopt(handle_, option, &value, sizeof value) != 0) fail("socket option " + std::to_string(option));
}
void ZmqSocket::set(int option, std::int64_t value) {
  if (zmq_setsockopt(handle_, option, &value, sizeof value) != 0) fail("socket option " + std::to_string(option));
}
void ZmqSocket::set(int option, std::string_view value) {
  if (zmq_setsockopt(handle_, option, value.data(), value.size()) != 0) {
    fail("socket option " + std::to_string(option));
  }
}

void ZmqSocket::bind(const std::string& address) {
  if (zmq_bind(handle_, address.c_str()) != 0) fail("listening on " + address);
}
void ZmqSocket::connect(const std::string& address) {
  if (zmq_connect(handle_, address.c_str()) != 0) fail("dialling " + address);
}

std::string ZmqSocket::bound_address() const {
  char address[512];
  std::size_t size = sizeof address;
  if (zmq_getsockopt(handle_, ZMQ_LAST_ENDPOINT, address, &size) != 0) fail("asking for the bound address");
  return address;
}

ZmqSent ZmqSocket::send(std::string_view part, bool more) {
  bool caught_up = false;
  for (;;) {
    if (zmq_send(handle_, part.data(), part.size(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0) return ZmqSent::sent;
    if (zmq_errno() == EAGAIN) {
      if (std::exchange(caught_up, true)) return ZmqSent::full;
      // libzmq looks at its own news once a millisecond at most; asking for the events makes it look now. Without this
      // a frame sent right after the handshake would be lost.
      int events = 0;
      std::size_t size = sizeof events;
      zmq_getsockopt(handle_, ZMQ_EVENTS, &events, &size);
      continue;
    }
    if (zmq_errno() == EHOSTUNREACH) return ZmqSent::unreachable;
    if (zmq_errno() != EINTR) fail("sending");
  }
}

std::optional<ZmqPart> ZmqSocket::receive() {
  Received received;
  while (zmq_msg_recv(&received.message, handle_, ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EAGAIN) return std::nullopt;
    if (zmq_errno() != EINTR) fail("receiving");
  }
  return copied_out_of_libzmq(received);
}

void ZmqSocket::drop_rest() {
  // libzmq hands out whole messages: their parts never block. How many there are, it does not bound (docs/SECURITY.md,
  // what is known and open).
  while (const auto part = receive()) {
    if (!part->more) return;
  }
}

ZmqMonitor ZmqSocket::monitor(ZmqContext& context, int events) {
  static std::atomic<std::uint64_t> number{0};
  const std::string address = "inproc://switchyard-monitor-" + std::to_string(++number);
  if (zmq_socket_monitor(handle_, address.c_str(), events) != 0) fail("watching a socket");
  ZmqSocket socket(context, ZMQ_PAIR);
  socket.connect(address);
  return {*this, std::move(socket)};
}

ZmqMonitor::ZmqMonitor(ZmqSocket& watched, ZmqSocket events) : watched_(watched.handle()), events_(std::move(events)) {}
ZmqMonitor::ZmqMonitor(ZmqMonitor&& other) noexcept
    : watched_(std::exchange(other.watched_, nullptr)), events_(std::move(other.events_)) {}
ZmqMonitor& ZmqMonitor::operator=(ZmqMonitor&& other) noexcept {
  std::swap(watched_, other.watched_);
  std::swap(events_, other.events_);
  return *this;
}
ZmqMonitor::~ZmqMonitor() {
  if (watched_ != nullptr) zmq_socket_monitor(watched_, nullptr, 0);
}

std::optional<ZmqEvent> next_event(ZmqMonitor& monitor) {
  const auto head = monitor.events_.receive();
  if (!head) return std::nullopt;
  if (head->more) monitor.events_.drop_rest();
  ENSURE(head->bytes.size() == 6);
  std::uint16_t kind = 0;
  ZmqEvent event;
  std::memcpy(&kind, head->bytes.data(), sizeof kind);
  std::memcpy(&event.value, head->bytes.data() + 2, sizeof event.value);
  event.kind = kind;
  return event;
}

ZmqWake::ZmqWake() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!descriptor_) throw_errno("making an eventfd");
}
void ZmqWake::ring() {
  const std::uint64_t one = 1;
  // A full counter rings already.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
}
void ZmqWake::silence() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(descriptor_.get(), &count, sizeof count);
}

}  // namespace switchyard::protocol
