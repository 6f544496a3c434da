#include "common/yaml_reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard {

namespace {

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

std::string refusal_of(const std::string& text) {
  return refusal([&] { read_yaml(text, "f.yaml"); });
}

std::string refusal_of(const std::string& text, const std::function<void(const YamlNode&)>& use) {
  const YamlNode node = read_yaml(text, "f.yaml");
  return refusal([&] { use(node); });
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

#define EXPECT_REFUSED(actual, start, part)     \
  do {                                          \
    const std::string got = (actual);           \
    EXPECT_TRUE(got.starts_with(start)) << got; \
    EXPECT_TRUE(contains(got, part)) << got;    \
  } while (false)

TEST(YamlReader, ReadsWhatPeopleWrite) {
  const YamlNode node =
      read_yaml("name: web\nport: 8080\non_time: true\nhosts: [a, b]\nversion: 1.20\nempty:\n", "f.yaml");
  EXPECT_EQ(node.at("name").text(), "web");
  EXPECT_EQ(node.at("port").integer(1, 65535), 8080);
  EXPECT_TRUE(node.at("on_time").boolean());
  EXPECT_EQ(node.at("hosts").texts(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(node.at("version").text(), "1.20");
  EXPECT_FALSE(node.find("empty").has_value());
  EXPECT_FALSE(node.find("absent").has_value());
  EXPECT_EQ(node.text_or("absent", "x"), "x");
  EXPECT_EQ(node.integer_or("absent", 0, 9, 7), 7);
  EXPECT_TRUE(node.boolean_or("absent", true));
  EXPECT_TRUE(node.texts_or_none("absent").empty());
  EXPECT_TRUE(read_yaml("", "f.yaml").is_null());
  EXPECT_TRUE(read_yaml("# nothing\n", "f.yaml").is_null());
}

TEST(YamlReader, NamesThePlaceOfASyntaxError) {
  EXPECT_REFUSED(refusal_of("a: 1\nb: [1, 2\nc: 3\n"), "f.yaml:3:", "not YAML");
  EXPECT_REFUSED(refusal_of("a: 1\n\tb: 2\n"), "f.yaml:2:", "not YAML");
  EXPECT_REFUSED(refusal_of("a: *nobody\n"), "f.yaml:1:", "not YAML");
}

TEST(YamlReader, RefusesDuplicateKeys) {
  EXPECT_REFUSED(refusal_of("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: ", "`a` is there twice (first in line 1)");
}

TEST(YamlReader, RefusesUnknownKeysAndNamesTheNearest) {
  EXPECT_REFUSED(refusal_of("name: x\nprioritty: 1\n",
                            [](const YamlNode& n) {
                              n.allow_keys({"name", "priority"});
                            }),
                 "f.yaml:2:1: ", "unknown key `prioritty` in the file; did you mean `priority`?");
  EXPECT_REFUSED(refusal_of("s:\n  zzz: 1\n",
                            [](const YamlNode& n) {
                              n.at("s").allow_keys({"name", "priority"});
                            }),
                 "f.yaml:2:3: ", "known keys: name, priority");
}

TEST(YamlReader, NamesTheKeyThatIsMissing) {
  EXPECT_REFUSED(refusal_of("s:\n  - a: 1\n", [](const YamlNode& n) { n.at("s").items()[0].at("name"); }),
                 "f.yaml:2:5: ", "`s[0]` has no `name`");
}

TEST(YamlReader, RefusesSurprisingBooleans) {
  for (const std::string word : {"off", "no", "yes", "on", "No", "OFF"}) {
    const std::string text = "a: " + word + "\n";
    EXPECT_REFUSED(refusal_of(text, [](const YamlNode& n) { n.at("a").boolean(); }), "f.yaml:1:4: ", "true or false");
    EXPECT_REFUSED(refusal_of(text, [](const YamlNode& n) { n.at("a").text(); }), "f.yaml:1:4: ", "put it in quotes");
    EXPECT_EQ(read_yaml("a: \"" + word + "\"\n", "f.yaml").at("a").text(), word);
  }
  EXPECT_REFUSED(refusal_of("a: \"true\"\n", [](const YamlNode& n) { n.at("a").boolean(); }), "f.yaml:1:4: ", "");
}

TEST(YamlReader, ChecksIntegersAndTheirRange) {
  const auto port = [](const YamlNode& n) { n.at("a").integer(1, 65535); };
  for (const std::string bad :
       {"0", "65536", "80a", "8.0", "0x50", "0777", "\"80\"", "99999999999999999999", "[1]", "-1"}) {
    EXPECT_REFUSED(refusal_of("a: " + bad + "\n", port), "f.yaml:1:4: ", "an integer from 1 to 65535");
  }
}

TEST(YamlReader, ChecksNamesAndChoices) {
  EXPECT_REFUSED(refusal_of("a: ../x\n", [](const YamlNode& n) { n.at("a").name(); }), "f.yaml:1:4: ", "a name has");
  EXPECT_REFUSED(refusal_of("a: ngnix\n",
                            [](const YamlNode& n) {
                              n.at("a").choice({"none", "nginx"});
                            }),
                 "f.yaml:1:4: ", "did you mean `nginx`?");
  EXPECT_EQ(read_yaml("a: nginx\n", "f").at("a").choice({"none", "nginx"}), 1U);
}

TEST(YamlReader, RefusesOtherShapes) {
  EXPECT_REFUSED(refusal_of("- 1\n", [](const YamlNode& n) { n.allow_keys({"a"}); }), "f.yaml:1:1: ", "must be a map");
  EXPECT_REFUSED(refusal_of("a: 1\n", [](const YamlNode& n) { n.at("a").items(); }), "f.yaml:1:4: ", "must be a list");
  EXPECT_REFUSED(refusal_of("a: {b: 1}\n", [](const YamlNode& n) { n.at("a").text(); }), "f.yaml:1:4: ", "a text");
  EXPECT_REFUSED(refusal_of("? [a]\n: 1\n"), "f.yaml:1:", "a key must be a single text");
}

TEST(YamlReader, RefusesWhatYamlHasAndNobodyNeeds) {
  EXPECT_REFUSED(refusal_of("a: 1\n---\nb: 2\n"), "f.yaml:1:1: ", "several YAML documents");
  EXPECT_REFUSED(refusal_of("a: !!python/object x\n"), "f.yaml:1:4: ", "tag");
  EXPECT_REFUSED(refusal_of("x: &x {a: 1}\ny:\n  <<: *x\n"), "f.yaml:3:3: ", "merge keys");
  EXPECT_REFUSED(refusal_of("a: &a [*a]\n"), "f.yaml:1:", "alias stands inside");
  EXPECT_REFUSED(refusal_of("a: \"x\\0y\"\n"), "f.yaml:1:4: ", "zero byte");
}

// Found by fuzz_manifest: the text went into the plan, where it could not be encoded, and the answer was "internal
// error".
TEST(YamlReader, RefusesTextThatIsNoUtf8WithItsPlace) {
  EXPECT_REFUSED(refusal_of("a: b\nname: guest\xa2\x90k\n"), "f.yaml:2:", "no UTF-8");
  EXPECT_REFUSED(refusal_of("\"a\xff\": b\n"), "f.yaml:1:", "no UTF-8");
}

TEST(YamlReader, AliasesNameTheirOwnPlace) {
  const YamlNode node = read_yaml("x: &x [a, b]\ny: *x\n", "f.yaml");
  EXPECT_EQ(node.at("y").texts(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(node.at("y").where(), "f.yaml:2:4");
}

TEST(YamlReader, BoundsAliasBombsDepthAndSize) {
  std::string bomb = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string from = "*l" + std::to_string(i - 1);
    bomb += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) bomb += (j == 0 ? "" : ", ") + from;
    bomb += "]\n";
  }
  EXPECT_REFUSED(refusal_of(bomb), "f.yaml:", "aliases counted");
  EXPECT_REFUSED(refusal_of("a: " + std::string(50, '[') + std::string(50, ']')), "f.yaml:1:", "nesting");
  EXPECT_NE(refusal_of("a: " + std::string(100'000, '[')), "(accepted)");
  EXPECT_REFUSED(refusal_of(std::string(limits::yaml_bytes_max + 1, ' ')), "f.yaml:1:1: ", "bytes");
}

// Whatever the bytes are, the reader answers with a tree or an InputError.
RC_GTEST_PROP(YamlReader, NeverThrowsAnythingElse, (const std::string& tail)) {
  const std::string seed = "metadata: {name: x}\nservers:\n  - name: &a web\n    hosts: [*a, \"b\"]\n";
  const auto cut = *rc::gen::inRange<std::size_t>(0, seed.size() + 1);
  refusal_of(seed.substr(0, cut) + tail);
}

}  // namespace switchyard
