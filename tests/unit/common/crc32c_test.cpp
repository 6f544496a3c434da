#include "common/crc32c.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard {
namespace {

/// Bit by bit, as RFC 3720, appendix B.4 has it.
std::uint32_t bit_by_bit(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  }
  return crc ^ 0xffffffffu;
}

TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

RC_GTEST_PROP(Crc32c, OfAnyLengthAtAnyPlaceIsThatOfItsBits, (const std::string& bytes)) {
  const auto from = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  const std::string_view part = std::string_view(bytes).substr(from);
  RC_ASSERT(crc32c(part) == bit_by_bit(part));
}

}  // namespace
}  // namespace switchyard
