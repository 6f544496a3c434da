#include "coordinator/fleet/agent_registry.hpp"

#include <utility>

#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/text.hpp"
#include "protocol/version.hpp"

namespace switchyard::fleet {
namespace {

/// It is shown to people: a host may say anything.
std::string head_or_none(const std::string& text) {
  constexpr std::size_t digits = 64;
  return protocol::is_hex(text, digits) ? text : "";
}

}  // namespace

void AgentRegistry::speak_for(std::uint64_t epoch, std::string audit_head) {
  ENSURE(epoch > epoch_);
  epoch_ = epoch;
  audit_head_ = std::move(audit_head);
}

HelloOutcome AgentRegistry::hello(const HostId& host, std::uint64_t connection, const protocol::Envelope& envelope) {
  ENSURE(epoch_ > 0);
  const auto& hello = std::get<protocol::Hello>(envelope.message);
  const auto present = sessions_.find(host);
  // A frame of a connection that the host has already left behind.
  if (present != sessions_.end() && connection < present->second.connection) return {};

  const auto agreement = protocol::agree(hello);
  if (!agreement) {
    const std::string code = "version";
    const std::string text = "no protocol version in common; upgrade the older side";
    log::error("agent refused", {{"host", host.str()}, {"code", code}, {"why", text}});
    send_bare(host, protocol::Channel::control, envelope, protocol::Refuse{code, text});
    return {.ended = end(host), .begun = std::nullopt};
  }

  HelloOutcome outcome;
  const bool again = present != sessions_.end() && present->second.id == envelope.session;
  if (!again) {
    outcome.ended = end(host);
    AgentSession session;
    session.number = ++last_number_[host];
    session.connection = connection;
    session.id = envelope.session;
    session.protocol = agreement->protocol;
    session.features = agreement->features;
    session.agent_version = hello.agent_version;
    session.boot_id = hello.boot_id;
    session.audit_head = head_or_none(hello.audit_head);
    outcome.begun = session.number;
    sessions_.insert_or_assign(host, std::move(session));
    hosts_.insert_or_assign(envelope.session, host);
    log::info("agent connected", {{"host", host.str()}, {"version", hello.agent_version}});
  }
  sessions_.at(host).heard_boot_ms = clock_.boot_ms();
  send(host, protocol::Welcome{agreement->protocol, agreement->features, host, audit_head_, keys_}, envelope.seq);
  return outcome;
}

std::optional<std::uint64_t> AgentRegistry::heard(const HostId& host, const protocol::Envelope& envelope) {
  const auto found = sessions_.find(host);
  if (found == sessions_.end() || found->second.id != envelope.session) return std::nullopt;
  found->second.heard_boot_ms = clock_.boot_ms();
  // An agent of an older version says nothing here: what it said in its HELLO stands.
  const auto* pong = std::get_if<protocol::Pong>(&envelope.message);
  if (pong != nullptr && !pong->audit_head.empty()) found->second.audit_head = head_or_none(pong->audit_head);
  return found->second.number;
}

bool AgentRegistry::send(const HostId& host, protocol::Message message, std::uint64_t re) {
  const auto found = sessions_.find(host);
  if (found == sessions_.end()) return false;
  AgentSession& session = found->second;
  protocol::Envelope envelope;
  envelope.protocol = static_cast<std::uint8_t>(session.protocol);
  envelope.epoch = epoch_;
  envelope.session = session.id;
  envelope.seq = session.next_seq++;
  envelope.re = re;
  envelope.message = std::move(message);
  return bus_.send(host, protocol::Channel::control, protocol::encode(envelope));
}

bool AgentRegistry::send_bare(const HostId& peer, protocol::Channel channel, const protocol::Envelope& to,
                              protocol::Message message) {
  protocol::Envelope envelope;
  envelope.protocol = to.protocol;
  envelope.epoch = epoch_;
  envelope.session = to.session;
  envelope.re = to.seq;
  envelope.message = std::move(message);
  return bus_.send(peer, channel, protocol::encode(envelope));
}

std::optional<EndedSession> AgentRegistry::end(const HostId& host) {
  const auto found = sessions_.find(host);
  if (found == sessions_.end()) return std::nullopt;
  EndedSession ended{host, found->second.number, clock_.boot_ms() - found->second.heard_boot_ms};
  hosts_.erase(found->second.id);
  sessions_.erase(found);
  return ended;
}

std::optional<EndedSession> AgentRegistry::refuse(const HostId& host, const std::string& code,
                                                  const std::string& text) {
  if (!connected(host)) return std::nullopt;
  send(host, protocol::Refuse{code, text});
  return end(host);
}

std::vector<EndedSession> AgentRegistry::tick(std::string audit_head) {
  audit_head_ = std::move(audit_head);
  const std::int64_t now = clock_.boot_ms();
  std::vector<HostId> silent;
  for (const auto& [host, session] : sessions_) {
    if (now - session.heard_boot_ms > limits::session_silence_ms_max) silent.push_back(host);
  }
  std::vector<EndedSession> ended;
  for (const HostId& host : silent) {
    log::warning("agent lost", {{"host", host.str()}, {"silent_ms", limits::session_silence_ms_max}});
    ended.push_back(*end(host));
  }
  for (const auto& [host, session] : sessions_) send(host, protocol::Ping{now, audit_head_});
  return ended;
}

std::optional<std::uint64_t> AgentRegistry::session_number(const HostId& host) const {
  const auto found = sessions_.find(host);
  if (found == sessions_.end()) return std::nullopt;
  return found->second.number;
}

const AgentSession* AgentRegistry::find(const HostId& host) const {
  const auto found = sessions_.find(host);
  return found == sessions_.end() ? nullptr : &found->second;
}

const HostId* AgentRegistry::other_in(const std::string& session, const HostId& peer) const {
  const auto found = hosts_.find(session);
  return found == hosts_.end() || found->second == peer ? nullptr : &found->second;
}

}  // namespace switchyard::fleet
