#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::model {

/// One version of a secret, as the store has it: sealed, so that a copy of the store alone tells nothing.
struct SecretRow {
  std::string environment;
  std::string name;           ///< DB_PASSWORD
  std::uint64_t version = 0;  ///< counts up from 1, also over a removal
  std::string sealed;         ///< nonce and ciphertext; empty: it was removed
  std::string created_by;     ///< principal
  std::int64_t created_wall_ms = 0;
  bool removed() const { return sealed.empty(); }
  bool operator==(const SecretRow&) const = default;
};

/// `^[A-Za-z_][A-Za-z0-9_]*$`, at most 64 characters: what the environment files call secrets.
inline bool is_secret_name(std::string_view text) {
  constexpr std::size_t length_max = 64;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || text.size() > length_max || !is_letter(text.front())) return false;
  for (const char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace switchyard::model
