#include "agent/link/coordinator_session.hpp"

#include <utility>
#include <variant>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::agent {

CoordinatorSession::CoordinatorSession(const MakeLink& make_link, Scheduler& loop, const Clock& clock,
                                       Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      link_(make_link({[this](std::uint64_t connection, std::string session) { on_up(connection, std::move(session)); },
                       [this](protocol::Channel, const std::string& frame) { on_frame(frame); },
                       [this](protocol::LinkLoss loss) { on_down(loss); }})) {
  tick_ = loop_.after(limits::ping_interval_ms, [this] { tick(); });
}

CoordinatorSession::CoordinatorSession(const protocol::ZmqDealer::Settings& settings, EventLoop& loop,
                                       const Clock& clock, Callbacks callbacks)
    : CoordinatorSession(
          [&](protocol::LinkCallbacks heard) {
            return std::make_unique<protocol::ZmqDealer>(settings, loop, std::move(heard));
          },
          loop, clock, std::move(callbacks)) {}

bool CoordinatorSession::send(protocol::Message message) {
  if (!welcomed_) return false;
  const bool bulk = std::holds_alternative<protocol::BlobGet>(message);
  transmit(bulk ? protocol::Channel::bulk : protocol::Channel::control, std::move(message));
  return true;
}

void CoordinatorSession::redial() {
  end();
  link_->redial();
}

void CoordinatorSession::on_up(std::uint64_t connection, std::string session) {
  end();
  connection_ = connection;
  session_ = std::move(session);
  seq_ = 0;
  heard_boot_ms_ = clock_.boot_ms();
  transmit(protocol::Channel::control, callbacks_.hello());
}

void CoordinatorSession::on_frame(const std::string& frame) {
  try {
    protocol::Envelope envelope = protocol::decode(frame);
    if (envelope.session != session_) return;  // of a connection that is over
    if (!protocol::may_say(protocol::Speaker::coordinator,
                           std::holds_alternative<protocol::Blob>(envelope.message) ? protocol::Channel::bulk
                                                                                    : protocol::Channel::control,
                           protocol::type_of(envelope.message))) {
      log::warning("message refused", {{"type", protocol::message_name(protocol::type_of(envelope.message))}});
      return;
    }
    on_message(std::move(envelope));
  } catch (const DecodeError& error) {
    log::warning("frame refused", {{"why", error.what()}});
  }
}

void CoordinatorSession::on_message(protocol::Envelope envelope) {
  heard_boot_ms_ = clock_.boot_ms();
  if (const auto* welcome = std::get_if<protocol::Welcome>(&envelope.message)) {
    if (welcomed_) return;
    welcomed_ = true;
    protocol_ = static_cast<std::uint8_t>(welcome->protocol);
    epoch_ = envelope.epoch;
    log::info("coordinator welcomed this agent", {{"host", welcome->host.str()}, {"epoch", envelope.epoch}});
    tell_link(LinkState::connected, "");
    callbacks_.witness(welcome->audit_head);
    callbacks_.welcomed(envelope.epoch, *welcome, connection_);
    return;
  }
  if (const auto* refuse = std::get_if<protocol::Refuse>(&envelope.message)) {
    tell_link(LinkState::refused, "the coordinator refused this host: " + refuse->text);
    end();  // nothing more is heard on this connection; its silence leads to a new dial
    return;
  }
  if (!welcomed_) return;
  if (const auto* ping = std::get_if<protocol::Ping>(&envelope.message)) {
    transmit(protocol::Channel::control, protocol::Pong{ping->sent_ms, callbacks_.witness(ping->audit_head)});
    return;
  }
  if (std::holds_alternative<protocol::Pong>(envelope.message)) return;
  callbacks_.message(envelope.epoch, std::move(envelope.message));
}

void CoordinatorSession::on_down(protocol::LinkLoss loss) {
  end();
  session_.clear();
  switch (loss) {
    case protocol::LinkLoss::unreachable:
      return tell_link(LinkState::unreachable,
                       "the coordinator does not answer, or not with the key that this host pinned");
    case protocol::LinkLoss::refused:
      return tell_link(LinkState::refused,
                       "the coordinator does not know this host's key: it was revoked or replaced, or the coordinator "
                       "has lost it");
    case protocol::LinkLoss::lost:
      return tell_link(LinkState::lost, "the connection to the coordinator was lost");
  }
}

void CoordinatorSession::tell_link(LinkState state, const std::string& text) {
  if (told_ == state) return;
  const bool trouble = state != LinkState::connected;
  if (trouble && state == LinkState::refused) log::error(text + "; services keep running, trying on");
  if (trouble && state != LinkState::refused) log::warning(text + "; dialling anew");
  told_ = state;
  if (callbacks_.link_changed) callbacks_.link_changed(state, text);
}

void CoordinatorSession::end() {
  if (!std::exchange(welcomed_, false)) return;
  callbacks_.ended();
}

void CoordinatorSession::tick() {
  tick_ = loop_.after(limits::ping_interval_ms, [this] { tick(); });
  if (!session_.empty()) {
    if (clock_.boot_ms() - heard_boot_ms_ > limits::session_silence_ms_max) {
      log::warning("coordinator was silent too long; dialling anew");
      session_.clear();
      redial();
    } else if (welcomed_) {
      transmit(protocol::Channel::control, protocol::Ping{clock_.boot_ms(), {}});
    }
  }
  callbacks_.every_ping();
}

void CoordinatorSession::transmit(protocol::Channel channel, protocol::Message message) {
  protocol::Envelope envelope;
  envelope.protocol = protocol_;
  envelope.epoch = epoch_;
  envelope.session = session_;
  envelope.seq = ++seq_;
  envelope.message = std::move(message);
  try {
    link_->send(channel, protocol::encode(envelope));
  } catch (const Error& error) {
    // Built from what this host says of itself, a message may be too long or no text. It is lost, the agent is not.
    log::error("message could not be sent",
               {{"type", protocol::message_name(protocol::type_of(envelope.message))}, {"why", error.what()}});
  }
}

}  // namespace switchyard::agent
