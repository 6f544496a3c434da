#include "tests/simulation/network.hpp"

#include <algorithm>
#include <utility>

#include "common/hex.hpp"
#include "common/ids.hpp"

namespace switchyard::simulation {

void Network::unclog(const HostId& host) {
  Way& way = ways_[host];
  way.clogged = false;
  for (std::function<void()>& frame : std::exchange(way.held, {})) events_.at(dice_.between(0, 50), std::move(frame));
}

void Network::wake() {
  const bool somebody = std::any_of(listeners_.begin(), listeners_.end(), [](auto* one) { return one->listens(); });
  if (!somebody) return;
  for (AgentLink* link : std::exchange(waiting_, {})) link->dial();
}

void Network::stop_listening(Listener& listener) {
  std::erase(listeners_, &listener);
  for (const auto& connection : connections_) {
    if (connection->listener != &listener) continue;
    connection->listener = nullptr;
    // Who is cut off does not hear that the other end is gone.
    events_.at(dice_.between(1, 50), [this, connection] {
      if (connection->link != nullptr && !ways_[connection->host].cut_in) connection->link->broken();
    });
  }
}

std::shared_ptr<Network::Connection> Network::connect(AgentLink& link, const HostId& host) {
  const Way& way = ways_[host];
  std::vector<Listener*> there;
  for (Listener* listener : listeners_) {
    if (listener->listens()) there.push_back(listener);
  }
  if (there.empty() || way.cut_in || way.cut_out || way.clogged || way.walled()) return nullptr;
  auto connection = std::make_shared<Connection>();
  connection->number = ++last_number_;
  connection->host = host;
  connection->listener = dice_.pick(there);
  connection->link = &link;
  std::erase_if(connections_, [](const auto& old) { return old->link == nullptr || old->listener == nullptr; });
  connections_.push_back(connection);
  return connection;
}

void Network::close(const std::shared_ptr<Connection>& connection, AgentLink& link) {
  if (connection->link == &link) connection->link = nullptr;
}

void Network::forget(AgentLink& link) { std::erase(waiting_, &link); }

void Network::carry(const std::shared_ptr<Connection>& connection, bool inwards, std::function<void()> arrive) {
  Way& way = ways_[connection->host];
  if ((inwards ? way.cut_in : way.cut_out) || dice_.chance(trouble.loss)) return;
  const int copies = dice_.chance(trouble.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    std::int64_t arrival =
        events_.now() + (dice_.chance(trouble.slow) ? dice_.between(200, 6'000) : dice_.between(1, 30));
    std::int64_t& last = inwards ? connection->last_in_ms : connection->last_out_ms;
    if (!dice_.chance(trouble.reorder)) arrival = last = std::max(arrival, last);
    const auto land = [this, connection, inwards, arrive] {
      const Way& now = ways_[connection->host];
      if (!(inwards ? now.cut_in : now.cut_out)) arrive();
    };
    if (way.clogged) {
      way.held.push_back(land);
    } else {
      events_.at(arrival - events_.now(), land);
    }
  }
}

bool Network::to_agent(Listener& from, const HostId& host, protocol::Channel channel, const std::string& frame) {
  overheard(host, true, frame);
  trace_.mix(frame);
  for (auto newest = connections_.rbegin(); newest != connections_.rend(); ++newest) {
    const auto& connection = *newest;
    if (connection->listener != &from || connection->host != host) continue;
    if (connection->link == nullptr) return false;
    carry(connection, true, [connection, channel, frame] {
      if (connection->link != nullptr) connection->link->frame_arrived(channel, frame);
    });
    return true;
  }
  return false;
}

void Network::to_coordinator(const std::shared_ptr<Connection>& connection, protocol::Channel channel,
                             const std::string& frame) {
  overheard(connection->host, false, frame);
  trace_.mix(frame);
  carry(connection, false, [connection, channel, frame] {
    if (connection->listener != nullptr) {
      connection->listener->frame_arrived(connection->host, channel, connection->number, frame);
    }
  });
}

AgentLink::AgentLink(Network& network, Events& events, Dice& dice, Process& process, HostId host,
                     protocol::LinkCallbacks callbacks)
    : network_(network),
      events_(events),
      dice_(dice),
      process_(process),
      host_(std::move(host)),
      callbacks_(std::move(callbacks)) {
  dial();
}

AgentLink::~AgentLink() {
  *there_ = false;
  network_.forget(*this);
  if (connection_) network_.close(connection_, *this);
}

bool AgentLink::send(protocol::Channel channel, std::string frame) {
  if (!connection_) return false;
  network_.to_coordinator(connection_, channel, frame);
  return true;
}

void AgentLink::redial() {
  if (!connection_) return;  // one that is being dialled is young enough
  network_.close(connection_, *this);
  connection_.reset();
  dial();
}

void AgentLink::dial() {
  const std::uint64_t number = ++tries_;
  events_.at(dice_.between(1, 400), [this, number, there = there_] {
    if (*there && number == tries_) try_to_dial();
  });
}

void AgentLink::try_to_dial() {
  if (process_.paused()) return dial();
  connection_ = network_.connect(*this, host_);
  if (!connection_) {
    network_.wait_to_dial(*this);
    return process_.run([this] { callbacks_.on_down(protocol::LinkLoss::unreachable); });
  }
  process_.run([this] { callbacks_.on_up(++dialled_, *from_hex(random_hex(16))); });
}

void AgentLink::frame_arrived(protocol::Channel channel, const std::string& frame) {
  process_.run([this, channel, frame] { callbacks_.on_frame(channel, frame); });
}

void AgentLink::broken() {
  if (!connection_) return;
  network_.close(connection_, *this);
  connection_.reset();
  dial();
  process_.run([this] { callbacks_.on_down(protocol::LinkLoss::lost); });
}

}  // namespace switchyard::simulation
