#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard::agent {

/// The client's half of SCRAM-SHA-256 (RFC 5802, 7677) without channel binding: it proves that it knows a password, and
/// never says it. Pure but for the nonce, which its owner draws.
class Scram {
 public:
  Scram(std::string password, std::string nonce);
  std::string first_message() const { return "n,," + bare_; }
  /// The answer to the server's first message; nothing when that is none, or asks for too much work.
  std::optional<std::string> answer(std::string_view server_first);
  /// Whether the server knows the password too: a server that does not is not the one that was meant.
  bool is_right(std::string_view server_last) const;

 private:
  std::string password_, nonce_, bare_, server_signature_;
};

std::string base64(std::string_view bytes);
/// Nothing when it is no base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace switchyard::agent
