#include "agent/executors/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "agent/executors/archive_rules.hpp"
#include "agent/executors/unpack.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

struct Wanted {
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0644;
  std::string content;  // or a link's target
  bool operator==(const Wanted&) const = default;
};
using Tree = std::map<std::string, Wanted>;

/// Writes the tree with libarchive, as an independent witness of the formats.
std::string written_by_libarchive(const Tree& tree, bool pax, bool with_times) {
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  if (pax) {
    archive_write_set_format_pax_restricted(writer);
  } else {
    archive_write_set_format_ustar(writer);
  }
  archive_write_set_bytes_per_block(writer, 512);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& [path, wanted] : tree) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_perm(entry, static_cast<mode_t>(wanted.mode));
    archive_entry_set_size(entry, 0);
    if (with_times) {
      archive_entry_set_mtime(entry, 1'700'000'000, 123'456'789);
      archive_entry_set_uid(entry, 3'000'000);
      archive_entry_set_uname(entry, "builder");
    }
    if (wanted.kind == EntryKind::link) {
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, wanted.content.c_str());
    } else if (wanted.kind == EntryKind::directory) {
      archive_entry_set_filetype(entry, AE_IFDIR);
    } else {
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_size(entry, static_cast<la_int64_t>(wanted.content.size()));
    }
    RC_ASSERT(archive_write_header(writer, entry) == ARCHIVE_OK);
    if (wanted.kind == EntryKind::file) archive_write_data(writer, wanted.content.data(), wanted.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

TarReader::Source source_of(const std::string& bytes, std::size_t& at) {
  return [&](char* buffer, std::size_t size) {
    const std::size_t piece = std::min(size, bytes.size() - at);
    std::memcpy(buffer, bytes.data() + at, piece);
    at += piece;
    return piece;
  };
}

Tree read_tree(const std::string& bytes) {
  std::size_t at = 0;
  TarReader reader(source_of(bytes, at));
  Tree tree;
  while (const auto entry = reader.next()) {
    Wanted found{.kind = entry->kind, .mode = entry->mode, .content = entry->target};
    char buffer[777];
    while (const std::size_t got = reader.read(buffer, sizeof buffer)) found.content.append(buffer, got);
    tree[entry->path] = found;
  }
  return tree;
}

/// Trees without conflicts: directories d0..d3, files and links of any name within them.
Tree any_tree() {
  Tree tree;
  const auto letters = rc::gen::oneOf(rc::gen::inRange<char>('a', 'z'), rc::gen::element(' ', '=', '-', '_', '~'));
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    const std::string directory = "d" + std::to_string(*rc::gen::inRange(0, 4));
    tree[directory] = Wanted{.kind = EntryKind::directory, .mode = 0755, .content = {}};
    // An own beginning, so that no two names fold together; long ones need a pax header.
    std::string name = directory + "/" + std::to_string(i) + *rc::gen::container<std::string>(letters);
    if (*rc::gen::inRange(0, 4) == 0) name += std::string(static_cast<std::size_t>(*rc::gen::inRange(80, 200)), 'n');
    if (name.size() > 250) name.resize(250);  // a part of a path has at most 255 bytes
    if (*rc::gen::inRange(0, 3) == 0) {
      tree[name] = Wanted{.kind = EntryKind::link,
                          .mode = 0777,
                          .content = "../" + std::string(static_cast<std::size_t>(*rc::gen::inRange(1, 150)), 't')};
    } else {
      const auto size = static_cast<std::size_t>(*rc::gen::element(0, 1, 511, 512, 513, 5000));
      tree[name] = Wanted{.kind = EntryKind::file,
                          .mode = *rc::gen::element<std::uint32_t>(0644, 0755, 0600),
                          .content = std::string(size, static_cast<char>('a' + i))};
    }
  }
  return tree;
}

RC_GTEST_PROP(TarReader, ReadsWhatLibarchiveWroteAsPax, ()) {
  const Tree tree = any_tree();
  RC_ASSERT(read_tree(written_by_libarchive(tree, true, *rc::gen::arbitrary<bool>())) == tree);
}

RC_GTEST_PROP(TarReader, ReadsWhatLibarchiveWroteAsUstar, ()) {
  Tree tree = any_tree();
  std::erase_if(tree, [](const auto& entry) {
    return entry.first.size() > 90 || entry.second.content.size() > 5000 ||
           (entry.second.kind == EntryKind::link && entry.second.content.size() > 90);
  });
  RC_ASSERT(read_tree(written_by_libarchive(tree, false, false)) == tree);
}

RC_GTEST_PROP(TarReader, NeverCrashesOnDamage, ()) {
  std::string bytes = written_by_libarchive(any_tree(), true, true);
  for (int i = *rc::gen::inRange(1, 8); i > 0 && !bytes.empty(); --i) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  if (*rc::gen::inRange(0, 3) == 0) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
  try {
    read_tree(bytes);
  } catch (const ArchiveError&) {
    return;
  }
}

RC_GTEST_PROP(Unpack, MakesWhatTheArchiveSays, ()) {
  const Tree tree = any_tree();
  const Scratch scratch;
  const std::string packed = compressed(written_by_libarchive(tree, true, true));
  std::uint64_t bytes = 0;
  for (const auto& [path, wanted] : tree) bytes += wanted.kind == EntryKind::file ? wanted.content.size() : 0;
  std::size_t at = 0;
  const FileList list = unpack(source_of(packed, at), Directory::open(scratch.path()),
                               ArchiveBounds{.unpacked_bytes = bytes, .entries = tree.size()}, {}, 2, {});
  RC_ASSERT(list.files.size() == tree.size());
  for (const auto& [path, wanted] : tree) {
    const std::filesystem::path made = scratch / path;
    if (wanted.kind == EntryKind::link) RC_ASSERT(std::filesystem::read_symlink(made) == wanted.content);
    if (wanted.kind == EntryKind::file) {
      RC_ASSERT(read_file(made) == wanted.content);
      RC_ASSERT(list.files.at(path).sha256 == sha256_hex(wanted.content));
      RC_ASSERT((static_cast<unsigned>(std::filesystem::status(made).permissions()) & 0777u) == (wanted.mode & ~0222u));
    }
  }
}

/// The target of a link, walked as the kernel does, with every directory real.
bool leads_out(const std::string& path, const std::string& target) {
  std::filesystem::path walked = std::filesystem::path(path).parent_path() / target;
  const std::string normal = walked.lexically_normal().string();
  return normal == ".." || normal.starts_with("../") || normal.starts_with("/");
}

RC_GTEST_PROP(ArchiveRules, TakeNoLinkThatLeadsOut, ()) {
  const auto parts =
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("..", ".", "a", "b", ""));
  std::string target;
  for (const std::string& part : *parts) target += part + "/";
  const std::string path = *rc::gen::element<std::string>("x", "d/x", "d/e/x");
  if (refuse_target(path, target).empty()) RC_ASSERT(!leads_out(path, target));
}

TEST(TarReader, TakesNamesAsBytesWhateverTheirEncoding) {
  const std::string utf8 =
      "gr\xc3\xbc\xc3\x9f"
      "e.txt";
  const std::string latin1 =
      "gr\xfc\xdf"
      "e.txt";
  const Tree tree =
      read_tree(Tar().file(utf8, "a").file(latin1, "b").pax(Tar::record("path", "p/" + utf8)).file("x", "c").finish());
  EXPECT_EQ(tree.at(utf8).content, "a");
  EXPECT_EQ(tree.at(latin1).content, "b");
  EXPECT_EQ(tree.at("p/" + utf8).content, "c");
}

TEST(ArchiveRules, TakeOrdinaryLinks) {
  EXPECT_EQ(refuse_target("node_modules/.bin/tsc", "../typescript/bin/tsc"), "");
  EXPECT_EQ(refuse_target("lib/libz.so", "libz.so.1"), "");
  EXPECT_EQ(refuse_target("a/b/c", "../../d/e"), "");
  EXPECT_NE(refuse_target("a/b/c", "../../../d"), "");
}

}  // namespace
}  // namespace switchyard::agent::testing
