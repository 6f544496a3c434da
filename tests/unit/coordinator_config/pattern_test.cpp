#include "coordinator/config/pattern.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::config {
namespace {

bool matches(const char* pattern, const std::string& text) { return Pattern(pattern).matches(text); }

TEST(Pattern, MatchesAsPeopleExpect) {
  const struct {
    const char* pattern;
    std::vector<std::string> yes, no;
  } cases[] = {
      {"^[0-9]+$", {"0", "15", "123456"}, {"", "a", "1a", "a1", "1 ", "-1"}},
      {"^\\d{1,3}(\\.\\d{1,3}){3}$", {"1.2.3.4", "255.255.255.255"}, {"1.2.3", "1.2.3.4.5", "1234.1.1.1"}},
      {"^https?://[^/ ]+$", {"http://a", "https://a.b:5"}, {"ftp://a", "http://", "http://a/b", "http://a b"}},
      {"cat|dog", {"cat", "hotdogs"}, {"", "do g"}},
      {"^(debug|info|warning)$", {"debug", "info", "warning"}, {"debugx", "xinfo", ""}},
      {"^(?:ab)*$", {"", "ab", "abab"}, {"a", "aba"}},
      {"^a?b+?c*$", {"b", "abbb", "bcc"}, {"", "a", "ac"}},
      {"^a{2}$", {"aa"}, {"a", "aaa"}},
      {"^a{2,}$", {"aa", "aaaaa"}, {"a", ""}},
      {"^a{0,2}$", {"", "a", "aa"}, {"aaa"}},
      {"^[]a-]+$", {"]", "a", "-", "]-a"}, {"b", ""}},
      {"^[^]]$", {"a"}, {"]"}},
      {"^[\\w.-]+@[\\w.-]+$", {"a.b-c@d_e.f"}, {"@", "a@", "a b@c"}},
      {"^\\S+\\s\\D$", {"ab c"}, {"ab 1", "abc"}},
      {"^.$", {"a", "\xc3\xa9", "\xf0\x9f\x9a\x82"}, {"", "ab", "\n"}},
      {"^[\xc3\xa0-\xc3\xbf]+$", {"\xc3\xa9\xc3\xa8"}, {"e", "\xc3\x89"}},
      {"^\\{\\$\\}$", {"{$}"}, {"{}"}},
      {"^{a}$", {"{a}"}, {"a"}},
      {"^$", {""}, {"a"}},
      {"", {"", "anything"}, {}},
      {"(a*)*$", {"", "b", "aaaab"}, {}},
      {"^(a|ab)(c|bcd)$", {"abcd", "abc", "ac"}, {"abbcdx"}},
  };
  for (const auto& one : cases) {
    for (const std::string& text : one.yes) EXPECT_TRUE(matches(one.pattern, text)) << one.pattern << " on " << text;
    for (const std::string& text : one.no) EXPECT_FALSE(matches(one.pattern, text)) << one.pattern << " on " << text;
  }
}

TEST(Pattern, WhatItDoesNotKnowIsRefusedWithTheReason) {
  for (const char* pattern : {"(", ")", "a)", "(a", "[a", "*", "a**", "+a", "a{3,2}", "(?=a)", "(?<n>a)", "\\1", "\\b",
                              "a\\", "[z-a]", "a{5000}", "(?i)a"}) {
    EXPECT_THROW(Pattern{pattern}, InputError) << pattern;
  }
  EXPECT_THROW(Pattern(std::string(limits::pattern_bytes_max + 1, 'a')), InputError);
}

TEST(Pattern, NoPatternExplodes) {
  EXPECT_FALSE(matches("^(a+)+$", std::string(4'000, 'a') + "b"));
  EXPECT_FALSE(matches("^(a|aa)*$", std::string(4'000, 'a') + "b"));
  EXPECT_FALSE(matches("^(a?){100}a{100}$", std::string(99, 'a')));
  for (const char* pattern : {"((a{100}){100}){100}", "((((){1000}){1000}){1000}){1000}", "(((a*)*)*)*"}) {
    try {
      Pattern compiled(pattern);
      EXPECT_LE(compiled.states(), limits::pattern_states_max);
    } catch (const InputError&) {
    }
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "(";
  EXPECT_THROW(Pattern{deep}, InputError);
}

/// Patterns of a small grammar, which std::regex reads alike.
std::string any_pattern(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 3)) {
    case 0:
      return "a";
    case 1:
      return "b";
    case 2:
      return "[ac]";
    case 3:
      return any_pattern(depth - 1) + any_pattern(depth - 1);
    case 4:
      return "(" + any_pattern(depth - 1) + "|" + any_pattern(depth - 1) + ")";
    case 5:
      return "(" + any_pattern(depth - 1) + ")*";
    case 6:
      return "(" + any_pattern(depth - 1) + "){1,2}";
    default:
      return "(" + any_pattern(depth - 1) + ")?";
  }
}

RC_GTEST_PROP(Pattern, SaysWhatTheStandardLibrarySays, ()) {
  const std::string inner = any_pattern(3);
  const std::string pattern = *rc::gen::element<std::string>("^", "") + inner + *rc::gen::element<std::string>("$", "");
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  const std::string subject = text.substr(0, 12);
  const Pattern ours(pattern);
  RC_ASSERT(ours.matches(subject) == std::regex_search(subject, std::regex(pattern)));
}

RC_GTEST_PROP(Pattern, AnyTextIsAPatternOrIsRefused, (const std::string& text)) {
  try {
    Pattern(text).matches(text);
  } catch (const InputError&) {
  }
}

}  // namespace
}  // namespace switchyard::config
