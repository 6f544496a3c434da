#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::planner {

// What the documentation shows can be used as it stands.
TEST(ManifestDocumentation, EveryExampleLoads) {
  std::ifstream file(std::string(SWITCHYARD_SOURCE_DIR) + "/docs/manifest.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const std::size_t begin = at + fence.size();
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    EXPECT_NO_THROW(read_manifest(example, "docs/manifest.md")) << example;
    ++examples;
  }
  EXPECT_EQ(examples, 4);
}

}  // namespace switchyard::planner
