#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_socket.hpp"

namespace switchyard::attack {

enum class Outcome { let_in, turned_away, no_answer };

inline constexpr long patience_ms = 10'000;
/// For what must not come: long enough to see it if it did.
inline constexpr long quiet_ms = 400;

/// A peer that may say anything: a DEALER with keys of its choice, without any of the agent's manners. One thread.
class RawPeer {
 public:
  RawPeer(const std::string& address, const std::string& server_key, const protocol::CurveKeyPair& keys,
          const std::string& routing_id = {});

  /// How the dial ended.
  Outcome outcome();
  void say(protocol::Message message);
  /// Whatever it is, as one message of libzmq.
  void say_parts(const std::vector<std::string>& parts);
  /// With `text` in the place of the first `placeholder` of the frame, byte for byte: past all that our own encoder
  /// would refuse or clean. They are equally long, so that the frame stays one. False when it could not be sent; throws
  /// std::logic_error when the placeholder is not there.
  bool say_with(protocol::Message message, const std::string& placeholder, const std::string& text);
  /// The next message; nothing when none comes in time.
  std::optional<protocol::Message> hear(long ms = patience_ms);
  /// HELLO, and whether a WELCOME came; a REFUSE is an answer.
  bool greet();
  /// In a session: PING, and whether a PONG came. Other messages are passed over, a REFUSE is an answer.
  bool is_heard(long ms = patience_ms);

  /// As the frames of a session carry it; another's may be taken.
  std::string session = std::string(16, '\0');

 private:
  std::string frame_of(protocol::Message message);

  protocol::ZmqContext context_;
  protocol::ZmqSocket socket_;
  protocol::ZmqMonitor monitor_;
  std::uint64_t seq_ = 0;
};

/// As an agent says it that has obeyed nobody yet.
protocol::Hello honest_hello();

/// A peer without CURVE: is it ever let in?
Outcome dial_in_clear(const std::string& address);

}  // namespace switchyard::attack
