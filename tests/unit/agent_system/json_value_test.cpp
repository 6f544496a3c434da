#include "agent/system/json_value.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

TEST(JsonValue, ReadsWhatNftPrints) {
  const JsonValue value = parse_json(R"({"a": [1, -2, {"b": "x\"y\n"}], "c": null, "d": true, "e": 1.5e3})");
  EXPECT_EQ(value.find("a").items.at(1).number, -2);
  EXPECT_EQ(value.find("a").items.at(2).find("b").text, "x\"y\n");
  EXPECT_TRUE(value.has("c"));
  EXPECT_FALSE(value.has("z"));
  EXPECT_TRUE(value.find("d").boolean);
  EXPECT_EQ(value.find("z").find("z").kind, JsonValue::Kind::null);
}

TEST(JsonValue, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,", "{\"a\" 1}", "[1] x", "nul", "\"open", "{a: 1}", "\"\\u12"}) {
    EXPECT_THROW(parse_json(text), DecodeError) << text;
  }
}

TEST(JsonValue, RefusesWhatIsNestedTooDeeply) { EXPECT_THROW(parse_json(std::string(100'000, '[')), DecodeError); }

RC_GTEST_PROP(JsonValue, NeverReadsBeyondItsText, (const std::string& text)) {
  try {
    parse_json(text);
  } catch (const DecodeError&) {
    // Either is right; a crash or another exception is not.
  }
}

}  // namespace
}  // namespace switchyard::agent
