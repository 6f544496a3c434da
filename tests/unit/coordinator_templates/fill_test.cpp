#include "coordinator/templates/fill.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace switchyard::templates {
namespace {

Piece text(const std::string& what) { return {Piece::Kind::text, what, 0, 0, 0}; }

TEST(Fill, PutsEverySecretInItsPlace) {
  const Pieces pieces = {text("pg://app:"),
                         {Piece::Kind::secret, "DB_PASSWORD", 0, 0, 0},
                         text("@db/"),
                         {Piece::Kind::random, "", 3, 8, 0}};
  const std::string result = filled(pieces, {[](const std::string& name) { return "<" + name + " in clear>"; },
                                             [](std::uint32_t index, std::uint32_t length) {
                                               return std::to_string(index) + "of" + std::to_string(length);
                                             }});
  EXPECT_EQ(result, "pg://app:<DB_PASSWORD in clear>@db/3of8");
}

TEST(Fill, EncodesAsOftenAsTheTemplateAsked) {
  const auto encoded = [](const std::string& secret, std::uint32_t times) {
    return filled({{Piece::Kind::secret, "S", 0, 0, times}}, {[&](const std::string&) { return secret; }, {}});
  };
  EXPECT_EQ(encoded("", 1), "");
  EXPECT_EQ(encoded("f", 1), "Zg==");
  EXPECT_EQ(encoded("fo", 1), "Zm8=");
  EXPECT_EQ(encoded("foo", 1), "Zm9v");
  EXPECT_EQ(encoded("foobar", 1), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xff\xfe", 1), "//4=");
  EXPECT_EQ(encoded("foo", 2), "Wm05dg==");
}

TEST(Fill, WhatIsShownNamesSecretsAndHoldsNone) {
  EXPECT_EQ(shown({text("a "), {Piece::Kind::secret, "KEY", 0, 0, 1}, {Piece::Kind::random, "", 0, 32, 0}}),
            "a <secret KEY in base64><random 32>");
}

TEST(Fill, RandomTextsAreLettersAndDigitsAndNeverTheSame) {
  std::set<std::string> drawn;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string one = draw_random_text(32);
    EXPECT_EQ(one.size(), 32U);
    EXPECT_TRUE(std::all_of(one.begin(), one.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) << one;
    letters.insert(one.begin(), one.end());
    drawn.insert(one);
  }
  EXPECT_EQ(drawn.size(), 200U);
  EXPECT_EQ(letters.size(), 62U);
}

}  // namespace
}  // namespace switchyard::templates
