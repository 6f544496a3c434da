#include "protocol/zmq_dealer_thread.hpp"

#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_queue.hpp"

namespace switchyard::protocol {
ZmqDealerThread::ZmqDealerThread(ZmqDealer::Settings settings, Tell tell)
    : settings_(std::move(settings)), tell_(std::move(tell)), random_(std::random_device{}()) {
  ENSURE(!settings_.endpoints.empty() && !settings_.server_public_keys.empty());
  thread_ = std::jthread([this] { run(); });
}

ZmqDealerThread::~ZmqDealerThread() {
  post(End{});
  thread_.join();
}

void ZmqDealerThread::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.ring();
}

bool ZmqDealerThread::send(Channel channel, std::uint64_t connection, std::string frame) {
  const std::size_t cost = queued_cost(frame.size());
  if (leaving_bytes_.load(std::memory_order_relaxed) + cost > limits::transport_queue_bytes_max) return false;
  leaving_bytes_.fetch_add(cost, std::memory_order_relaxed);
  post(Send{channel, connection, std::move(frame)});
  return true;
}
void ZmqDealerThread::redial() { post(Redial{}); }
void ZmqDealerThread::frame_done(std::size_t bytes) {
  delivered_bytes_.fetch_sub(queued_cost(bytes), std::memory_order_relaxed);
}

void ZmqDealerThread::run() {
  try {
    while (!ending_) {
      if (!control_ && clock_.boot_ms() >= redial_boot_ms_) dial_control();
      wait();
      carry_out_commands();
      if (control_) watch_control();
      if (bulk_) watch_bulk();
      if (delivered_bytes_.load(std::memory_order_relaxed) >= limits::transport_queue_bytes_max) continue;
      if (control_) receive(Channel::control, control_->socket);
      if (bulk_) receive(Channel::bulk, bulk_->socket);
    }
  } catch (const std::exception& error) {
    // Without this thread the agent is deaf and looks alive. The supervisor starts a new one.
    log::error("transport failed, ending the process", {{"error", error.what()}});
    ENSURE(!"the transport thread must not fail");
  }
}

long ZmqDealerThread::wait_ms() const {
  const std::int64_t now = clock_.boot_ms();
  std::int64_t until = -1;
  const auto consider = [&](std::int64_t at) { until = until < 0 ? at : std::min(until, at); };
  if (!control_) consider(redial_boot_ms_);
  if (control_ && !control_->up) consider(control_->give_up_boot_ms);
  if (bulk_) consider(bulk_->up ? bulk_used_boot_ms_ + limits::bulk_idle_ms_max : bulk_->give_up_boot_ms);
  return until < 0 ? -1 : static_cast<long>(std::max<std::int64_t>(0, until - now));
}

void ZmqDealerThread::wait() {
  std::vector<zmq_pollitem_t> items = {{nullptr, wake_.descriptor(), ZMQ_POLLIN, 0}};
  const bool behind = delivered_bytes_.load(std::memory_order_relaxed) >= limits::transport_queue_bytes_max;
  for (const std::optional<Dial>* dial : {&control_, &bulk_}) {
    if (!*dial) continue;
    items.push_back({(*dial)->monitor.handle(), 0, ZMQ_POLLIN, 0});
    if (!behind) items.push_back({(*dial)->socket.handle(), 0, ZMQ_POLLIN, 0});
  }
  const long patience_ms = behind ? limits::transport_behind_poll_ms : wait_ms();
  if (zmq_poll(items.data(), static_cast<int>(items.size()), patience_ms) < 0 && zmq_errno() != EINTR) {
    throw TransportError(std::string("waiting for frames: ") + zmq_strerror(zmq_errno()));
  }
}

void ZmqDealerThread::carry_out_commands() {
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

void ZmqDealerThread::carry_out(Send& command) {
  leaving_bytes_.fetch_sub(queued_cost(command.frame.size()), std::memory_order_relaxed);
  if (command.channel == Channel::bulk) {
    if (!bulk_) dial_bulk();
    bulk_used_boot_ms_ = clock_.boot_ms();
    bulk_->socket.send(command.frame, false);  // a full queue loses it: whoever asked will ask again
    return;
  }
  if (control_ && control_->up && connection_ == command.connection) control_->socket.send(command.frame, false);
}

/// The old socket's last frames still leave, within its linger time. The endpoint stays: the point is to prove that the
/// same coordinator can be reached anew.
void ZmqDealerThread::carry_out(Redial&) {
  control_.reset();
  redial_boot_ms_ = clock_.boot_ms();
}

ZmqSocket ZmqDealerThread::make_socket(std::size_t frame_bytes_max, int queue_frames_max) {
  return make_dialler(context_, settings_.server_public_keys[server_key_], settings_.keys,
                      {static_cast<std::int64_t>(frame_bytes_max), queue_frames_max});
}

void ZmqDealerThread::dial_control() {
  ++connection_;
  const Endpoint& endpoint = settings_.endpoints[endpoint_];
  ZmqSocket socket = make_socket(limits::control_frame_bytes_max, limits::send_queue_frames_max);
  ZmqMonitor monitor = socket.monitor(context_, dial_events);
  socket.connect(endpoint.control_address());
  control_ = Dial{std::move(socket), std::move(monitor), clock_.boot_ms() + limits::dial_ms_max, false};
}

/// Unlike control frames, the first bulk frames wait for the connection, so that a request need not be repeated.
void ZmqDealerThread::dial_bulk() {
  ZmqSocket socket = make_socket(limits::bulk_frame_bytes_max, limits::bulk_queue_frames_max);
  socket.set(ZMQ_IMMEDIATE, 0);
  ZmqMonitor monitor = socket.monitor(context_, dial_events);
  socket.connect(settings_.endpoints[endpoint_].bulk_address());
  bulk_ = Dial{std::move(socket), std::move(monitor), clock_.boot_ms() + limits::dial_ms_max, false};
}

void ZmqDealerThread::watch_control() {
  while (const auto event = next_event(control_->monitor)) {
    if (event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      control_->up = true;
      failures_ = 0;
      refused_rounds_ = 0;
      round_dials_ = 0;
      turned_away_ = false;
      tell_(Up{connection_});
      continue;
    }
    const bool refused = event->kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    return lose_control(refused ? LinkLoss::refused : control_->up ? LinkLoss::lost : LinkLoss::unreachable);
  }
  if (!control_->up && clock_.boot_ms() >= control_->give_up_boot_ms) lose_control(LinkLoss::unreachable);
}

void ZmqDealerThread::lose_control(LinkLoss loss) {
  if (loss == LinkLoss::lost) receive(Channel::control, control_->socket);
  control_.reset();
  bulk_.reset();
  redial_boot_ms_ = clock_.boot_ms() + redial_delay_ms(loss);
  endpoint_ = (endpoint_ + 1) % settings_.endpoints.size();
  tell_(Down{connection_, loss});
}

/// Spread over the fleet, so that a coordinator that comes back is not met by all agents in one moment.
std::int64_t ZmqDealerThread::redial_delay_ms(LinkLoss loss) {
  turned_away_ = turned_away_ || loss == LinkLoss::refused;
  if (++round_dials_ >= settings_.endpoints.size()) {
    round_dials_ = 0;
    // Who turns our key away, or had a connection with us, has the server key that we dialled with.
    if (!turned_away_ && loss != LinkLoss::lost) server_key_ = (server_key_ + 1) % settings_.server_public_keys.size();
    // Another endpoint might have known the key. None did. A coordinator that has just started opens its door a moment
    // before it knows who may come in; but after some tries a person must act, and the longer that takes, the slower.
    if (!std::exchange(turned_away_, false)) {
      refused_rounds_ = 0;
    } else if (++refused_rounds_ > limits::refused_quick_rounds) {
      const unsigned doublings = std::min(refused_rounds_ - limits::refused_quick_rounds - 1, 3u);
      return std::min(limits::refused_redial_ms << doublings, limits::refused_redial_ms_max);
    }
  }
  const unsigned doublings = std::min(failures_++, 3u);
  const int longest = std::min(limits::reconnect_ms_max, limits::reconnect_ms_min << doublings);
  return std::uniform_int_distribution<int>(limits::reconnect_ms_min, longest)(random_);
}

void ZmqDealerThread::watch_bulk() {
  const std::int64_t now = clock_.boot_ms();
  while (const auto event = next_event(bulk_->monitor)) {
    if (event->kind != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      bulk_.reset();
      return;
    }
    bulk_->up = true;
  }
  const bool given_up = !bulk_->up && now >= bulk_->give_up_boot_ms;
  const bool idle = bulk_->up && now >= bulk_used_boot_ms_ + limits::bulk_idle_ms_max;
  if (given_up || idle) bulk_.reset();
}

void ZmqDealerThread::receive(Channel channel, ZmqSocket& socket) {
  for (int i = 0; i < limits::receive_burst_frames; ++i) {
    auto part = socket.receive();
    if (!part) return;
    if (part->more) {
      socket.drop_rest();
      continue;
    }
    if (channel == Channel::bulk) bulk_used_boot_ms_ = clock_.boot_ms();
    delivered_bytes_.fetch_add(queued_cost(part->bytes.size()), std::memory_order_relaxed);
    tell_(Frame{channel, connection_, std::move(part->bytes)});
  }
}

}  // namespace switchyard::protocol
