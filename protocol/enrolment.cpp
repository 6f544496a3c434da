#include "protocol/enrolment.hpp"

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "protocol/pack.hpp"
#include "protocol/text.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::string_view prefix = "sy1.";
constexpr std::string_view peer_prefix = "enrol:";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view z85_digits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::size_t enrolment_text_bytes_max = 8192;

struct PackedEnrolment {
  std::vector<std::string> endpoints;
  std::string server_public_key;
  std::string token;
};

template <class Archive>
void fields(Archive& archive, Like<PackedEnrolment> auto& enrolment) {
  archive(1, enrolment.endpoints);
  archive(2, enrolment.server_public_key);
  archive.bytes(3, enrolment.token, token_bytes);
}

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += base64_digits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += base64_digits[bits << (6 - count) & 63];
  return text;
}

/// Nothing for another character, or for left-over bits that are not 0 (so that one enrolment has one text).
std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  if (count >= 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

[[noreturn]] void refuse(const std::string& why) {
  throw InputError("the enrolment string " + why + "; copy it whole, as `switchyard agents token create` printed it");
}

PackedEnrolment unpack_enrolment(std::string_view bytes) {
  try {
    return unpack<PackedEnrolment>(bytes);
  } catch (const DecodeError&) {
    refuse("is damaged");
  }
}

}  // namespace

std::string make_token() { return *from_hex(random_hex(token_bytes)); }

std::string encode_enrolment(const Enrolment& enrolment) {
  ENSURE(enrolment.token.size() == token_bytes && is_curve_key(enrolment.server_public_key));
  PackedEnrolment packed{{}, enrolment.server_public_key, enrolment.token};
  for (const Endpoint& endpoint : enrolment.endpoints) packed.endpoints.push_back(endpoint_text(endpoint));
  return std::string(prefix) + to_base64url(pack(packed));
}

Enrolment decode_enrolment(std::string_view text) {
  if (!text.starts_with(prefix)) refuse("does not begin with " + std::string(prefix));
  if (text.size() > enrolment_text_bytes_max) refuse("is too long");
  const auto bytes = from_base64url(text.substr(prefix.size()));
  if (!bytes) refuse("is damaged");
  PackedEnrolment packed = unpack_enrolment(*bytes);
  if (packed.token.size() != token_bytes) refuse("carries no token");
  if (!is_curve_key(packed.server_public_key)) refuse("carries no server key");
  if (packed.endpoints.empty() || packed.endpoints.size() > enrolment_endpoints_max) refuse("names no endpoint");
  Enrolment enrolment{{}, std::move(packed.server_public_key), std::move(packed.token)};
  for (const std::string& endpoint : packed.endpoints) {
    const auto parsed = parse_endpoint(endpoint);
    if (!parsed) refuse("names an endpoint that is none: " + clean_text(endpoint, 80));
    enrolment.endpoints.push_back(*parsed);
  }
  return enrolment;
}

std::string enrolment_secret(std::string_view token) {
  ENSURE(token.size() == token_bytes);
  return derive_key(token, "switchyard enrolment curve key 1");
}

HostId enrolment_peer(std::string_view token_id) { return HostId(std::string(peer_prefix) + std::string(token_id)); }

std::optional<std::string> enrolling_token(const HostId& peer) {
  if (!peer.value.starts_with(peer_prefix)) return std::nullopt;
  return peer.value.substr(peer_prefix.size());
}

std::optional<std::string> curve_key_bytes(std::string_view text) {
  if (!is_curve_key(text)) return std::nullopt;
  std::string bytes;
  // Five digits are four bytes, the first the highest.
  for (std::size_t at = 0; at < text.size(); at += 5) {
    std::uint64_t number = 0;
    for (const char digit : text.substr(at, 5)) number = number * z85_digits.size() + z85_digits.find(digit);
    if (number > 0xFFFF'FFFFU) return std::nullopt;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  }
  return bytes;
}

bool is_curve_key(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of(z85_digits) == std::string_view::npos;
}

bool may_say(Speaker speaker, Channel channel, MessageType type) {
  using enum MessageType;
  if (channel == Channel::bulk) {
    return (speaker == Speaker::agent && type == blob_get) || (speaker == Speaker::coordinator && type == blob);
  }
  switch (type) {
    case enrol:
      return speaker == Speaker::enrolling;
    case ping:
    case pong:
      return speaker != Speaker::enrolling;
    case welcome:
    case refuse:
    case enrolled:
    case plan:
    case prepare:
    case swap:
    case hold:
    case commit:
    case abort:
    case extend:
    case inventory:
    case step_event_ack:
    case query:
    case next_keys:
    case run_checks:
    case save_files:
      return speaker == Speaker::coordinator;
    case hello:
    case step_event:
    case health:
    case plan_ack:
    case staged:
    case swapped:
    case held:
    case committed:
    case reverted:
    case extended:
    case inventory_reply:
    case failed:
    case stuck:
    case report:
    case keys_noted:
    case checks_run:
    case files_saved:
      return speaker == Speaker::agent;
    case blob_get:
    case blob:
      return false;
  }
  return false;
}

}  // namespace switchyard::protocol
