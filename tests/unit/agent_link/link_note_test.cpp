#include "agent/link/link_note.hpp"

#include <gtest/gtest.h>

#include "tests/support/memory_file_system.hpp"

namespace switchyard::agent {
namespace {

const std::filesystem::path run = "/run/switchyard";

TEST(LinkNote, IsReadAsItWasWritten) {
  switchyard::testing::MemoryFileSystem files;
  for (const LinkState state : {LinkState::connected, LinkState::refused, LinkState::unreachable, LinkState::lost}) {
    const LinkNote note{state, 1'234, "why it is so"};
    write_link_note(files, run, note);
    EXPECT_EQ(read_link_note(files, run), note);
  }
  remove_link_note(files, run);
  EXPECT_EQ(read_link_note(files, run), std::nullopt);
}

TEST(LinkNote, IsOneLineWhateverTheCoordinatorSays) {
  switchyard::testing::MemoryFileSystem files;
  write_link_note(files, run, {LinkState::refused, 1, "first\nsecond"});
  EXPECT_EQ(read_link_note(files, run)->text, "first second");
}

TEST(LinkNote, IsNoneWhenItIsDamaged) {
  switchyard::testing::MemoryFileSystem files;
  files.create_directories(run, 0755);
  for (const char* text : {"", "connected", "bogus\n1\n\n", "connected\nx\n\n", "connected\n1x\n\n"}) {
    files.write_atomically(run / "coordinator-link", text, 0644);
    EXPECT_EQ(read_link_note(files, run), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace switchyard::agent
