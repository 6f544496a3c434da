#include "common/json_escape.hpp"

#include <algorithm>
#include <array>

namespace switchyard {
namespace {

/// How a character is written that readers of YAML refuse, or take for the end of a line, though JSON takes it for
/// itself.
struct Unreadable {
  std::string_view bytes;
  std::string_view escape;
};
constexpr std::array unreadable = {Unreadable{"\xe2\x80\xa8", "\\u2028"}, Unreadable{"\xe2\x80\xa9", "\\u2029"},
                                   Unreadable{"\xef\xbf\xbe", "\\ufffe"}, Unreadable{"\xef\xbf\xbf", "\\uffff"}};

}  // namespace

std::string json_escape(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  const auto as_digits = [&](unsigned char code) {
    result += "\\u00";
    result += digits[code >> 4U];
    result += digits[code & 15U];
  };
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const auto next = static_cast<unsigned char>(text.size() > 1 ? text[1] : 0);
    std::size_t taken = 1;
    const auto found = std::find_if(unreadable.begin(), unreadable.end(),
                                    [&](const Unreadable& each) { return text.starts_with(each.bytes); });
    if (byte == '"' || byte == '\\') {
      result += '\\';
      result += text[0];
    } else if (byte == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      as_digits(byte);
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {  // the other control characters, U+0080 to U+009F
      as_digits(next);
      taken = 2;
    } else if (found != unreadable.end()) {
      result += found->escape;
      taken = found->bytes.size();
    } else {
      result += text[0];
    }
    text.remove_prefix(taken);
  }
  return result;
}

}  // namespace switchyard
