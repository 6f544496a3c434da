#include "coordinator/templates/fill.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "common/base64.hpp"
#include "common/error.hpp"

namespace switchyard::templates {
std::string filled(const Pieces& pieces, const Fillers& fillers) {
  std::string text;
  for (const Piece& piece : pieces) {
    std::string part = piece.text;
    if (piece.kind == Piece::Kind::secret) part = fillers.secret(piece.text);
    if (piece.kind == Piece::Kind::random) part = fillers.random(piece.index, piece.length);
    for (std::uint32_t i = 0; i < piece.base64_times; ++i) part = base64(part);
    text += part;
  }
  return text;
}

std::string draw_random_text(std::uint32_t length) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  while (text.size() < length) {
    std::array<unsigned char, 64> bytes;
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) throw_errno("drawing random bytes");
    for (ssize_t i = 0; i < got && text.size() < length; ++i) {
      // What is above the last whole multiple would make the first letters likelier.
      const unsigned char byte = bytes[static_cast<std::size_t>(i)];
      if (byte < 256 / letters.size() * letters.size()) text += letters[byte % letters.size()];
    }
  }
  return text;
}

}  // namespace switchyard::templates
