#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/event_loop.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/message.hpp"
#include "protocol/zmq_router.hpp"

namespace switchyard::agent::testing {

/// A coordinator that a test scripts: the real listener on free ports of this machine, with a loop on a thread of its
/// own. It answers what `answer` says, and keeps what it heard.
class CoordinatorDouble {
 public:
  using Answer = std::function<std::vector<protocol::Message>(const HostId& peer, const protocol::Envelope& heard)>;

  explicit CoordinatorDouble(Answer answer) : answer_(std::move(answer)) {
    router_.emplace(protocol::ZmqRouter::Settings{"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", keys_}, loop_,
                    [this](const protocol::ZmqRouter::Arrival& arrival) { hear(arrival); });
    thread_ = std::jthread([this] { loop_.run(); });
  }
  ~CoordinatorDouble() {
    loop_.stop();
    thread_.join();
  }

  /// Returns when the key is known: who dials before that is turned away, and tries again only after a long pause.
  void allow(const HostId& peer, const std::string& public_key) {
    std::promise<void> known;
    loop_.post([&] {
      static_cast<void>(router_->allow(peer, public_key));
      known.set_value();
    });
    known.get_future().wait();
  }
  protocol::Endpoint endpoint() const {
    const auto port = [](const std::string& address) {
      return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    };
    return {"127.0.0.1", port(router_->control_address()), port(router_->bulk_address())};
  }
  const std::string& public_key() const { return keys_.public_key; }

  /// The first message heard, from the `from`-th on, that fits; nothing after ten seconds.
  template <class Body>
  std::optional<Body> wait_for(std::size_t from = 0) {
    std::unique_lock lock(mutex_);
    std::optional<Body> found;
    wake_.wait_for(lock, std::chrono::seconds(10), [&] {
      for (std::size_t i = from; i < heard_.size() && !found; ++i) {
        if (const auto* body = std::get_if<Body>(&heard_[i].message)) found = *body;
      }
      return found.has_value();
    });
    return found;
  }
  std::vector<protocol::Envelope> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void hear(const protocol::ZmqRouter::Arrival& arrival) {
    const protocol::Envelope envelope = protocol::decode(arrival.frame);
    {
      // Before the answers leave: who has an answer finds here what it answers.
      const std::lock_guard lock(mutex_);
      heard_.push_back(envelope);
      wake_.notify_all();
    }
    for (protocol::Message& message : answer_(arrival.peer, envelope)) {
      protocol::Envelope reply;
      reply.epoch = 5;
      reply.session = envelope.session;
      reply.seq = ++seq_;
      reply.re = envelope.seq;
      reply.message = std::move(message);
      router_->send(arrival.peer, arrival.channel, protocol::encode(reply));
    }
  }

  Answer answer_;
  EventLoop loop_;
  protocol::CurveKeyPair keys_ = protocol::generate_curve_keys();
  std::optional<protocol::ZmqRouter> router_;
  std::uint64_t seq_ = 0;
  std::mutex mutex_;  ///< guards heard_
  std::condition_variable wake_;
  std::vector<protocol::Envelope> heard_;
  std::jthread thread_;
};

}  // namespace switchyard::agent::testing
