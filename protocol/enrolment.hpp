#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/message.hpp"
#include "protocol/transport.hpp"

/// How a host joins. The token is 32 random bytes that only the person who runs `enroll` ever holds; both sides derive
/// a CURVE key pair from it, and the coordinator keeps the public half, as the key of the peer `enrol:<token id>`. So
/// an unknown key is refused at the handshake, always, and the store knows no secret. See docs/adr/0001.
namespace switchyard::protocol {

/// What the one string carries.
struct Enrolment {
  std::vector<Endpoint> endpoints;
  std::string server_public_key;  ///< Z85, 40 characters: pinned before the first byte is sent
  std::string token;              ///< 32 raw bytes; never logged, never stored by the coordinator
  bool operator==(const Enrolment&) const = default;
};

inline constexpr std::size_t token_bytes = 32;
inline constexpr std::size_t enrolment_endpoints_max = 16;

/// From the kernel's random source.
std::string make_token();
/// `sy1.` and base64url; no blanks, so that it survives every shell and mail.
std::string encode_enrolment(const Enrolment& enrolment);
/// Throws InputError: what is wrong with the text, and never the token in it.
Enrolment decode_enrolment(std::string_view text);
/// The 32 bytes of the derived CURVE secret key.
std::string enrolment_secret(std::string_view token);

/// The name by which the transport knows somebody who holds that token.
HostId enrolment_peer(std::string_view token_id);
/// The token's id if the peer is one that enrols; nothing for a host.
std::optional<std::string> enrolling_token(const HostId& peer);

/// 40 characters of the Z85 alphabet.
bool is_curve_key(std::string_view text);

/// Its 32 raw bytes; nothing when it is none.
std::optional<std::string> curve_key_bytes(std::string_view text);

enum class Speaker { coordinator, agent, enrolling };
/// The closed list of who may say what, and where. Everything else is dropped before it is looked at.
bool may_say(Speaker speaker, Channel channel, MessageType type);

}  // namespace switchyard::protocol
