#include "coordinator/fleet/intake.hpp"

#include <variant>

#include "common/error.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/fleet/masked_message.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::fleet {
namespace {

/// The deployment that a message names; nullptr for messages that name none.
const DeploymentId* deployment_of(const protocol::Message& message) {
  return std::visit(
      [](const auto& value) -> const DeploymentId* {
        if constexpr (requires { value.deployment; }) {
          return &value.deployment;
        } else if constexpr (requires { value.report.deployment; }) {
          return &value.report.deployment;
        } else {
          return nullptr;
        }
      },
      message);
}

}  // namespace

void Intake::frame_arrived(const HostId& peer, protocol::Channel channel, std::uint64_t connection,
                           const std::string& frame) {
  try {
    std::optional<protocol::Envelope> envelope = read(peer, frame);
    if (!envelope) return;
    // A host masks what it knows to be secret; one that is of an older version, or was started anew, does not.
    if (!PLANTED(words_of_hosts_are_not_masked)) mask_texts(envelope->message, parts_.masks.of(peer));
    handle(peer, channel, connection, *envelope);
  } catch (const StaleEpochError&) {
    throw;
  } catch (const Error& error) {
    log::error("message not handled", {{"peer", peer.str()}, {"why", error.what()}});
  }
}

/// Nothing: it is no frame, or a message that this version does not know. The latter an honest agent of a newer version
/// may send, since messages are added without a new number of the protocol: it is passed over.
std::optional<protocol::Envelope> Intake::read(const HostId& peer, const std::string& frame) {
  try {
    return protocol::decode(frame);
  } catch (const protocol::UnknownMessageError& error) {
    log::warning("message passed over", {{"peer", peer.str()}, {"why", error.what()}});
  } catch (const DecodeError& error) {
    forbid(peer, std::string("sent a frame that cannot be read: ") + error.what());
  }
  return std::nullopt;
}

void Intake::handle(const HostId& peer, protocol::Channel channel, std::uint64_t connection,
                    const protocol::Envelope& envelope) {
  const auto token = protocol::enrolling_token(peer);
  const auto speaker = token ? protocol::Speaker::enrolling : protocol::Speaker::agent;
  const protocol::MessageType type = protocol::type_of(envelope.message);
  if (!protocol::may_say(speaker, channel, type)) {
    forbid(peer, "said " + std::string(protocol::message_name(type)) + " on the " +
                     (channel == protocol::Channel::bulk ? "bulk" : "control") +
                     " channel, which is not for it to say");
    return;
  }
  // Of its own, what comes late from a session that is over is passed over further down. Another's it cannot know.
  if (const HostId* other = parts_.registry.other_in(envelope.session, peer)) {
    forbid(peer, "spoke in the session of host " + other->str());
    return;
  }
  if (token) return enrol(peer, *token, envelope);
  if (!parts_.hosts.may_connect(peer)) return;
  if (const auto* wish = std::get_if<protocol::BlobGet>(&envelope.message)) {
    parts_.registry.send_bare(peer, channel, envelope, blob_for(peer, *wish));
  } else if (type == protocol::MessageType::hello) {
    hello(peer, connection, envelope);
  } else {
    from_agent(peer, envelope);
  }
}

/// A host gets the bytes of what is being deployed to it, and nobody else's. It is not accused: its question may have
/// been on its way when the deployment ended.
protocol::Blob Intake::blob_for(const HostId& host, const protocol::BlobGet& wish) const {
  if (parts_.runs.needs(host, wish.release)) return parts_.artifacts.serve(wish);
  log::info("artifact not served: no deployment that is under way brings it to this host",
            {{"host", host.str()}, {"release", wish.release.str()}});
  return {wish.release, wish.manifest, wish.offset, {}, true};
}

/// No program of ours does this, so its key is in other hands, or it is none of ours: its session is over, and people
/// shall hear of it.
void Intake::forbid(const HostId& peer, const std::string& what) {
  log::warning("what its sender may not say was dropped", {{"peer", peer.str()}, {"what", what}});
  parts_.refusals.note(
      {.operation = "message.refuse", .object = peer.str(), .origin = "agent", .why = what, .known = true});
  const auto ended = parts_.registry.refuse(peer, "forbidden", "this host " + what);
  if (ended) parts_.runs.agent_lost(peer, ended->number);
}

void Intake::enrol(const HostId& peer, const std::string& token, const protocol::Envelope& envelope) {
  const auto& wish = std::get<protocol::Enrol>(envelope.message);
  const auto answer = parts_.hosts.enrol(token, wish);
  if (const auto* refuse = std::get_if<protocol::Refuse>(&answer)) {
    parts_.refusals.note({"enrol.refuse", token, "agent", refuse->text});
  }
  const auto message = std::visit([](const auto& value) { return protocol::Message(value); }, answer);
  parts_.registry.send_bare(peer, protocol::Channel::control, envelope, message);
}

void Intake::turned_away(const std::vector<protocol::RefusedDial>& dials) {
  for (const protocol::RefusedDial& dial : dials) parts_.refusals.note(parts_.hosts.stranger(dial));
}

void Intake::hello(const HostId& host, std::uint64_t connection, const protocol::Envelope& envelope) {
  const auto& hello = std::get<protocol::Hello>(envelope.message);
  if (const auto objection = parts_.recovery.objection(host, hello)) {
    if (objection->lie) forbid(host, objection->why);
    parts_.registry.send_bare(host, protocol::Channel::control, envelope,
                              protocol::Refuse{objection->lie ? "forbidden" : "recovery", objection->why});
    return;
  }
  const HelloOutcome outcome = parts_.registry.hello(host, connection, envelope);
  if (outcome.ended) parts_.runs.agent_lost(host, outcome.ended->number);
  if (!outcome.begun) return;
  parts_.hosts.seen(host, hello.agent_version);
  parts_.runs.agent_connected(host, *outcome.begun, hello);
  parts_.convergence.host_connected(host);
  parts_.keys.host_connected(host);
}

void Intake::from_agent(const HostId& host, const protocol::Envelope& envelope) {
  const auto session = parts_.registry.heard(host, envelope);
  if (!session) {
    log::debug("message outside a session was dropped",
               {{"host", host.str()}, {"message", protocol::message_name(protocol::type_of(envelope.message))}});
    return;
  }
  if (const auto* ping = std::get_if<protocol::Ping>(&envelope.message)) {
    parts_.registry.send(host, protocol::Pong{ping->sent_ms, head_.now()}, envelope.seq);
  } else if (const auto* reply = std::get_if<protocol::InventoryReply>(&envelope.message)) {
    parts_.inventory.answered(host, *reply);
  } else if (const auto* note = std::get_if<protocol::KeysNoted>(&envelope.message)) {
    parts_.keys.noted(host, *note);
  } else if (const auto* run = std::get_if<protocol::ChecksRun>(&envelope.message)) {
    parts_.checks.answered(host, *run);
  } else if (const auto* saved = std::get_if<protocol::FilesSaved>(&envelope.message)) {
    parts_.saves.answered(host, *saved);
  } else if (const DeploymentId* id = deployment_of(envelope.message)) {
    if (parts_.runs.agent_said(host, *session, *id, envelope.message)) return;
    forbid(host, "speaks of deployment " + id->str() + ", in which it takes no part");
  }
}

void Intake::tick() {
  confirm_epoch();
  for (const EndedSession& ended : parts_.registry.tick(head_.now())) {
    parts_.hosts.last_heard(ended.host, ended.silent_ms);
    parts_.runs.agent_lost(ended.host, ended.number);
  }
  parts_.hosts.drop_expired();
  write_housekeeping();
}

/// A coordinator that was replaced while it had nothing to write must not keep its agents.
void Intake::confirm_epoch() {
  try {
    if (!PLANTED(replaced_coordinator_stays_when_idle)) parts_.store.confirm_epoch();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("whether another coordinator has taken over could not be read", {{"why", error.what()}});
  }
}

void Intake::write_housekeeping() {
  try {
    parts_.hosts.write_seen();
    parts_.refusals.write_due();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("when hosts were last seen, and who was refused, was not written; will be tried again",
                 {{"why", error.what()}});
  }
}

void Intake::cut_off(const HostId& host, const std::string& why) {
  const auto ended = parts_.registry.refuse(host, "revoked", why);
  if (ended) parts_.runs.agent_lost(host, ended->number);
}

}  // namespace switchyard::fleet
