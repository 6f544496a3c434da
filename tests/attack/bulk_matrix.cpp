#include "tests/attack/bulk_matrix.hpp"

#include <variant>

#include "tests/attack/every_message.hpp"

namespace switchyard::attack {
namespace {

/// Of an artifact that nobody has, and no sample of a message names.
const ReleaseId nowhere(std::string(64, 'e'));

std::string word_of_answer(const protocol::Message& answer) {
  const auto* blob = std::get_if<protocol::Blob>(&answer);
  if (blob == nullptr) return name_of(answer);
  return blob->missing && blob->bytes.empty() ? "blob that is missing" : "BLOB WITH BYTES";
}

std::string together(const std::string& answers, const std::string& session) {
  if (answers.empty()) return session.empty() ? "not heard" : session;
  return session.empty() ? answers : answers + ", " + session;
}

}  // namespace

/// Frames of one connection are looked at in their order, and every host may ask for a blob: when that is answered,
/// what was said before it has been dealt with.
std::string answers_on(RawPeer& bulk) {
  bulk.say(protocol::BlobGet{nowhere, true, 0, 1});
  std::string answers;
  while (const auto heard = bulk.hear()) {
    const auto* blob = std::get_if<protocol::Blob>(&*heard);
    if (blob != nullptr && blob->release == nowhere) return answers;
    answers += (answers.empty() ? "answered " : ", ") + word_of_answer(*heard);
  }
  return answers + "NOT SERVED";
}

std::string word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::let_in:
      return "LET IN";
    case Outcome::turned_away:
      return "turned away";
    case Outcome::no_answer:
      return "no answer";
  }
  return {};
}

std::string BulkMatrix::dial_with(const protocol::CurveKeyPair& keys) const {
  RawPeer peer = attacked_.dial_bulk(keys);
  return word_of(peer.outcome());
}

/// Beside a session of its own on the control channel: what it gets, and whether that session lives on.
std::string BulkMatrix::said_by_itself(const protocol::Message& message) {
  const std::string host = host_for("bulk-", message);
  const protocol::CurveKeyPair keys = attacked_.enrol(host);
  RawPeer control = attacked_.dial(keys);
  if (control.outcome() != Outcome::let_in || !control.greet()) return "NO SESSION";
  RawPeer bulk = attacked_.dial_bulk(keys);
  if (bulk.outcome() != Outcome::let_in) return "turned away";
  bulk.session = control.session;
  bulk.say(message);
  const std::string answers = answers_on(bulk);
  if (control.is_heard()) return together(answers, "");
  offenders_.push_back(host);
  return together(answers, "session dropped");
}

/// In the session of another host, with a key and a session of its own: what the victim notices, and what becomes of
/// the thief.
std::string BulkMatrix::said_as_another(const protocol::Message& message) {
  RawPeer victim = attacked_.dial(parties_.victim);
  const std::string host = host_for("bulk-thief-", message);
  const protocol::CurveKeyPair keys = attacked_.enrol(host);
  RawPeer thief = attacked_.dial(keys);
  if (victim.outcome() != Outcome::let_in || !victim.greet()) return "NO VICTIM";
  if (thief.outcome() != Outcome::let_in || !thief.greet()) return "NO THIEF";
  RawPeer of_victim = attacked_.dial_bulk(parties_.victim);
  RawPeer of_thief = attacked_.dial_bulk(keys);
  if (of_victim.outcome() != Outcome::let_in) return "NO VICTIM";
  if (of_thief.outcome() != Outcome::let_in) return "turned away";
  // The victim's connection is known before the thief speaks: whatever went to the newest one would go there.
  if (!answers_on(of_victim).empty()) return "NO VICTIM";
  of_thief.session = victim.session;
  of_thief.say(message);
  of_thief.session = thief.session;
  const std::string answers = answers_on(of_thief);
  if (!victim.is_heard()) return "THE OTHER LOST ITS SESSION";
  if (!answers_on(of_victim).empty()) return "THE OTHER WAS ANSWERED";
  if (thief.is_heard()) return together(answers, "STILL IN ITS SESSION");
  offenders_.push_back(host);
  return together(answers, "its own session dropped");
}

/// With the key of an enrolment token, which nothing on this channel is for.
std::string BulkMatrix::said_by_newcomer(const protocol::Message& message) {
  const bool enrols = std::holds_alternative<protocol::Enrol>(message);
  const std::string host = "bulk-new-host";
  const TokenKeys token = attacked_.token(host);
  RawPeer newcomer = attacked_.dial_bulk(token.keys);
  if (newcomer.outcome() != Outcome::let_in) return "turned away";
  if (enrols) {
    newcomer.say(protocol::Enrol{host, std::get<protocol::Enrol>(message).public_key, "0"});
  } else {
    newcomer.say(message);
  }
  if (const auto answer = newcomer.hear(quiet_ms)) return "answered " + word_of_answer(*answer);
  offenders_.push_back(token.peer);
  // The answer to ENROL would go to the control channel, where nobody listens: the list of hosts tells it.
  return attacked_.ask("GET", "/v1/hosts").body.find(host) == std::string::npos ? "not heard" : "ENROLLED";
}

std::string BulkMatrix::lines() {
  std::string lines;
  for_every_message([&](const protocol::Message& message) {
    // A key decides at the handshake, before any message: each dial is an attempt of its own all the same.
    lines += name_of(message);
    lines += "\n  no key: " + word_of(dial_in_clear(attacked_.endpoint().bulk_address()));
    lines += "\n  unknown key: " + dial_with(protocol::generate_curve_keys());
    lines += "\n  revoked key: " + dial_with(parties_.revoked);
    lines += "\n  another agent's key: " + said_as_another(message);
    lines += "\n  an enrolment key: " + said_by_newcomer(message);
    lines += "\n  its own key: " + said_by_itself(message) + "\n";
  });
  return lines;
}

}  // namespace switchyard::attack
