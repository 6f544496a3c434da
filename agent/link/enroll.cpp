#include "agent/link/enroll.hpp"

#include <utility>
#include <variant>

#include "agent/link/agent_identity.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/file_system.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/message.hpp"
#include "protocol/zmq_dealer.hpp"

namespace switchyard::agent {
namespace {

constexpr std::int64_t patience_ms = 20'000;
constexpr std::int64_t ask_again_ms = 2'000;

/// One conversation: ENROL until ENROLLED, REFUSE or the end of patience.
class Conversation {
 public:
  Conversation(const protocol::Enrolment& enrolment, protocol::Enrol question)
      : question_(std::move(question)),
        dealer_({enrolment.endpoints, enrolment.server_public_key,
                 protocol::curve_keys_from_secret(protocol::enrolment_secret(enrolment.token))},
                loop_,
                {[this](std::uint64_t, std::string session) { ask(std::move(session)); },
                 [this](protocol::Channel, const std::string& frame) { hear(frame); },
                 [this](protocol::LinkLoss loss) { lose(loss); }}) {}

  protocol::Enrolled run() {
    const EventLoop::Timer end = loop_.after(patience_ms, [this] { loop_.stop(); });
    loop_.run();
    if (!answer_) throw TransportError(trouble_);
    return *answer_;
  }

 private:
  void ask(std::string session) {
    session_ = std::move(session);
    protocol::Envelope envelope;
    envelope.session = session_;
    envelope.seq = ++seq_;
    envelope.message = question_;
    dealer_.send(protocol::Channel::control, protocol::encode(envelope));
    again_ = loop_.after(ask_again_ms, [this] { ask(session_); });
  }
  void hear(const std::string& frame) {
    const protocol::Envelope envelope = protocol::decode(frame);
    if (const auto* enrolled = std::get_if<protocol::Enrolled>(&envelope.message)) answer_ = *enrolled;
    if (const auto* refuse = std::get_if<protocol::Refuse>(&envelope.message)) trouble_ = refuse->text;
    const bool over = answer_ || std::holds_alternative<protocol::Refuse>(envelope.message);
    if (over) loop_.stop();
  }
  void lose(protocol::LinkLoss loss) {
    if (loss == protocol::LinkLoss::refused) {
      trouble_ =
          "the coordinator refused the token: it was used, has expired, or belongs to another coordinator. Make a new "
          "one: "
          "switchyard agents token create";
      loop_.stop();
    } else if (loss == protocol::LinkLoss::unreachable) {
      trouble_ =
          "no coordinator with that key answers at the addresses in the enrolment string; is port 7400 reachable from "
          "here?";
    }
  }

  EventLoop loop_;
  protocol::Enrol question_;
  std::string session_;
  std::uint64_t seq_ = 0;
  std::optional<protocol::Enrolled> answer_;
  std::string trouble_ = "the coordinator did not answer in time";
  EventLoop::Timer again_;
  protocol::ZmqDealer dealer_;
};

/// This host's key for one token, made at the first try. It is durable before the coordinator learns of it, and a try
/// that was cut short is repeated with the same one: the coordinator then answers again, where it would refuse another
/// key under a name that it has just given away. Another token gets another key, since the old one may be revoked.
std::filesystem::path key_file(const std::filesystem::path& state, std::string_view token) {
  return state / ("enrolling-" + sha256_hex(protocol::enrolment_secret(token)).substr(0, 16) + ".key");
}

protocol::CurveKeyPair own_keys(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return protocol::load_curve_keys(file);
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  protocol::save_curve_keys(file, keys);
  return keys;
}

}  // namespace

HostId enroll(const AgentConfig& config, const std::string& text, const std::string& name) {
  const protocol::Enrolment enrolment = protocol::decode_enrolment(text);
  if (!is_name(name)) {
    throw InputError("'" + name +
                     "' cannot be a host's name: use a-z, 0-9, '-', '.' and '_' (say another with --name)");
  }
  PosixFileSystem files;
  if (const auto known = load_identity(files, config.paths.state)) {
    throw InputError("this host is enrolled already, as " + known->host.str() + "; remove " +
                     (config.paths.state / "identity.yaml").string() +
                     " first if it shall belong to another coordinator");
  }
  files.create_directories(config.paths.state, 0700);
  const std::filesystem::path file = key_file(config.paths.state, enrolment.token);
  const protocol::CurveKeyPair keys = own_keys(file);
  Conversation conversation(enrolment, {name, keys.public_key, SWITCHYARD_VERSION});
  const protocol::Enrolled enrolled = conversation.run();
  protocol::save_curve_keys(config.paths.state / "agent.key", keys);
  save_identity(files, config.paths.state,
                {enrolled.host, enrolment.endpoints, enrolment.server_public_key, enrolled.plan_public_key});
  files.remove(file);
  return enrolled.host;
}

}  // namespace switchyard::agent
