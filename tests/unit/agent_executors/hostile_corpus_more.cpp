#include <utility>

#include "tests/unit/agent_executors/hostile_corpus.hpp"

namespace switchyard::agent::testing {
namespace {

Hostile odd_but_harmless(const std::string& name, const Tar& tar) {
  Hostile hostile = whole(name, tar);
  hostile.fate = Fate::harmless;
  return hostile;
}

Hostile odd_stream(const std::string& name, std::string bytes, bool raw = false) {
  Hostile hostile;
  hostile.name = name;
  hostile.tar = std::move(bytes);
  hostile.raw = raw;
  return hostile;
}

void add_more_names(std::vector<Hostile>& corpus) {
  const std::string out = (bait() / "evil").string();
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"bait", out},
      {"two_slashes", "/" + out},
      {"dots_then_bait", "a/../../../../../../../../../../" + out.substr(1)},
      {"proc", "/proc/self/cwd/evil"},
      {"tab", "a\tevil"},
      {"return", "a\revil"},
      {"delete", "a\x7f"},
      {"bell", "a\x07"},
      {"end_slash_dots", "a/../"},
      {"dots_slash", "../"},
      {"part_of_256", std::string(256, 'a')},
      {"windows_drive", "C:\\evil"},
      {"unc", "\\\\host\\share"},
  };
  for (const auto& [name, path] : refused) {
    corpus.push_back(whole("more_name_" + name, Tar().pax(Tar::record("path", path)).file("x", "evil")));
  }
  // What only looks like trouble is a name like any other, and stays where it belongs.
  const std::vector<std::pair<std::string, std::string>> names = {
      {"three_dots", ".../evil"},
      {"dots_blank", ".. /evil"},
      {"wide_dots", "．．／evil"},
      {"overlong_dots", "\xc0\xae\xc0\xae/evil"},
      {"overlong_slash",
       "a\xc0\xaf..\xc0\xaf"
       "evil"},
      {"percent", "%2e%2e%2fevil"},
      {"option", "--rf"},
      {"star", "*"},
      {"command", "$(touch evil)"},
      {"backquotes", "`id`"},
      {"semicolon", "x; reboot"},
      {"format", "%s%n%s%n"},
      {"home", "~root/evil"},
      {"not_utf8", "\xff\xfe\xfd"},
      {"right_to_left",
       "\xe2\x80\xae"
       "gpj.exe"},
      {"escape_8_bit",
       "\xc2\x9b"
       "2J"},
      {"part_of_255", std::string(255, 'a')},
      {"current", "current"},
      {"of_ours", "releases/x"},
      {"staging", ".staging/x"},
  };
  for (const auto& [name, path] : names) {
    corpus.push_back(odd_but_harmless("odd_name_" + name, Tar().pax(Tar::record("path", path)).file("x", "evil")));
  }
}

void add_more_links(std::vector<Hostile>& corpus) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"up", ".."},
      {"up_by_dot", "./.."},
      {"up_slash", "../"},
      {"down_and_up", "a/.."},
      {"far_up", "../../../../../../../../../../etc/shadow"},
      {"two_slashes", "//etc/passwd"},
      {"proc_root", "/proc/self/root"},
      {"bait", bait().string()},
      {"tab", "a\tb"},
      {"newline", "a\nb"},
      {"too_long", std::string(1025, 'a')},
  };
  for (const auto& [name, target] : refused) {
    corpus.push_back(whole("more_link_" + name, Tar().pax(Tar::record("linkpath", target)).link("l", "x")));
  }
  corpus.push_back(whole("more_link_deep_up", Tar().link("a/b/l", "../../../x")));
  corpus.push_back(
      whole("more_link_nul", Tar().pax(Tar::record("linkpath", std::string("b\0/../..", 8))).link("l", "x")));
  corpus.push_back(whole("more_link_empty_by_pax", Tar().pax(Tar::record("linkpath", "")).link("l", "x")));
  corpus.push_back(whole("more_link_over_directory", Tar().directory("d").link("d", "x")));
  corpus.push_back(whole("more_link_over_file", Tar().file("f", "x").link("f", "y")));
  corpus.push_back(whole("more_link_under_directory", Tar().link("d", "x").directory("d")));
  corpus.push_back(whole("more_link_over_parent", Tar().file("d/f", "x").link("d", "../outside")));
  corpus.push_back(whole("more_link_case", Tar().link("Link", "x").link("link", "y")));
  corpus.push_back(whole("more_link_chain_out", Tar().directory("d").link("l", "d").link("d/m", "../l/../../outside")));
  corpus.push_back(
      whole("more_link_for_hard_link", Tar().link("l", "d").add({.path = "l/x", .type = '1', .target = "y"})));
  corpus.push_back(whole("more_link_setuid", Tar().add({.path = "l", .type = '2', .target = "x", .mode = 04777})));
  corpus.push_back(whole("more_link_shared", [] {
    Tar tar;
    tar.link("log", "../../outside");
    return tar;
  }()));
  corpus.back().shared = {"log"};
  corpus.push_back(odd_but_harmless("odd_link_to_itself", Tar().link("l", "l")));
  corpus.push_back(odd_but_harmless("odd_link_circle", Tar().link("a", "b").link("b", "a")));
  corpus.push_back(odd_but_harmless("odd_link_dangling", Tar().link("a/b/l", "../../nowhere/at/all")));
  corpus.push_back(odd_but_harmless("odd_link_dots", Tar().link("a", "./././b").file("b", "x")));
}

void add_more_kinds(std::vector<Hostile>& corpus) {
  for (const char type : {'D', 'M', 'N', 'V', 'K', 'X', 'I', 'B', '8', '9', 'a', ' '}) {
    corpus.push_back(whole("more_type_" + std::to_string(type), Tar().add({.path = "x", .type = type})));
  }
  const std::string out = (bait() / "evil").string();
  for (const char type : {'1', '3', '4', '6'}) {
    corpus.push_back(whole("more_type_named_by_pax_" + std::string(1, type),
                           Tar().pax(Tar::record("path", out)).add({.path = "x", .type = type, .target = "y"})));
  }
  corpus.push_back(whole("more_hard_link_to_itself", Tar().add({.path = "a", .type = '1', .target = "a"})));
  corpus.push_back(
      whole("more_hard_link_content", Tar().add({.path = "a", .type = '1', .content = "evil", .target = "b"})));
  corpus.push_back(
      whole("more_hard_link_absolute",
            Tar().pax(Tar::record("linkpath", (bait() / "keep").string())).add({.path = "a", .type = '1'})));
  corpus.push_back(whole("more_mode_setuid_directory", Tar().directory("d", 04755)));
  corpus.push_back(whole("more_mode_setgid_directory", Tar().directory("d", 02755)));
  corpus.push_back(whole("more_mode_sticky_file", Tar().file("f", "x", 01644)));
  corpus.push_back(whole("more_mode_all", Tar().file("f", "x", 07777)));
  corpus.push_back(whole("more_mode_of_a_device", Tar().file("f", "x", 0020666)));
  corpus.push_back(whole("more_mode_of_a_pipe", Tar().file("f", "x", 0010666)));
  corpus.push_back(odd_but_harmless("odd_mode_writable_by_all", Tar().directory("d", 0777).file("d/f", "x", 0777)));
}

void add_more_pax(std::vector<Hostile>& corpus) {
  const std::string out = (bait() / "evil").string();
  for (const char* key : {"GNU.sparse.name", "GNU.sparse.map", "GNU.sparse.realsize", "SCHILY.realsize",
                          "SCHILY.fflags", "RHT.security.selinux", "SCHILY.acl.default", "LIBARCHIVE.xattr.user.x",
                          "hdrcharset", "PATH", "path ", "VENDOR.evil", "charset"}) {
    corpus.push_back(
        whole("more_pax_key_" + std::to_string(corpus.size()), Tar().pax(Tar::record(key, out)).file("a", "x")));
  }
  for (const char* records : {"0 path=x\n", "-5 path=x\n", "99999999999999999999 path=x\n", "11 path=a/b", "x path=y\n",
                              "8 path=x\n", "5 =xy\n", " 9 path=x\n", "9path=xy\n"}) {
    corpus.push_back(whole("more_pax_record_" + std::to_string(corpus.size()), Tar().pax(records).file("a", "x")));
  }
  corpus.push_back(whole("more_pax_newline_in_path", Tar().pax(Tar::record("path", "a\n../../evil")).file("a", "x")));
  corpus.push_back(whole("more_pax_empty_path", Tar().pax(Tar::record("path", "")).file("a", "x")));
  corpus.push_back(whole("more_pax_last_path_counts",
                         Tar().pax(Tar::record("path", "good") + Tar::record("path", "../evil")).file("a", "x")));
  corpus.push_back(whole("more_pax_two_headers",
                         Tar().pax(Tar::record("path", "good")).pax(Tar::record("path", "../evil")).file("a", "x")));
  corpus.push_back(whole("more_pax_directory", Tar().pax(Tar::record("path", "../evil/")).directory("d")));
  corpus.push_back(whole("more_pax_global_link", Tar().pax(Tar::record("linkpath", "/etc"), 'g').link("a", "x")));
  corpus.push_back(whole("more_pax_global_size", Tar().pax(Tar::record("size", "0"), 'g').file("a", "x")));
  corpus.push_back(
      whole("more_pax_global_xattr", Tar().pax(Tar::record("SCHILY.xattr.user.x", "y"), 'g').file("a", "x")));
  // The next header is read as content, or content as the next header: either way it is one parser that decides.
  Hostile less = whole("more_pax_size_less", Tar().pax(Tar::record("size", "1")).file("a", std::string(1025, 'x')));
  less.by_checksum = true;
  corpus.push_back(std::move(less));
  corpus.push_back(
      odd_but_harmless("odd_pax_size_swallows_a_header",
                       Tar().pax(Tar::record("size", "512")).file("a", "").file("/outside/evil", "").file("b", "")));
  corpus.push_back(
      odd_but_harmless("odd_pax_comment", Tar().pax(Tar::record("comment", "\x1b[2J" + out), 'g').file("a", "x")));
}

void add_more_collisions(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("more_case_file_and_directory", Tar().file("A", "x").directory("a")));
  corpus.push_back(whole("more_case_file_and_parent", Tar().file("A", "x").file("a/b", "y")));
  corpus.push_back(whole("more_case_deep", Tar().file("x/y/Z/f", "x").file("x/y/z/g", "y")));
  corpus.push_back(whole("more_case_twice", Tar().file("README", "x").file("Readme", "y").file("readme", "z")));
  corpus.push_back(whole("more_directory_named_twice", Tar().directory("a").file("b", "x").directory("a")));
  corpus.push_back(whole("more_directory_after_its_content", Tar().file("a/b", "x").directory("a")));
  corpus.push_back(whole("more_file_beneath_file", Tar().file("a/b", "x").file("a/b/c", "y")));
  // On the hosts' file systems these are two names, so that neither hides the other.
  corpus.push_back(odd_but_harmless("odd_unicode_forms", Tar().file("caf\xc3\xa9", "x").file("cafe\xcc\x81", "y")));
  corpus.push_back(odd_but_harmless("odd_unicode_case", Tar().file("\xc3\x89", "x").file("\xc3\xa9", "y")));
  corpus.push_back(odd_but_harmless("odd_unicode_kelvin", Tar().file("k", "x").file("\xe2\x84\xaa", "y")));
}

void add_more_streams(std::vector<Hostile>& corpus) {
  const std::string good = Tar().file("a", std::string(700, 'x')).finish();
  for (const std::size_t cut : {1u, 511u, 512u, 513u, 1023u, 1024u, 1535u, 1536u, 2047u, 2559u}) {
    corpus.push_back(odd_stream("more_cut_at_" + std::to_string(cut), good.substr(0, cut)));
  }
  const std::string packed = compressed(good);
  for (const std::size_t part : {4u, 3u, 2u}) {
    corpus.push_back(
        odd_stream("more_zstd_cut_at_1_of_" + std::to_string(part), packed.substr(0, packed.size() / part), true));
  }
  corpus.push_back(odd_stream("more_zstd_last_byte_missing", packed.substr(0, packed.size() - 1), true));
  corpus.push_back(odd_stream("more_zstd_garbage_after", packed + "evil", true));
  corpus.push_back(
      odd_stream("more_zstd_second_frame", packed + compressed(Tar().file("../evil", "x").finish()), true));
  const std::string skippable = std::string("\x50\x2a\x4d\x18\x04\x00\x00\x00", 8) + "evil";
  corpus.push_back(odd_stream("more_zstd_skippable_first", skippable + packed, true));
  corpus.push_back(odd_stream("more_zstd_skippable_after", packed + skippable, true));
  corpus.push_back(odd_stream("more_zstd_empty_frame_first", compressed("") + packed, true));
  corpus.push_back(
      odd_stream("more_zstd_reserved_bit", std::string("\x28\xb5\x2f\xfd\x08", 5) + packed.substr(5), true));
  corpus.push_back(
      odd_stream("more_zstd_dictionary", std::string("\x28\xb5\x2f\xfd\x23\xff\xff", 7) + packed.substr(5), true));
  corpus.push_back(odd_stream("more_gzip", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + good, true));
  corpus.push_back(odd_stream("more_xz",
                              std::string("\xfd"
                                          "7zXZ\0",
                                          6) +
                                  good,
                              true));
  corpus.push_back(odd_stream("more_zip", "PK\x03\x04" + good, true));
  corpus.push_back(odd_stream("more_not_compressed", good, true));
  corpus.push_back(odd_stream("more_only_end_mark_missing", std::string(512, '\0')));
  Tar deep;
  std::string path = "d";
  for (int i = 0; i < 44; ++i) {
    deep.directory(path);
    path += "/d";
  }
  corpus.push_back(whole("more_too_many_directories", [&] {
    Tar tar;
    for (int i = 0; i < 101; ++i) tar.directory("d" + std::to_string(i));
    return tar;
  }()));
  corpus.push_back(whole("more_too_many_links", [&] {
    Tar tar;
    for (int i = 0; i < 101; ++i) tar.link("l" + std::to_string(i), "x");
    return tar;
  }()));
  Hostile empties =
      whole("more_bytes_beyond_by_one", Tar().file("a", std::string(500, 'x')).file("b", std::string(501, 'x')));
  empties.unpacked = 1000;
  corpus.push_back(std::move(empties));
  corpus.push_back(odd_but_harmless("odd_deep", deep));
}

}  // namespace

void add_more_tricks(std::vector<Hostile>& corpus) {
  add_more_names(corpus);
  add_more_links(corpus);
  add_more_kinds(corpus);
  add_more_pax(corpus);
  add_more_collisions(corpus);
  add_more_streams(corpus);
}

}  // namespace switchyard::agent::testing
