// What a host says of itself and of its work, with text that is an attack, at the program that is shipped: in every
// text of every message that a host may send, and of what it dials with. Each of them is delivered, byte for byte, and
// has to be told so: nothing here is skipped in silence.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/enrolment.hpp"
#include "tests/attack/every_message.hpp"
#include "tests/attack/injection.hpp"
#include "tests/attack/text_fields.hpp"

namespace switchyard::attack {
namespace {

/// What became of a session in which something was said. `silent`: it was not even noticed.
enum class Fate { heard, ended, silent };

/// Frames of one connection are looked at in their order: when this PING is answered, what was said before it has been
/// dealt with, be it that it was taken or that its frame was dropped.
Fate fate_of(RawPeer& peer) {
  static std::int64_t number = 1'000'000;  // no sample of a PING has one of these
  const std::int64_t asked = ++number;
  peer.say(protocol::Ping{asked, {}});
  while (const auto heard = peer.hear()) {
    const auto* pong = std::get_if<protocol::Pong>(&*heard);
    if (pong != nullptr && pong->sent_ms == asked) return Fate::heard;
    if (std::holds_alternative<protocol::Refuse>(*heard)) return Fate::ended;
  }
  return Fate::silent;
}

/// A message, and which of its texts is the attack.
struct Attack {
  Attack(const protocol::Message& sample, std::size_t wanted, const std::string& said) : message(sample) {
    // Found again in the frame: no sample has such a text.
    TextFields texts(wanted, std::string(said.size(), '~'));
    std::visit([&](auto& body) { fields(texts, body); }, message);
    placeholder = texts.placed();
    text = said.substr(0, placeholder.size());
    field = name_of(message) + " " + texts.place();
  }
  bool say_to(RawPeer& peer) const { return peer.say_with(message, placeholder, text); }

  protocol::Message message;
  std::string placeholder;
  std::string text;
  std::string field;
};

/// With every text that it can have. But a HELLO that names deployments which the store does not know is looked at no
/// further, and one that says that another coordinator was obeyed would be the end of all service here.
std::vector<protocol::Message> whole_samples(const protocol::Message& sample) {
  if (!std::holds_alternative<protocol::Hello>(sample)) return {sample};
  const auto filled = protocol::golden::sample<protocol::Hello>();
  protocol::Hello of_itself = honest_hello();
  of_itself.features = filled.features;
  protocol::Hello of_deployments = honest_hello();
  of_deployments.open = filled.open;
  return {of_itself, of_deployments};
}

/// A host in an attacker's hands. When its session was ended it dials anew; when it is held back for what it said in a
/// HELLO, and heard no more, another host takes its place.
class HostileHost {
 public:
  HostileHost(const Attacked& attacked, std::string name)
      : attacked_(attacked), name_(std::move(name)), keys_(attacked.enrol(name_)) {}

  Fate say(const Attack& attack) {
    const bool is_hello = std::holds_alternative<protocol::Hello>(attack.message);
    if (is_hello) peer_.reset();  // it comes first on a connection
    if (!connect(!is_hello) || !attack.say_to(*peer_)) return Fate::silent;
    // If its frame was dropped there is no session yet in which anything is answered.
    if (is_hello) peer_->say(honest_hello());
    const Fate fate = fate_of(*peer_);
    if (fate != Fate::heard) peer_.reset();
    if (fate == Fate::ended && is_hello) keys_ = attacked_.enrol(name_ + "-" + std::to_string(++successors_));
    return fate;
  }
  const protocol::CurveKeyPair& keys() const { return keys_; }

 private:
  bool connect(bool greeted) {
    if (peer_) return true;
    peer_.emplace(attacked_.endpoint().control_address(), attacked_.server_key(), keys_);
    if (peer_->outcome() == Outcome::let_in && (!greeted || peer_->greet())) return true;
    peer_.reset();
    return false;
  }

  const Attacked& attacked_;
  std::string name_;
  protocol::CurveKeyPair keys_;
  std::optional<RawPeer> peer_;
  int successors_ = 0;
};

class Injection : public ::testing::Test {
 protected:
  /// A silent one costs seconds: after some of them it is clear that something is wrong.
  static constexpr int silent_max = 3;

  void note(const Attack& attack, const std::string& said, Fate fate) {
    if (fate == Fate::silent) {
      ++silent_;
      ADD_FAILURE() << attack.field << " with " << printable(said) << " was not delivered";
      return;
    }
    delivered_with_[{attack.field, said}] = true;
    ++delivered_[attack.field];
    ended_ += fate == Fate::ended ? 1 : 0;
  }

  template <class Deliver>
  void in_every_text_of(const protocol::Message& message, const std::string& said, const Deliver& deliver) {
    for (std::size_t i = 0; i < count_texts(message) && silent_ <= silent_max; ++i) {
      const Attack attack(message, i, said);
      if (!delivered_with_[{attack.field, said}]) note(attack, said, deliver(attack));
    }
  }

  /// With the key of a token, each text with one of its own. What is not taken leaves no trace on the wire, so that an
  /// honest ENROL follows it.
  void enrol_saying(const std::string& said, const std::string& prefix) {
    for (std::size_t i = 0; i < count_texts(protocol::Enrol{}) && silent_ <= silent_max; ++i) {
      const std::string host = prefix + "-enrols-" + std::to_string(i);
      const protocol::Enrol honest{host, protocol::generate_curve_keys().public_key, "0"};
      const Attack attack(honest, i, said);
      RawPeer newcomer = attacked.dial(attacked.token_keys(host));
      const bool sent = newcomer.outcome() == Outcome::let_in && attack.say_to(newcomer);
      newcomer.say(honest);
      note(attack, said, sent && newcomer.hear() ? Fate::heard : Fate::silent);
    }
  }

  Fate ask_for_blob(const Attack& attack, const protocol::CurveKeyPair& keys) {
    RawPeer bulk = attacked.dial_bulk(keys);
    if (bulk.outcome() != Outcome::let_in || !attack.say_to(bulk)) return Fate::silent;
    bulk.say(protocol::BlobGet{ReleaseId(std::string(64, 'a')), true, 0, 1});
    return bulk.hear() ? Fate::heard : Fate::silent;
  }

  /// Not a message, but said all the same: the name by which libzmq would route.
  void dial_as(const std::string& said) {
    constexpr std::size_t routing_id_bytes_max = 255;
    RawPeer peer =
        attacked.dial(attacked.enrol("dials-" + std::to_string(++dialled_)), said.substr(0, routing_id_bytes_max));
    const bool greeted = peer.outcome() == Outcome::let_in && peer.greet();
    EXPECT_TRUE(greeted) << "a routing id that is " << printable(said);
    delivered_["routing id"] += greeted ? 1 : 0;
  }

  void say_everything(const std::string& said) {
    const std::string host = "host-" + std::to_string(++hosts_);
    HostileHost hostile(attacked, host);
    for_every_message([&](const protocol::Message& sample) {
      const auto may_on = [&](protocol::Channel channel) {
        return protocol::may_say(protocol::Speaker::agent, channel, protocol::type_of(sample));
      };
      for (const protocol::Message& message : whole_samples(sample)) {
        if (may_on(protocol::Channel::control)) {
          in_every_text_of(message, said, [&](const Attack& attack) { return hostile.say(attack); });
        }
        if (may_on(protocol::Channel::bulk)) {
          in_every_text_of(message, said, [&](const Attack& attack) { return ask_for_blob(attack, hostile.keys()); });
        }
      }
    });
    enrol_saying(said, host);
    dial_as(said);
  }

  Attacked attacked;
  std::map<std::string, std::size_t> delivered_;  ///< by field
  std::map<std::pair<std::string, std::string>, bool> delivered_with_;
  int silent_ = 0;
  int ended_ = 0;
  int hosts_ = 0;
  int dialled_ = 0;
};

TEST_F(Injection, OfWhatHostsSayForgesNoLineAndNoAnswer) {
  for (const std::string& said : attacks()) say_everything(said);
  std::size_t deliveries = 0;
  for (const auto& [field, count] : delivered_) {
    EXPECT_EQ(count, attacks().size()) << field << ": each text once";
    deliveries += count;
  }
  EXPECT_GE(delivered_.size(), 80u) << "that is not every text that a host has";
  const std::size_t lines = expect_nothing_came_of_it(attacked);
  EXPECT_GT(lines, attacks().size());
  std::printf(
      "injection: %zu texts in each of %zu fields that a host has: %zu deliveries, %d sessions ended for them\n",
      attacks().size(), delivered_.size(), deliveries, ended_);
  std::printf("injection: %zu lines of the log, none forged\n", lines);
}

}  // namespace
}  // namespace switchyard::attack
