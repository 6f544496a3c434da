#pragma once

#include <optional>
#include <string>
#include <string_view>

/// A text that only the holder of one X25519 key reads: an ephemeral key's public half, and the text under AES-256-GCM
/// with a key that both halves lead to. Throws CryptoError when OpenSSL fails or a key is none.
namespace switchyard {

/// `seed`: 32 secret bytes of the sealer. The ephemeral key is derived from them, from the reader, from `bound` and
/// from the text: the same text for the same reader is the same box, so that a plan that is made anew is the same plan;
/// any other is sealed with another key. `bound`: what it is for; a box opens only where that is said too.
std::string seal_to(std::string_view public_key, std::string_view text, std::string_view bound, std::string_view seed);
/// Nothing when it was sealed to another key or for something else, or was changed.
std::optional<std::string> open_sealed(std::string_view secret, std::string_view box, std::string_view bound);

}  // namespace switchyard
