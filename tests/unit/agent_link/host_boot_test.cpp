#include "agent/link/host_boot.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

const std::string kernel_id = "62945849-a996-4d08-9337-979dfec4143f\n";

std::string first_process_begun_at(const std::string& ticks) {
  return "1 (a (odd) name) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " + ticks + " 174878720 3214\n";
}

TEST(HostBoot, IsAnotherOneWhenTheFirstProcessBeganAnew) {
  const std::string first = boot_id_of(kernel_id, first_process_begun_at("12"));
  EXPECT_EQ(first, "62945849-a996-4d08-9337-979dfec4143f/12");
  EXPECT_NE(first, boot_id_of(kernel_id, first_process_begun_at("81333")));
  EXPECT_NE(first, boot_id_of("00000000-a996-4d08-9337-979dfec4143f\n", first_process_begun_at("12")));
}

TEST(HostBoot, IsTheSameForAsLongAsTheHostIsUp) { EXPECT_EQ(read_boot_id(), read_boot_id()); }

TEST(HostBoot, IsNotGuessed) {
  for (const char* text :
       {"", "1", "1 (systemd) S 0 1", "no parenthesis at all but many words a b c d e f g h i j k l"}) {
    EXPECT_THROW(boot_id_of(kernel_id, text), DecodeError) << text;
  }
}

}  // namespace
}  // namespace switchyard::agent
