#include "common/printable.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard {
namespace {

TEST(Printable, LeavesTextOfAnyLanguageAlone) {
  for (const char* text : {"plain", "größer", "日本語", "😀 ok", "a…b", ""}) EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable("a\rb"), "a\\x0db");
  EXPECT_EQ(printable("\x7f\b"), "\\x7f\\x08");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");  // CSI as one character
}

TEST(Printable, ShowsWhatHidesOrTurnsText) {
  EXPECT_EQ(printable("a\u202eb"), "a\\u202eb");
  EXPECT_EQ(printable("a\u200bb"), "a\\u200bb");
  EXPECT_EQ(printable("a\u2066b\u2069"), "a\\u2066b\\u2069");
  EXPECT_EQ(printable("\ufeff"), "\\ufeff");
  EXPECT_EQ(printable("\U000e0041"), "\\ue0041");
}

TEST(Printable, ShowsBytesThatAreNoText) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xe6\x97"), "\\xe6\\x97");           // cut short
}

TEST(Printable, IndentsTheLinesOfAMessageSoThatNoneOfThemLooksLikeOneOfOurs) {
  EXPECT_EQ(printable_message("`name` is \"x\nswitchyard: done\""), "`name` is \"x\n  switchyard: done\"");
  EXPECT_EQ(printable_message("a\r\nb\n\x1b"), "a\\x0d\n  b\n  \\x1b");
}

TEST(Printable, KeepsLineBreaksOnlyWhereLinesAreExpected) {
  EXPECT_EQ(printable("a\nb\tc"), "a b c");
  EXPECT_EQ(printable_lines("a\nb\tc\x1b"), "a\nb c\\x1b");
}

TEST(Printable, CutsByCharacters) {
  EXPECT_EQ(width_of("größer"), 6u);
  EXPECT_EQ(cut_to("größer", 6), "größer");
  EXPECT_EQ(cut_to("größer", 4), "grö…");
  EXPECT_EQ(cut_to("größer", 1), "…");
  EXPECT_EQ(cut_to("größer", 0), "");
}

RC_GTEST_PROP(Printable, NoBytesLeaveAControlCharacter, (const std::string& bytes)) {
  for (const char c : printable(bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    RC_ASSERT(byte >= 0x20 && byte != 0x7f);
  }
  RC_ASSERT(printable(printable(bytes)) == printable(bytes));
}

RC_GTEST_PROP(Printable, NeverCutsWiderThanAsked, (const std::string& bytes, std::uint8_t width)) {
  RC_ASSERT(width_of(cut_to(printable(bytes), width)) <= width);
}

}  // namespace
}  // namespace switchyard
