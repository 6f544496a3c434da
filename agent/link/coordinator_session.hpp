#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/link/link_note.hpp"
#include "common/clock.hpp"
#include "common/event_loop.hpp"
#include "protocol/message.hpp"
#include "protocol/zmq_dealer.hpp"

namespace switchyard::agent {

/// The agent's conversation with the coordinator: HELLO first on every connection, WELCOME before anything else is
/// heard, a ping every five seconds, and a connection that has been silent too long is dialled anew. A coordinator that
/// refuses the agent (its key was revoked, it speaks another version) ends the conversation; what runs on the host goes
/// on, and the coordinator is asked again, ever more slowly: a person there may change their mind. Frames that are no
/// part of the present conversation are dropped. Owned by the agent; loop's thread.
class CoordinatorSession {
 public:
  struct Callbacks {
    std::function<protocol::Hello()> hello;
    /// WELCOME came: the agent may speak. `connection` is the n-th that this process dialled.
    std::function<void(std::uint64_t epoch, const protocol::Welcome& welcome, std::uint64_t connection)> welcomed;
    std::function<void(std::uint64_t epoch, protocol::Message message)> message;
    std::function<void()> ended;
    /// The head of the coordinator's audit chain as it is now: something to remember, see witness.hpp. The answer is
    /// what is remembered then.
    std::function<std::string(const std::string& audit_head)> witness = [](const std::string&) { return ""; };
    std::function<void()> every_ping;  ///< housekeeping, each ping interval
    /// How the agent stands with the coordinator has changed, and why, in words. May be empty.
    std::function<void(LinkState state, const std::string& text)> link_changed = {};
  };
  /// Makes the link over which the session speaks.
  using MakeLink = std::function<std::unique_ptr<protocol::CoordinatorLink>(protocol::LinkCallbacks)>;
  CoordinatorSession(const MakeLink& make_link, Scheduler& loop, const Clock& clock, Callbacks callbacks);
  /// Over the bus.
  CoordinatorSession(const protocol::ZmqDealer::Settings& settings, EventLoop& loop, const Clock& clock,
                     Callbacks callbacks);

  /// False while nobody has welcomed us: what matters is asked for again by the coordinator.
  bool send(protocol::Message message);
  void redial();
  bool connected() const { return welcomed_; }

 private:
  void on_up(std::uint64_t connection, std::string session);
  void on_frame(const std::string& frame);
  void on_down(protocol::LinkLoss loss);
  void on_message(protocol::Envelope envelope);
  void tick();
  void transmit(protocol::Channel channel, protocol::Message message);
  void end();
  void tell_link(LinkState state, const std::string& text);

  Scheduler& loop_;
  const Clock& clock_;
  Callbacks callbacks_;
  std::uint64_t connection_ = 0;
  std::string session_;
  bool welcomed_ = false;
  std::uint8_t protocol_ = 1;
  std::uint64_t epoch_ = 0;
  std::uint64_t seq_ = 0;
  std::int64_t heard_boot_ms_ = 0;
  std::optional<LinkState> told_;  ///< one line per kind of trouble, not one per try
  Scheduler::Timer tick_;
  std::unique_ptr<protocol::CoordinatorLink> link_;  // last: its callbacks use all of the above
};

}  // namespace switchyard::agent
