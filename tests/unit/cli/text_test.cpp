#include <gtest/gtest.h>

#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

TEST(Table, AlignsByCharactersAndLeavesNoTrailingBlanks) {
  Table table({"HOST", "STATE"});
  table.add({"größe-1", "up"});
  table.add({"b", ""});
  EXPECT_EQ(table.text(), "HOST     STATE\ngröße-1  up\nb\n");
}

TEST(Table, KnowsWhetherItHasRows) {
  Table table({"HOST"});
  EXPECT_TRUE(table.empty());
  table.add({"a"});
  EXPECT_FALSE(table.empty());
}

TEST(TimeText, SaysDurationsAsPeopleDo) {
  EXPECT_EQ(duration_text(-5), "0 ms");
  EXPECT_EQ(duration_text(412), "412 ms");
  EXPECT_EQ(duration_text(3'250), "3.2 s");
  EXPECT_EQ(duration_text(59'999), "59.9 s");
  EXPECT_EQ(duration_text(125'000), "2 m 05 s");
  EXPECT_EQ(duration_text(3'725'000), "1 h 02 m");
}

TEST(TimeText, SaysSizes) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(std::uint64_t{5} << 30), "5.0 GiB");
}

TEST(TimeText, ATimeThatHasNotComeIsADash) {
  EXPECT_EQ(date_text(0), "-");
  EXPECT_EQ(date_text(1'790'000'000'000).size(), 19u);
}

}  // namespace
}  // namespace switchyard::cli
