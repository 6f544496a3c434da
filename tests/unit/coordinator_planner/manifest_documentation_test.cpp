#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "coordinator/planner/manifest_reader.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::planner {

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(switchyard::testing::source_tree() / path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The words in backquotes of the first column of a table that begins with `| key |`.
std::vector<std::string> keys_of_tables(const std::string& text) {
  std::vector<std::string> keys;
  std::istringstream lines(text);
  bool in_table = false;
  for (std::string line; std::getline(lines, line);) {
    in_table = line.starts_with("| key |") || (in_table && line.starts_with("|"));
    if (!in_table) continue;
    const std::string column = line.substr(0, line.find('|', 1));
    for (std::size_t at = column.find('`'); at != std::string::npos; at = column.find('`', at + 1)) {
      const std::size_t end = column.find('`', at + 1);
      keys.push_back(column.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return keys;
}

/// Of the schemas, which have the keys of the readers (schema_test.py).
void keys_of_schema(const nlohmann::json& schema, std::set<std::string>& keys) {
  if (!schema.is_structured()) return;
  if (schema.is_object() && schema.contains("properties")) {
    for (const auto& [key, value] : schema.at("properties").items()) keys.insert(key);
  }
  for (const nlohmann::json& part : schema) keys_of_schema(part, keys);
}

}  // namespace

TEST(ManifestDocumentation, TheManualPageNamesEveryKey) {
  const std::string page = text_of("docs/man/switchyard-manifest.5");
  const std::vector<std::string> keys = keys_of_tables(text_of("docs/manifest.md"));
  EXPECT_GT(keys.size(), 50u);
  for (const std::string& key : keys) EXPECT_NE(page.find(key), std::string::npos) << key;
}

TEST(ManifestDocumentation, EveryKeyThatIsReadHasItsPlace) {
  const std::string text = text_of("docs/manifest.md");
  for (const char* schema : {"deployment", "health-checks"}) {
    std::set<std::string> keys;
    keys_of_schema(nlohmann::json::parse(text_of("docs/schema/" + std::string(schema) + ".schema.json")), keys);
    EXPECT_GT(keys.size(), 40u);
    for (const std::string& key : keys) {
      const bool named = text.find("`" + key + "`") != std::string::npos || text.find(key + ":") != std::string::npos;
      EXPECT_TRUE(named) << key << " of " << schema;
    }
  }
}

// What the documentation shows can be used as it stands.
TEST(ManifestDocumentation, EveryExampleLoads) {
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (const char* page : {"docs/manifest.md", "docs/hooks.md"}) {
    const std::string text = text_of(page);
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
      const std::size_t begin = at + fence.size();
      const std::string example = text.substr(begin, text.find("```", begin) - begin);
      EXPECT_NO_THROW(read_manifest(example, page)) << example;
      ++examples;
    }
  }
  EXPECT_EQ(examples, 8);
}

}  // namespace switchyard::planner
