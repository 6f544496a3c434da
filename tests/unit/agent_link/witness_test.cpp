#include "agent/link/witness.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/crypto.hpp"
#include "tests/support/memory_file_system.hpp"

namespace switchyard::agent {
namespace {

const std::filesystem::path state = "/var/lib/switchyard";

TEST(Witness, RemembersTheNewestHeadAcrossRestarts) {
  switchyard::testing::MemoryFileSystem files;
  files.create_directories(state, 0700);
  Witness(files, state).told(sha256_hex("one"));
  Witness witness(files, state);
  EXPECT_EQ(witness.head(), sha256_hex("one"));
  witness.told(sha256_hex("two"));
  EXPECT_EQ(Witness(files, state).head(), sha256_hex("two"));
}

TEST(Witness, TakesNothingThatIsNoHead) {
  switchyard::testing::MemoryFileSystem files;
  Witness witness(files, state);
  for (const std::string& text : {std::string(), std::string("../../etc/passwd"), std::string(64, 'G'),
                                  std::string(65, 'a'), std::string(63, 'a') + "\n"}) {
    witness.told(text);
    EXPECT_EQ(witness.head(), "");
  }
  files.create_directories(state, 0700);
  files.write_atomically(state / "audit-head", "damaged", 0600);
  EXPECT_EQ(Witness(files, state).head(), "");
}

}  // namespace
}  // namespace switchyard::agent
