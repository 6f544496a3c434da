#include "coordinator/artifact/pack_rules.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace switchyard::artifact {

namespace {

PackEntry file(const std::string& path) {
  PackEntry entry;
  entry.path = path;
  return entry;
}

std::string refusal_of(std::vector<PackEntry> entries) {
  try {
    check_entries(entries, "app");
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

}  // namespace

TEST(PackRules, TakesPlainRelativePathsOnly) {
  for (const std::string good : {"a", "a/b", ".env", "a/.b/..c", "with blank", "gr\xc3\xbc\xc3\x9f"}) {
    EXPECT_EQ(path_trouble(good), "") << good;
  }
  for (const std::string bad : {"", "/a", "a//b", "a/", "./a", "a/./b", "../a", "a/..", "a\nb", "a\\b"}) {
    EXPECT_NE(path_trouble(bad), "") << bad;
  }
  EXPECT_NE(path_trouble(std::string(256, 'x')), "");
  EXPECT_NE(path_trouble(std::string(2000, 'x')), "");
}

TEST(PackRules, TakesLinksThatStayInside) {
  EXPECT_EQ(target_trouble("bin/app", "../lib/app.js"), "");
  EXPECT_EQ(target_trouble("a", "b/c"), "");
  EXPECT_EQ(target_trouble("a/b/c", "../../d"), "");
  EXPECT_EQ(target_trouble("a/b", "./c"), "");
  EXPECT_NE(target_trouble("a", "../b"), "");
  EXPECT_NE(target_trouble("a/b", "../../c"), "");
  EXPECT_NE(target_trouble("a", "/etc/passwd"), "");
  EXPECT_NE(target_trouble("a/b/c", "d/../../../../x"), "");
  EXPECT_NE(target_trouble("a", ""), "");
}

TEST(PackRules, AddsDirectoriesThatOnlyTheirContentNames) {
  std::vector<PackEntry> entries = {file("b/c/d"), file("a")};
  check_entries(entries, "app");
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[1].path, "b");
  EXPECT_EQ(entries[1].kind, EntryKind::directory);
  EXPECT_EQ(entries[2].path, "b/c");
  EXPECT_EQ(entries[3].path, "b/c/d");
}

TEST(PackRules, RefusesWhatCannotLieSideBySide) {
  EXPECT_NE(refusal_of({file("a"), file("a")}).find("twice"), std::string::npos);
  EXPECT_NE(refusal_of({file("Readme"), file("README")}).find("case of letters"), std::string::npos);
  EXPECT_NE(refusal_of({file("a"), file("a/b")}).find("no directory"), std::string::npos);
  EXPECT_NE(refusal_of({}).find("empty"), std::string::npos);
  EXPECT_EQ(refusal_of({file("a")}), "(accepted)");
}

}  // namespace switchyard::artifact
