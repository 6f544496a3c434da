#include "coordinator/config/value.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace switchyard::config {
namespace {

using switchyard::testing::has;
using switchyard::testing::refusal;

Value value_of(const std::string& yaml) { return read_value(read_yaml(yaml, "f.yaml"), SourceKind::base); }
Value item(const std::string& scalar) { return value_of("[" + scalar + "]").items.at(0); }

TEST(ConfigValue, KeepsTheTypesOfYaml) {
  EXPECT_EQ(item("true").kind, ValueKind::boolean);
  EXPECT_EQ(item("'true'").kind, ValueKind::text);
  for (const char* number : {"0", "15", "-3", "1.20", "-0.5", "1.5e-3", "999999999999999999"}) {
    EXPECT_EQ(item(number).kind, ValueKind::number) << number;
    EXPECT_EQ(item(number).text, number);
    EXPECT_EQ(item("\"" + std::string(number) + "\"").kind, ValueKind::text) << number;
  }
  EXPECT_EQ(value_of("a: ~\nb:").entries.at(0).value.kind, ValueKind::null);
  EXPECT_EQ(value_of("a: ~\nb:").entries.at(1).value.kind, ValueKind::null);
  for (const char* text : {"1.2.3", "v1", "10.0.0.1", "12:30", "2025-01-15", "e5", "_1", "-", "abc", "1a", "0xyz"}) {
    EXPECT_EQ(item(text).kind, ValueKind::text) << text;
  }
  EXPECT_EQ(value_of("a: |\n  true\n").entries.at(0).value.kind, ValueKind::text);
}

TEST(ConfigValue, RefusesWhatReadersOfYamlTakeForDifferentThings) {
  for (const char* scalar : {"off",  "No",   "yes",   "ON",   "True",  "FALSE",   "0755",
                             "-01",  "+1",   ".5",    "1.",   "1e5",   "12e3456", "0x1f",
                             "0o17", "0b11", "1_000", ".inf", "-.inf", ".NaN",    "1234567890123456789"}) {
    EXPECT_TRUE(has(refusal([&] { item(scalar); }), "f.yaml:1:2: ")) << scalar;
  }
  EXPECT_TRUE(has(refusal([] { value_of("a:\n  mode: off"); }), "f.yaml:2:9: `a.mode` is a plain `off`"));
}

TEST(ConfigValue, KeysAreBounded) {
  for (const char* yaml : {"'': 1", "'a b': 1", "$pieces: []", "\"a\\tb\": 1"}) {
    EXPECT_TRUE(has(refusal([&] { value_of(yaml); }), "must have 1 to")) << yaml;
  }
}

TEST(ConfigValue, FilesOfAMillionValuesAreRefused) {
  std::string list = "[1";
  for (int i = 0; i < 3'000; ++i) list += ",1";
  EXPECT_TRUE(has(refusal([&] { value_of(list + "]"); }), "more than 2000 values"));
  const std::string ten = "[*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]";
  EXPECT_TRUE(has(refusal([&] {
                    value_of("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: [" + ten + "," + ten + ",[" + ten + "," + ten + "," +
                             ten + "," + ten + "," + ten + "," + ten + "," + ten + "," + ten + "," + ten + "," + ten +
                             "," + ten + "," + ten + "," + ten + "," + ten + "," + ten + "," + ten + "," + ten + "," +
                             ten + "," + ten + "]]");
                  }),
                  "aliases counted as often"));
}

TEST(ConfigValue, EveryValueKnowsItsPlace) {
  const Value value = value_of("a: 1\nb:\n  - x\n  - {c: 2}\n");
  EXPECT_EQ(value.find("a")->source.where(), "f.yaml:1:4");
  EXPECT_EQ(value.find("b")->items.at(1).find("c")->source.where(), "f.yaml:4:9");
}

TEST(ConfigValue, FindsByPath) {
  const Value value = value_of("api: {limit: {minute: 5}}\napi.limit: 7\n");
  EXPECT_EQ(value.find_path("api.limit.minute")->text, "5");
  EXPECT_EQ(value.find_path("api.limit")->text, "7");  // a key that itself is called so goes first
  EXPECT_EQ(value.find_path("api.limit.hour"), nullptr);
  EXPECT_EQ(value.find_path("api."), nullptr);
  EXPECT_EQ(value.find_path(""), nullptr);
}

TEST(ConfigValue, IsWrittenAsJson) {
  EXPECT_EQ(to_json(value_of("a: 1.20\nb: [x, true, ~, \"q\\\"\\n\"]\nc: {}\n")),
            R"({"a":1.20,"b":["x",true,null,"q\"\u000a"],"c":{}})");
}

TEST(ConfigValue, LeavesAreInTheOrderOfTheFile) {
  const Value value = value_of("b: {y: 1, x: {}}\na: [1]\n");
  const auto list = leaves(value);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].first, "b.y");
  EXPECT_EQ(list[1].first, "b.x");
  EXPECT_EQ(list[2].first, "a");
  EXPECT_EQ(shown(*list[2].second), "[1]");
}

TEST(ConfigValue, WhatIsSealedIsShownByName) {
  Value value;
  value.kind = ValueKind::sealed;
  value.pieces = {{templates::Piece::Kind::secret, "KEY", 0, 0, 0}};
  EXPECT_EQ(shown(value), "<secret KEY>");
  EXPECT_EQ(to_json(value), R"({"$pieces":[{"secret":"KEY","base64":0}]})");
}

}  // namespace
}  // namespace switchyard::config
