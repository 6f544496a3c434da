#include "common/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>

namespace switchyard {
namespace {

bool is_text_by_characters(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

TEST(Utf8, TextHasNoNulAndNoBrokenCharacterWhereverItStands) {
  for (std::size_t at = 0; at < 20; ++at) {
    std::string text(20, 'a');
    EXPECT_TRUE(is_text(text));
    for (const char wrong : {'\0', '\x80', '\xc3', '\xff'}) {
      text[at] = wrong;
      EXPECT_FALSE(is_text(text)) << at;
    }
    text.replace(at, 1, "\u00e4\u20ac");
    EXPECT_TRUE(is_text(text)) << at;
  }
}

RC_GTEST_PROP(Utf8, TextIsWhatConsistsOfCharacters, ()) {
  const auto bytes = *rc::gen::container<std::string>(
      rc::gen::weightedOneOf<char>({{30, rc::gen::inRange<char>('\x01', '\x7f')}, {1, rc::gen::arbitrary<char>()}}));
  RC_ASSERT(is_text(bytes) == is_text_by_characters(bytes));
}

}  // namespace
}  // namespace switchyard
