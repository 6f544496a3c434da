#include "agent/link/enroll.hpp"

#include <fcntl.h>
#include <stdio.h>

#include <chrono>
#include <optional>
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

std::string addresses_of(const protocol::Enrolment& enrolment) {
  std::string list;
  for (const protocol::Endpoint& endpoint : enrolment.endpoints) {
    list += (list.empty() ? "" : ", ") + endpoint.host + ":" + std::to_string(endpoint.control_port);
  }
  return list;
}

/// One conversation: ENROL until ENROLLED, REFUSE or the end of patience.
class Conversation {
 public:
  Conversation(const protocol::Enrolment& enrolment, protocol::Enrol question, std::int64_t patience_ms)
      : question_(std::move(question)),
        patience_ms_(patience_ms),
        trouble_("the coordinator at " + addresses_of(enrolment) + " did not answer in time"),
        unreachable_("no coordinator with that key answers at " + addresses_of(enrolment) +
                     ", as the enrolment string has it; can this host reach that address? If it is the wrong one, set "
                     "`advertise` in the coordinator's /etc/switchyard/coordinator.yaml and make another string"),
        dealer_({enrolment.endpoints,
                 {enrolment.server_public_key},
                 protocol::curve_keys_from_secret(protocol::enrolment_secret(enrolment.token))},
                loop_,
                {[this](std::uint64_t, std::string session) { ask(std::move(session)); },
                 [this](protocol::Channel, const std::string& frame) { hear(frame); },
                 [this](protocol::LinkLoss loss) { lose(loss); }}) {}

  protocol::Enrolled run() {
    const EventLoop::Timer end = loop_.after(patience_ms_, [this] { loop_.stop(); });
    loop_.run();
    if (refused_) throw EnrolmentRefused(trouble_);
    if (!answer_) throw TransportError(trouble_);
    return *answer_;
  }
  /// The coordinator has said no to this very key, or can never have heard of it.
  bool key_is_useless(bool drawn_now) const { return answered_no_ || (refused_ && drawn_now && seq_ == 0); }

 private:
  void ask(std::string session) {
    session_ = std::move(session);
    protocol::Envelope envelope;
    envelope.session = session_;
    envelope.seq = ++seq_;
    envelope.message = question_;
    dealer_.send(protocol::Channel::control, protocol::encode(envelope));
    again_ = loop_.after(limits::enrol_resend_ms, [this] { ask(session_); });
  }
  void hear(const std::string& frame) {
    const protocol::Envelope envelope = protocol::decode(frame);
    if (const auto* enrolled = std::get_if<protocol::Enrolled>(&envelope.message)) answer_ = *enrolled;
    if (const auto* refuse = std::get_if<protocol::Refuse>(&envelope.message)) {
      trouble_ = "the coordinator refused the enrolment: " + refuse->text;
      refused_ = answered_no_ = true;
    }
    if (answer_ || refused_) loop_.stop();
  }
  void lose(protocol::LinkLoss loss) {
    if (loss == protocol::LinkLoss::refused) {
      trouble_ =
          "the coordinator refused the token: it has expired, was used up, or belongs to another coordinator. Make a "
          "new one: switchyard agents token create";
      refused_ = true;
      loop_.stop();
    } else if (loss == protocol::LinkLoss::unreachable) {
      trouble_ = unreachable_;
    }
  }

  EventLoop loop_;
  protocol::Enrol question_;
  std::int64_t patience_ms_;
  std::string session_;
  std::uint64_t seq_ = 0;
  std::optional<protocol::Enrolled> answer_;
  bool refused_ = false;      ///< by the coordinator, or at its door
  bool answered_no_ = false;  ///< by the coordinator, to our question
  std::string trouble_;
  std::string unreachable_;
  EventLoop::Timer again_;
  protocol::ZmqDealer dealer_;
};

constexpr std::string_view try_prefix = "enrolling-";

/// This host's key for one token, made at the first try. It is durable before the coordinator learns of it, and a try
/// that was cut short is repeated with the same one: the coordinator then answers again, where it would refuse another
/// key under a name that it has just given away. Another token gets another key, since the old one may be revoked.
std::filesystem::path key_file(const std::filesystem::path& state, std::string_view token) {
  const std::string name = sha256_hex(protocol::enrolment_secret(token)).substr(0, 16);
  return state / (std::string(try_prefix) + name + ".key");
}

/// No answer can come to such a key any more: its token lived when it was drawn, and has expired since.
bool outlived_its_token(const std::filesystem::path& file) {
  const auto age = std::filesystem::file_time_type::clock::now() - std::filesystem::last_write_time(file);
  return std::chrono::duration_cast<std::chrono::milliseconds>(age).count() > limits::token_life_ms;
}

/// Tries that will never be repeated: all when this host is enrolled, else those of tokens that have expired.
void sweep_tries(FileSystem& files, const std::filesystem::path& state, bool enrolled,
                 const std::filesystem::path& present) {
  for (const std::string& name : files.list(state)) {
    if (!name.starts_with(try_prefix)) continue;
    const std::filesystem::path file = state / name;
    if (enrolled || (file != present && outlived_its_token(file))) files.remove(file);
  }
}

/// Throws as enroll() does; a key that can be of no more use is gone then.
protocol::Enrolled converse(FileSystem& files, const std::filesystem::path& file, bool drawn_now,
                            const protocol::Enrolment& enrolment, const std::string& name,
                            const protocol::CurveKeyPair& keys, std::int64_t patience_ms) {
  Conversation conversation(enrolment, {name, keys.public_key, SWITCHYARD_VERSION}, patience_ms);
  try {
    return conversation.run();
  } catch (const EnrolmentRefused&) {
    if (conversation.key_is_useless(drawn_now) || outlived_its_token(file)) files.remove(file);
    throw;
  }
}

}  // namespace

HostId enroll(const AgentConfig& config, const std::string& text, const std::string& name, std::int64_t patience_ms) {
  const protocol::Enrolment enrolment = protocol::decode_enrolment(text);
  if (!is_name(name)) {
    throw InputError("'" + name +
                     "' cannot be a host's name: use a-z, 0-9, '-', '.' and '_' (say another with --name)");
  }
  const std::filesystem::path& state = config.paths.state;
  PosixFileSystem files;
  const auto known = load_identity(files, state);
  files.create_directories(state, 0700);
  const std::filesystem::path file = key_file(state, enrolment.token);
  sweep_tries(files, state, known.has_value(), file);
  if (known) {
    throw InputError("this host is enrolled already, as " + known->host.str() +
                     "; for a new key say --new-key, with a string from `switchyard agents token create --host " +
                     known->host.str() + " --new-key`. Only if it shall belong to another coordinator, remove " +
                     (state / "identity.yaml").string() + " first");
  }
  const bool drawn_now = !std::filesystem::exists(file);
  if (drawn_now) protocol::save_curve_keys(file, protocol::generate_curve_keys());
  const protocol::CurveKeyPair keys = protocol::load_curve_keys(file);
  const protocol::Enrolled enrolled = converse(files, file, drawn_now, enrolment, name, keys, patience_ms);
  protocol::save_curve_keys(state / "agent.key", keys);
  save_identity(files, state,
                {enrolled.host, enrolment.endpoints, enrolment.server_public_key, enrolled.plan_public_key});
  sweep_tries(files, state, true, file);
  return enrolled.host;
}

HostId take_new_key(const AgentConfig& config, const std::string& text, std::int64_t patience_ms) {
  const protocol::Enrolment enrolment = protocol::decode_enrolment(text);
  const std::filesystem::path& state = config.paths.state;
  PosixFileSystem files;
  const auto known = load_identity(files, state);
  if (!known) throw InputError("this host is not enrolled, so that it has no key to replace; leave --new-key out");
  if (known->server_public_key != enrolment.server_public_key) {
    throw InputError("the enrolment string is of another coordinator than the one that this host belongs to");
  }
  const std::filesystem::path file = key_file(state, enrolment.token);
  sweep_tries(files, state, false, file);
  const bool drawn_now = !std::filesystem::exists(file);
  if (drawn_now) protocol::save_curve_keys(file, protocol::generate_curve_keys());
  const protocol::CurveKeyPair keys = protocol::load_curve_keys(file);
  const protocol::Enrolled enrolled = converse(files, file, drawn_now, enrolment, known->host.str(), keys, patience_ms);
  protocol::save_curve_keys(state / "agent.key", keys);
  sweep_tries(files, state, true, file);
  return enrolled.host;
}

bool change_key(const std::filesystem::path& state) {
  const PosixFileSystem files;
  for (const std::string& name : files.list(state)) {
    if (!name.starts_with(try_prefix)) continue;
    const std::filesystem::path tried = state / name, present = state / "agent.key";
    const auto now = std::filesystem::file_time_type::clock::now();
    if (now - std::filesystem::last_write_time(present) < std::chrono::milliseconds(limits::key_change_ms_min)) break;
    if (::renameat2(AT_FDCWD, tried.c_str(), AT_FDCWD, present.c_str(), RENAME_EXCHANGE) != 0) {
      throw_errno("putting " + tried.string() + " in the place of agent.key");
    }
    std::filesystem::last_write_time(present, now);
    sync_directory_or_abort(state);
    return true;
  }
  return false;
}

void keep_key(const std::filesystem::path& state) {
  PosixFileSystem files;
  sweep_tries(files, state, true, {});
}

}  // namespace switchyard::agent
