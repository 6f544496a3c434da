#include "tests/unit/agent_executors/hostile_corpus.hpp"

#include <utility>

#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

void add_names(std::vector<Hostile>& corpus) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"absolute", "/outside/evil"},
      {"parent", "../evil"},
      {"parents", "../../../outside/evil"},
      {"parent_inside", "a/../../evil"},
      {"parent_end", "a/.."},
      {"dot", "./evil"},
      {"dot_inside", "a/./evil"},
      {"empty_part", "a//evil"},
      {"backslash", "..\\evil"},
      {"newline", "a\nevil"},
      {"escape", "a\x1b[2J"},
      {"only_dot", "."},
      {"only_dots", ".."},
      {"slash_end_file", "evil/"},
  };
  for (const auto& [name, path] : names) corpus.push_back(whole("name_" + name, Tar().file(path, "evil")));
  corpus.push_back(whole("name_empty", Tar().file("", "evil")));
  corpus.push_back(whole("name_pax_parent", Tar().pax(Tar::record("path", "../evil")).file("good", "evil")));
  corpus.push_back(whole("name_pax_absolute", Tar().pax(Tar::record("path", "/outside/evil")).file("good", "evil")));
  corpus.push_back(
      whole("name_pax_nul", Tar().pax(Tar::record("path", std::string("a\0../evil", 9))).file("good", "evil")));
  corpus.push_back(whole("name_prefix_parent", [] {
    Tar tar;
    tar.add({.path = std::string("../evil\0hidden", 14), .content = "evil"});
    return tar;
  }()));
  corpus.push_back(whole("name_too_long", Tar().pax(Tar::record("path", std::string(2000, 'a'))).file("x", "evil")));
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "/a";
  corpus.push_back(whole("name_too_deep", Tar().pax(Tar::record("path", deep)).file("x", "evil")));
  corpus.push_back(whole("directory_parent", Tar().directory("../evil")));
  corpus.push_back(whole("directory_absolute", Tar().directory("/outside/evil")));
}

void add_links(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("link_absolute", Tar().link("a", "/etc/passwd")));
  corpus.push_back(whole("link_parent", Tar().link("a", "../../outside")));
  corpus.push_back(whole("link_up_after_down", Tar().directory("d").link("d/a", "b/../../../outside")));
  corpus.push_back(whole("link_through_link", Tar().link("p", ".").link("q", "p/../../outside")));
  corpus.push_back(whole("link_then_file_beneath", Tar().link("a", "d").directory("d").file("a/evil", "evil")));
  corpus.push_back(whole("link_out_then_file_beneath", Tar().link("a", "../../../outside").file("a/evil", "evil")));
  corpus.push_back(whole("link_then_same_file", Tar().link("a", "b").file("a", "evil")));
  corpus.push_back(whole("link_empty", Tar().link("a", "")));
  corpus.push_back(whole("link_pax_parent", Tar().pax(Tar::record("linkpath", "../../../outside/x")).link("a", "b")));
  corpus.push_back(whole("link_backslash", Tar().link("a", "..\\x")));
  corpus.push_back(whole("hard_link", Tar().file("a", "x").add({.path = "b", .type = '1', .target = "a"})));
  corpus.push_back(whole("hard_link_out", Tar().add({.path = "b", .type = '1', .target = "../../../outside/keep"})));
  // The path of CPython's CVE: a link to a link, then a hard link that is resolved elsewhere.
  corpus.push_back(whole("hard_link_to_link", Tar().link("a", "b").add({.path = "c", .type = '1', .target = "a"})));
}

void add_kinds(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("character_device", Tar().add({.path = "null", .type = '3'})));
  corpus.push_back(whole("block_device", Tar().add({.path = "disk", .type = '4'})));
  corpus.push_back(whole("named_pipe", Tar().add({.path = "pipe", .type = '6'})));
  corpus.push_back(whole("contiguous", Tar().add({.path = "x", .type = '7', .content = "x"})));
  corpus.push_back(
      whole("gnu_long_name", Tar().add({.path = "x", .type = 'L', .content = "../evil"}).file("y", "evil")));
  corpus.push_back(whole("gnu_sparse", Tar().add({.path = "x", .type = 'S'})));
  corpus.push_back(whole("unknown_type", Tar().add({.path = "x", .type = 'Z'})));
  corpus.push_back(whole("setuid", Tar().file("su", "evil", 04755)));
  corpus.push_back(whole("setgid", Tar().file("sg", "evil", 02755)));
  corpus.push_back(whole("sticky_directory", Tar().directory("tmp", 01777)));
  corpus.push_back(whole("xattr", Tar().pax(Tar::record("SCHILY.xattr.security.capability", "x")).file("a", "x")));
  corpus.push_back(whole("acl", Tar().pax(Tar::record("SCHILY.acl.access", "user::rwx")).file("a", "x")));
  corpus.push_back(whole("pax_sparse", Tar().pax(Tar::record("GNU.sparse.major", "1")).file("a", "x")));
  corpus.push_back(whole("content_in_directory", Tar().add({.path = "d/", .type = '5', .content = "evil"})));
  corpus.push_back(whole("content_in_link", Tar().add({.path = "l", .type = '2', .content = "evil", .target = "x"})));
}

void add_duplicates(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("twice", Tar().file("a", "x").file("a", "y")));
  corpus.push_back(whole("twice_directory", Tar().directory("a").directory("a")));
  corpus.push_back(whole("case", Tar().file("Config", "x").file("config", "y")));
  corpus.push_back(whole("case_of_parents", Tar().file("A/x", "x").file("a/y", "y")));
  corpus.push_back(whole("file_as_directory", Tar().file("a", "x").file("a/b", "y")));
  corpus.push_back(whole("directory_as_file", Tar().file("a/b", "y").file("a", "x")));
  corpus.push_back({.name = "shared_file", .tar = Tar().file("log/x", "x").finish(), .shared = {"log"}});
  corpus.push_back({.name = "shared_parent_is_link", .tar = Tar().link("var", "x").finish(), .shared = {"var/log"}});
}

void add_streams(std::vector<Hostile>& corpus) {
  const std::string good = Tar().file("a", "x").finish();
  corpus.push_back({.name = "no_end_mark", .tar = Tar().file("a", "x").unfinished()});
  corpus.push_back({.name = "half_end_mark", .tar = Tar().file("a", "x").unfinished() + std::string(512, '\0')});
  corpus.push_back({.name = "cut_in_header", .tar = good.substr(0, 300)});
  corpus.push_back(
      {.name = "cut_in_content", .tar = Tar().file("a", std::string(5000, 'x')).unfinished().substr(0, 1500)});
  corpus.push_back({.name = "bytes_after_end", .tar = good + "evil" + std::string(508, '\0')});
  corpus.push_back({.name = "entry_after_end", .tar = good + Tar().file("../evil", "evil").finish()});
  corpus.push_back({.name = "endless_padding", .tar = good + std::string(3 << 20, '\0')});
  Hostile damaged = whole("bad_checksum", Tar().add({.path = "a", .content = "x", .bad_checksum = true}));
  damaged.by_checksum = true;
  corpus.push_back(std::move(damaged));
  corpus.push_back(whole("gnu_magic", Tar().add({.path = "a", .content = "x", .magic = std::string("ustar  \0", 8)})));
  corpus.push_back(whole("old_magic", Tar().add({.path = "a", .content = "x", .magic = std::string(8, '\0')})));
  corpus.push_back(whole("size_no_number", Tar().add({.path = "a", .size_field = "zzzzzzzzzzz"})));
  corpus.push_back(whole("size_base_256",
                         Tar().add({.path = "a", .size_field = "\x80\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"})));
  corpus.push_back(whole("size_beyond_declared", Tar().add({.path = "a", .size_field = "77777777777"})));
  corpus.push_back(whole("pax_size_huge", Tar().pax(Tar::record("size", "18446744073709551615")).file("a", "x")));
  corpus.push_back(whole("pax_size_negative", Tar().pax(Tar::record("size", "-1")).file("a", "x")));
  corpus.push_back(whole("pax_malformed", Tar().pax("999 path=../evil\n").file("a", "x")));
  corpus.push_back(whole("pax_no_equals", Tar().pax("9 pathxx\n").file("a", "x")));
  corpus.push_back(whole("pax_too_large", Tar().pax(Tar::record("comment", std::string(20000, 'x'))).file("a", "x")));
  corpus.push_back(whole("pax_global_path", Tar().pax(Tar::record("path", "../evil"), 'g').file("a", "x")));
  corpus.push_back(whole("pax_many", Tar().pax("").pax("").pax("").pax("").file("a", "x")));
  corpus.push_back(whole("pax_at_end", Tar().pax(Tar::record("path", "x"))));
  Tar many;
  for (int i = 0; i < 200; ++i) many.file("f" + std::to_string(i), "x");
  corpus.push_back(whole("more_entries_than_declared", many));
  corpus.push_back(
      {.name = "more_bytes_than_declared", .tar = Tar().file("a", std::string(2000, 'x')).finish(), .unpacked = 1999});
  corpus.push_back({.name = "not_a_tar", .tar = std::string(4096, 'x'), .by_checksum = true});
  corpus.push_back({.name = "nothing", .tar = ""});
}

}  // namespace

const std::filesystem::path& bait() {
  static const Scratch scratch;
  static const std::filesystem::path place = [] {
    write_file(scratch / "bait/keep", "keep");
    return scratch / "bait";
  }();
  return place;
}

void add_classic_tricks(std::vector<Hostile>& corpus) {
  add_names(corpus);
  add_links(corpus);
  add_kinds(corpus);
  add_duplicates(corpus);
  add_streams(corpus);
}

std::vector<Hostile> hostile_corpus() {
  std::vector<Hostile> corpus;
  add_classic_tricks(corpus);
  add_more_tricks(corpus);
  return corpus;
}

}  // namespace switchyard::agent::testing
