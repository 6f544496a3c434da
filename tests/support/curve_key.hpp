#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::testing {

/// 32 raw bytes in Z85, without libzmq.
inline std::string curve_key(std::string_view raw) {
  constexpr std::string_view digits =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  std::string text;
  for (std::size_t at = 0; at + 4 <= raw.size(); at += 4) {
    std::uint64_t number = 0;
    for (std::size_t k = 0; k < 4; ++k) number = number << 8U | static_cast<unsigned char>(raw[at + k]);
    std::string five(5, '0');
    for (std::size_t k = 5; k-- > 0; number /= digits.size()) five[k] = digits[number % digits.size()];
    text += five;
  }
  return text;
}

}  // namespace switchyard::testing
