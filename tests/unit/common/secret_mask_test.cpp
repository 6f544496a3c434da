#include "common/secret_mask.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/base64.hpp"
#include "common/hex.hpp"

namespace switchyard {
namespace {

const std::string secret = "p\"ss/w+rd \n9";

std::string masked(const std::string& text) {
  SecretMask mask;
  mask.add({secret});
  return mask.masked(text);
}

TEST(SecretMask, FindsAValueInEachOfItsForms) {
  const std::string url = "p%22ss%2Fw%2Brd%20%0A9";
  for (const std::string& form :
       {secret, to_hex(secret), std::string("7022") + "73732F772B7264200A39", url,
        std::string("p%22ss%2fw%2brd%20%0a9"), std::string("p\\\"ss/w+rd \\n9"), std::string("p\\\"ss\\/w+rd \\n9")}) {
    EXPECT_EQ(masked("a " + form + " b"), "a <masked> b") << form;
  }
  EXPECT_EQ(masked("nothing of it"), "nothing of it");
  EXPECT_EQ(masked(secret + secret), "<masked><masked>");
}

TEST(SecretMask, FindsAValueWhereverItStandsInWhatIsEncoded) {
  for (std::size_t before = 0; before < 6; ++before) {
    for (std::size_t after = 0; after < 4; ++after) {
      std::string encoded = base64(std::string(before, 'x') + secret + std::string(after, 'y'));
      EXPECT_NE(masked(encoded).find("<masked>"), std::string::npos) << before << " " << after;
      for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
      EXPECT_NE(masked(encoded).find("<masked>"), std::string::npos) << before << " " << after;
    }
  }
}

TEST(SecretMask, KnowsNoMoreThanItWasToldLast) {
  SecretMask mask;
  mask.add({"the first", "the second"});
  mask.know({"the second", "the third", "abc"});
  EXPECT_EQ(mask.masked("the first, the second, the third, abc"), "the first, <masked>, <masked>, abc");
  const auto known = mask.patterns();
  mask.know({"the third", "the second"});
  EXPECT_EQ(mask.patterns(), known) << "the same is no reason to begin anew";
  mask.know({});
  EXPECT_EQ(mask.patterns(), nullptr);
  EXPECT_EQ(mask.masked("the second"), "the second");
}

TEST(SecretMask, FindsWhatEachKindOfWriterEscapes) {
  SecretMask mask;
  mask.add({"a b&<c>!é"});
  for (const std::string form : {"a%20b%26%3Cc%3E%21%C3%A9", "a+b%26%3Cc%3E%21%C3%A9", "a%20b%26%3Cc%3E!%C3%A9",
                                 "a+b%26%3cc%3e%21%c3%a9", "a b\\u0026\\u003cc\\u003e!é"}) {
    EXPECT_EQ(mask.masked("x=" + form + ";"), "x=<masked>;") << form;
  }
}

TEST(SecretMask, FindsWhatAServicePrintsOfTheFileThatItWasGiven) {
  SecretMask mask;
  mask.add({"pass\tword\u009b\u2028"});
  EXPECT_EQ(mask.masked("{\"key\": \"pass\\u0009word\\u009b\\u2028\"}"), "{\"key\": \"<masked>\"}");
}

TEST(SecretMask, FindsAValueOfSeveralLinesLineByLine) {
  SecretMask mask;
  mask.add({"-----BEGIN KEY-----\nMIIEvQIBADAN\r\nBg==\n-----END KEY-----\n"});
  EXPECT_EQ(mask.masked("  MIIEvQIBADAN\n  Bg==\n"), "  <masked>\n  Bg==\n") << "and what is as short as `}` is left";
  EXPECT_EQ(mask.masked(base64("key: MIIEvQIBADAN")).find("<masked>") != std::string::npos, true);
}

TEST(SecretMask, TakesTheNewlineAtTheEndOfAFileForNoPartOfTheValue) {
  SecretMask mask;
  mask.add({"hunter2hunter2\n"});
  EXPECT_EQ(mask.masked("password hunter2hunter2."), "password <masked>.");
}

TEST(SecretMask, FindsLongOnesAlsoBesideOneThatIsAsShortAsItMayBe) {
  for (const bool with_short : {false, true}) {
    SecretMask mask;
    mask.add({"a-much-longer-secret", "elevenbytes"});
    if (with_short) mask.add({"4byt"});
    for (std::size_t before = 0; before < 20; ++before) {
      const std::string head(before, '.');
      EXPECT_EQ(mask.masked(head + "elevenbytes"), head + "<masked>");
      EXPECT_EQ(mask.masked(head + "elevenbytesa-much-longer-secret4byt"),
                head + "<masked><masked>" + (with_short ? "<masked>" : "4byt"));
    }
  }
}

TEST(SecretMask, LeavesWhatIsTooShortToBeFound) {
  SecretMask mask;
  mask.add({"abc", ""});
  EXPECT_EQ(mask.masked("abc"), "abc");
  EXPECT_EQ(SecretMask().masked("abc"), "abc");
}

TEST(SecretMask, TakesTheLongestOfTwoThatBeginAlike) {
  SecretMask mask;
  mask.add({"abcdef", "abcdefgh"});
  EXPECT_EQ(mask.masked("abcdefgh abcdefg"), "<masked> <masked>g");
}

/// What the definition says, tried at every place: the longest pattern at the first place where there is one.
std::string masked_slowly(const std::string& text, const std::vector<std::string>& letters_only) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t longest = 0;
    for (const std::string& value : letters_only) {
      if (text.compare(at, value.size(), value) == 0) longest = std::max(longest, value.size());
    }
    result += longest == 0 ? text.substr(at, 1) : "<masked>";
    at += std::max<std::size_t>(longest, 1);
  }
  return result;
}

RC_GTEST_PROP(SecretMask, FindsExactlyWhatASlowSearchFinds, ()) {
  // Of two letters that are no hexadecimal digits: their encodings do not stand in such a text.
  const auto word = rc::gen::container<std::string>(rc::gen::element('y', 'z'));
  const auto drawn = *rc::gen::container<std::vector<std::string>>(word);
  const std::string text = *word + *word + *word;
  std::vector<std::string> values;
  for (const std::string& value : drawn) {
    if (value.size() >= SecretPatterns::bytes_min) values.push_back(value);
  }
  SecretMask mask;
  mask.add(values);
  RC_ASSERT(mask.masked(text) == masked_slowly(text, values));
}

RC_GTEST_PROP(MaskedStream, SaysTheSameHoweverTheTextIsCut, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
      secret, to_hex(secret), secret.substr(0, 5), "p", "\n", "some other text ", base64(secret), secret.substr(3)}));
  std::string text;
  for (const std::string& word : words) text += word;
  SecretMask mask;
  mask.add({secret, "some secret"});
  MaskedStream stream(mask.patterns());
  std::string streamed;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t size = *rc::gen::inRange<std::size_t>(1, 30);
    streamed += stream.feed(rest.substr(0, size));
    rest.remove_prefix(std::min(size, rest.size()));
  }
  streamed += stream.finish();
  RC_ASSERT(streamed == mask.masked(text));
  RC_ASSERT(streamed.find(secret) == std::string::npos);
}

}  // namespace
}  // namespace switchyard
