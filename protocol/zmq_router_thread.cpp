#include "protocol/zmq_router_thread.hpp"

#include <zmq.h>

#include <cerrno>
#include <charconv>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/zmq_listener.hpp"
#include "protocol/zmq_queue.hpp"

namespace switchyard::protocol {
namespace {

std::optional<std::uint64_t> parse_grant(const std::string& user_id) {
  std::uint64_t grant = 0;
  const char* end = user_id.data() + user_id.size();
  const auto [stop, error] = std::from_chars(user_id.data(), end, grant);
  if (error != std::errc() || stop != end) return std::nullopt;
  return grant;
}

}  // namespace

ZmqRouterThread::ZmqRouterThread(const ZmqRouter::Settings& settings, std::string stranger, Deliver deliver)
    : zap_(context_, std::move(stranger)), deliver_(std::move(deliver)) {
  sides_[0].socket =
      make_listener(context_, settings.control_address, settings.keys,
                    {static_cast<std::int64_t>(limits::control_frame_bytes_max), limits::send_queue_frames_max});
  sides_[1].socket =
      make_listener(context_, settings.bulk_address, settings.keys,
                    {static_cast<std::int64_t>(limits::bulk_frame_bytes_max), limits::bulk_queue_frames_max});
  for (std::size_t i = 0; i < sides_.size(); ++i) addresses_[i] = sides_[i].socket->bound_address();
  thread_ = std::jthread([this] { run(); });
}

ZmqRouterThread::~ZmqRouterThread() {
  post(End{});
  thread_.join();
}

void ZmqRouterThread::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.ring();
}

// Who may connect is never dropped: the list is as long as the fleet, and a change is a person's or a token's.
void ZmqRouterThread::allow(std::uint64_t grant, std::string public_key) { post(Allow{grant, std::move(public_key)}); }
void ZmqRouterThread::disallow(std::uint64_t grant) { post(Disallow{grant}); }

bool ZmqRouterThread::send(Channel channel, std::uint64_t connection, std::string frame) {
  const std::size_t cost = queued_cost(frame.size());
  if (leaving_bytes_.load(std::memory_order_relaxed) + cost > limits::transport_queue_bytes_max) return false;
  leaving_bytes_.fetch_add(cost, std::memory_order_relaxed);
  post(Send{channel, connection, std::move(frame)});
  return true;
}
void ZmqRouterThread::frame_done(std::size_t bytes) {
  delivered_bytes_.fetch_sub(queued_cost(bytes), std::memory_order_relaxed);
}

void ZmqRouterThread::run() {
  try {
    while (!ending_) {
      const bool behind = delivered_bytes_.load(std::memory_order_relaxed) >= limits::transport_queue_bytes_max;
      zmq_pollitem_t items[] = {{nullptr, wake_.descriptor(), ZMQ_POLLIN, 0},
                                {zap_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                {sides_[0].socket->handle(), 0, ZMQ_POLLIN, 0},
                                {sides_[1].socket->handle(), 0, ZMQ_POLLIN, 0}};
      if (zmq_poll(items, behind ? 2 : 4, behind ? limits::transport_behind_poll_ms : -1) < 0 && zmq_errno() != EINTR) {
        throw TransportError(std::string("waiting for frames: ") + zmq_strerror(zmq_errno()));
      }
      carry_out_commands();
      zap_.answer([this]() -> const PeerAllowList& {
        carry_out_commands();
        return allowed_;
      });
      if (behind) continue;
      receive(Channel::control);
      receive(Channel::bulk);
    }
  } catch (const std::exception& error) {
    // Without this thread the coordinator is deaf and looks alive. The supervisor starts a new one.
    log::error("transport failed, ending the process", {{"error", error.what()}});
    ENSURE(!"the transport thread must not fail");
  }
}

void ZmqRouterThread::carry_out_commands() {
  wake_.silence();
  std::deque<Command> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (Command& command : commands) {
    std::visit([this](auto& what) { carry_out(what); }, command);
  }
}

void ZmqRouterThread::carry_out(Allow& command) { allowed_.allow(command.grant, std::move(command.public_key)); }

void ZmqRouterThread::carry_out(Disallow& command) {
  allowed_.disallow(command.grant);
  for (Side& each : sides_) {
    const auto found = each.of_grant.find(command.grant);
    if (found == each.of_grant.end()) continue;
    const std::deque<std::uint64_t> connections = found->second;
    for (const std::uint64_t connection : connections) forget(each, connection);
  }
}

void ZmqRouterThread::carry_out(Send& command) {
  leaving_bytes_.fetch_sub(queued_cost(command.frame.size()), std::memory_order_relaxed);
  Side& to = side(command.channel);
  const auto found = to.routing_ids.find(command.connection);
  if (found == to.routing_ids.end()) return;  // it went away meanwhile: a frame may be lost
  const ZmqSent outcome = to.socket->send(found->second, true);
  if (outcome == ZmqSent::sent) {
    to.socket->send(command.frame, false);
    return;
  }
  log::debug("frame not sent", {{"connection", command.connection}, {"full", outcome == ZmqSent::full}});
  if (outcome == ZmqSent::unreachable) forget(to, command.connection);
}

void ZmqRouterThread::receive(Channel channel) {
  for (int i = 0; i < limits::receive_burst_frames && receive_one(channel); ++i) {
  }
}

/// A frame is exactly one part after the routing id. More parts are not from an agent of ours: they are handed on as an
/// empty frame, which is none, so that their sender is dealt with as who sends such.
bool ZmqRouterThread::receive_one(Channel channel) {
  Side& from = side(channel);
  const auto routing_id = from.socket->receive();
  if (!routing_id) return false;
  if (!routing_id->more) return true;
  auto body = from.socket->receive();
  ENSURE(body);
  if (body->more) {
    from.socket->drop_rest();
    body->bytes.clear();
  }
  const auto grant = parse_grant(body->user_id);
  if (!grant || !allowed_.holds(*grant)) return true;  // its key was revoked after it had connected
  Frame frame{*grant, channel, connection_of(from, routing_id->bytes, *grant), std::move(body->bytes)};
  delivered_bytes_.fetch_add(queued_cost(frame.bytes.size()), std::memory_order_relaxed);
  deliver_(std::move(frame));
  return true;
}

/// The number of the connection that libzmq calls by this routing id. The grant is part of what makes it the same: a
/// peer may claim any routing id, but never another's grant.
std::uint64_t ZmqRouterThread::connection_of(Side& from, const std::string& routing_id, std::uint64_t grant) {
  const auto known = from.by_routing_id.find(routing_id);
  if (known != from.by_routing_id.end()) {
    if (known->second.grant == grant) return known->second.number;
    forget(from, known->second.number);
  }
  const std::uint64_t number = ++last_connection_;
  from.by_routing_id.emplace(routing_id, Connection{number, grant});
  from.routing_ids.emplace(number, routing_id);
  std::deque<std::uint64_t>& all = from.of_grant[grant];
  all.push_back(number);
  if (all.size() > limits::connections_per_peer_max) forget(from, all.front());
  return number;
}

void ZmqRouterThread::forget(Side& side, std::uint64_t connection) {
  const auto found = side.routing_ids.find(connection);
  if (found == side.routing_ids.end()) return;
  const auto known = side.by_routing_id.find(found->second);
  const std::uint64_t grant = known->second.grant;
  side.by_routing_id.erase(known);
  side.routing_ids.erase(found);
  const auto all = side.of_grant.find(grant);
  std::erase(all->second, connection);
  if (all->second.empty()) side.of_grant.erase(all);
}

}  // namespace switchyard::protocol
