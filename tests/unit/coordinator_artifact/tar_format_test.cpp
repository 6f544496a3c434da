#include "coordinator/artifact/tar_format.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

namespace switchyard::artifact {

namespace {

struct Read {
  std::string path, target;
  bool directory = false;
  int mode = 0;
  std::int64_t size = 0, time = 0, owner = 0;
};

/// What another implementation of tar makes of our bytes.
Read read_back(const std::string& bytes) {
  std::unique_ptr<::archive, int (*)(::archive*)> reader(::archive_read_new(), &::archive_read_free);
  ::archive_read_support_format_tar(reader.get());
  EXPECT_EQ(::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()), ARCHIVE_OK);
  ::archive_entry* entry = nullptr;
  EXPECT_EQ(::archive_read_next_header(reader.get(), &entry), ARCHIVE_OK) << ::archive_error_string(reader.get());
  Read read;
  read.path = ::archive_entry_pathname(entry) != nullptr ? ::archive_entry_pathname(entry) : "";
  if (::archive_entry_symlink(entry) != nullptr) read.target = ::archive_entry_symlink(entry);
  read.directory = ::archive_entry_filetype(entry) == AE_IFDIR;
  read.mode = static_cast<int>(::archive_entry_perm(entry));
  read.size = ::archive_entry_size(entry);
  read.time = ::archive_entry_mtime(entry);
  read.owner = ::archive_entry_uid(entry);
  return read;
}

std::string entry_bytes(const PackEntry& entry) {
  return tar_header(entry) + std::string(entry.bytes, 'x') + tar_padding(entry.bytes) + tar_end();
}

}  // namespace

TEST(TarFormat, WritesWhatOthersRead) {
  PackEntry entry;
  entry.path = "bin/server";
  entry.executable = true;
  entry.bytes = 1000;
  const Read read = read_back(entry_bytes(entry));
  EXPECT_EQ(read.path, "bin/server");
  EXPECT_EQ(read.mode, 0755);
  EXPECT_EQ(read.size, 1000);
  EXPECT_EQ(read.time, 0);
  EXPECT_EQ(read.owner, 0);
}

TEST(TarFormat, KeepsSizesBeyondTheOldFormat) {
  PackEntry entry;
  entry.path = "big";
  entry.bytes = 9ull << 30;
  EXPECT_EQ(read_back(tar_header(entry)).size, static_cast<std::int64_t>(entry.bytes));
}

TEST(TarFormat, FillsWholeBlocks) {
  EXPECT_EQ(tar_padding(0), "");
  EXPECT_EQ(tar_padding(1).size(), 511U);
  EXPECT_EQ(tar_padding(512), "");
  EXPECT_EQ(tar_end(), std::string(1024, '\0'));
}

// Paths of every length around the limits of both fields come back as they were, as directories, files and links.
RC_GTEST_PROP(TarFormat, KeepsEveryPathAndTarget, ()) {
  const auto part = rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 120), [](std::size_t length) {
    return rc::gen::container<std::string>(length, rc::gen::elementOf(std::string("abcXYZ019._- ")));
  });
  const auto parts = *rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 5), [&](std::size_t count) {
    return rc::gen::container<std::vector<std::string>>(count, part);
  });
  PackEntry entry;
  for (const std::string& text : parts) entry.path += (entry.path.empty() ? "x" : "/x") + text;
  entry.kind = *rc::gen::element(EntryKind::directory, EntryKind::file, EntryKind::link);
  if (entry.kind == EntryKind::link) entry.target = "t" + *part + "/" + *part;
  const Read read = read_back(entry_bytes(entry));
  RC_ASSERT(read.path == entry.path || read.path == entry.path + "/");
  RC_ASSERT(read.target == entry.target);
  RC_ASSERT(read.directory == (entry.kind == EntryKind::directory));
}

}  // namespace switchyard::artifact
