#include "common/crc32c.hpp"

#include <array>
#include <cstring>

namespace switchyard {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> table = make_table();

std::uint32_t by_table(std::uint32_t crc, std::string_view bytes) {
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xffu];
  return crc;
}

#ifdef __x86_64__
/// SSE 4.2 has an instruction for just this polynomial, eight bytes at a time.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc, std::string_view bytes) {
  std::uint64_t word = 0;
  std::uint64_t wide = crc;
  for (; bytes.size() >= sizeof(word); bytes.remove_prefix(sizeof(word))) {
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  return by_table(static_cast<std::uint32_t>(wide), bytes);
}
const bool has_instruction = __builtin_cpu_supports("sse4.2");
#else
std::uint32_t by_instruction(std::uint32_t crc, std::string_view bytes) { return by_table(crc, bytes); }
constexpr bool has_instruction = false;
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t start = 0xffffffffu;
  return (has_instruction ? by_instruction(start, bytes) : by_table(start, bytes)) ^ 0xffffffffu;
}

}  // namespace switchyard
