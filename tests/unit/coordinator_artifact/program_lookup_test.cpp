#include "coordinator/artifact/program_lookup.hpp"

#include <gtest/gtest.h>

namespace switchyard::artifact {
namespace {

PackEntry directory(const std::string& path) {
  PackEntry entry;
  entry.path = path;
  entry.kind = EntryKind::directory;
  return entry;
}
PackEntry file(const std::string& path, bool executable) {
  PackEntry entry;
  entry.path = path;
  entry.executable = executable;
  return entry;
}
PackEntry link(const std::string& path, const std::string& target) {
  PackEntry entry;
  entry.path = path;
  entry.kind = EntryKind::link;
  entry.target = target;
  return entry;
}

const std::vector<PackEntry> tree = {
    directory("bin"),         file("bin/notes.txt", false), file("bin/serve", true), directory("lib"),
    file("lib/worker", true), link("run", "bin/serve"),     link("bad", "bin/gone"), link("a", "b"),
    link("b", "a"),           link("tools", "lib"),
};

std::string trouble(const std::string& path, const std::vector<std::string>& shared = {}) {
  return program_trouble(tree, shared, path).value_or("");
}

TEST(ProgramLookup, TakesAnExecutableFileAndWhatLinksToOne) {
  EXPECT_EQ(trouble("bin/serve"), "");
  EXPECT_EQ(trouble("run"), "");
  EXPECT_EQ(trouble("tools/worker"), "");
}

TEST(ProgramLookup, NamesWhatIsThereInstead) {
  EXPECT_EQ(trouble("bin/srve"), "has no `bin/srve`; did you mean `bin/serve`?");
  EXPECT_EQ(trouble("worker"), "has no `worker`; did you mean `lib/worker`?");
  EXPECT_EQ(trouble("bin/something-else"), "has no `bin/something-else`; `bin` holds notes.txt, serve");
  EXPECT_EQ(trouble("somewhere/completely-else"), "has no `somewhere/completely-else`");
}

TEST(ProgramLookup, RefusesWhatIsThereAndIsNoProgram) {
  EXPECT_EQ(trouble("bin/notes.txt"), "has `bin/notes.txt` as a file that is not executable; `chmod +x` it");
  EXPECT_EQ(trouble("bin"), "has a directory at `bin`, which is no program");
  EXPECT_EQ(trouble("bin/serve/x"), "has a file at `bin/serve`, and no directory");
  EXPECT_EQ(trouble("."), "has its whole directory there, which is no program");
}

TEST(ProgramLookup, FollowsLinksToWhereTheyLeadAndNoFurther) {
  EXPECT_EQ(trouble("bad"), "has no `bin/gone`; `bin` holds notes.txt, serve");
  EXPECT_EQ(trouble("a"), "has a chain of links at `a` that does not end");
}

TEST(ProgramLookup, SaysNothingOfWhatTheHostShares) {
  EXPECT_EQ(trouble("data/bin/tool", {"data"}), "");
  EXPECT_EQ(trouble("bin/tool", {"bin/tool"}), "");
}

TEST(ProgramLookup, RefusesToHideTheProgramBehindWhatTheHostShares) {
  EXPECT_TRUE(trouble("bin/serve", {"bin/serve"}).starts_with("has `bin/serve` itself, which `shared: [bin/serve]`"));
  EXPECT_TRUE(trouble("bin/serve", {"bin"}).starts_with("has `bin/serve` itself, which `shared: [bin]` hides"));
  EXPECT_TRUE(trouble("run", {"bin"}).starts_with("has `bin/serve` itself")) << "through a link, too";
}

}  // namespace
}  // namespace switchyard::artifact
