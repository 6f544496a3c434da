#include "coordinator/artifact/artifact_packer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "tests/unit/coordinator_artifact/scratch_tree.hpp"

namespace switchyard::artifact {

namespace {

using testing::read_file;
using testing::ScratchTree;

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

/// path -> "mode content", read by another implementation of tar and zstd.
std::map<std::string, std::string> unpacked(const std::filesystem::path& archive) {
  std::unique_ptr<::archive, int (*)(::archive*)> reader(::archive_read_new(), &::archive_read_free);
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_tar(reader.get());
  EXPECT_EQ(::archive_read_open_filename(reader.get(), archive.c_str(), 65536), ARCHIVE_OK);
  std::map<std::string, std::string> found;
  ::archive_entry* entry = nullptr;
  while (::archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
    if (!content.empty()) {
      EXPECT_EQ(::archive_read_data(reader.get(), content.data(), content.size()),
                static_cast<la_ssize_t>(content.size()));
    }
    if (::archive_entry_symlink(entry) != nullptr) content = std::string("-> ") + ::archive_entry_symlink(entry);
    std::string path = ::archive_entry_pathname(entry);
    if (path.ends_with('/')) path.pop_back();
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "%o ", static_cast<unsigned>(::archive_entry_perm(entry)));
    found[path] = mode.data() + content;
  }
  return found;
}

/// A tarball with these entries in this order, as some other program might write it.
class Tarball {
 public:
  explicit Tarball(const std::filesystem::path& path) : writer_(::archive_write_new(), &::archive_write_free) {
    ::archive_write_set_format_pax_restricted(writer_.get());
    ::archive_write_add_filter_gzip(writer_.get());
    EXPECT_EQ(::archive_write_open_filename(writer_.get(), path.c_str()), ARCHIVE_OK);
  }
  void add(const std::string& path, unsigned type, const std::string& content, unsigned mode = 0640,
           const std::string& hard_link = {}) {
    std::unique_ptr<::archive_entry, void (*)(::archive_entry*)> entry(::archive_entry_new(), &::archive_entry_free);
    ::archive_entry_set_pathname(entry.get(), path.c_str());
    ::archive_entry_set_filetype(entry.get(), type);
    ::archive_entry_set_perm(entry.get(), mode);
    ::archive_entry_set_mtime(entry.get(), 1'700'000'000, 5);
    ::archive_entry_set_uid(entry.get(), 1234);
    ::archive_entry_set_uname(entry.get(), "somebody");
    if (type == AE_IFLNK) ::archive_entry_set_symlink(entry.get(), content.c_str());
    if (!hard_link.empty()) ::archive_entry_set_hardlink(entry.get(), hard_link.c_str());
    const bool has_content = type == AE_IFREG && hard_link.empty();
    ::archive_entry_set_size(entry.get(), has_content ? static_cast<la_int64_t>(content.size()) : 0);
    EXPECT_EQ(::archive_write_header(writer_.get(), entry.get()), ARCHIVE_OK);
    if (has_content) ::archive_write_data(writer_.get(), content.data(), content.size());
  }
  void close() { EXPECT_EQ(::archive_write_close(writer_.get()), ARCHIVE_OK); }

 private:
  std::unique_ptr<::archive, int (*)(::archive*)> writer_;
};

}  // namespace

TEST(ArtifactPacker, PacksADirectoryForEverybodyToRead) {
  const ScratchTree tree;
  tree.write("bin/server", "#!/bin/true\n", true);
  tree.write("lib/data.txt", "hello");
  tree.write("empty", "");
  tree.link("bin/alias", "server");
  std::filesystem::create_directories(tree.path() / "var/empty");
  const PackedArtifact packed = pack_directory(tree.path());
  const std::map<std::string, std::string> expected = {
      {"bin", "755 "},
      {"bin/alias", "777 -> server"},
      {"bin/server", "755 #!/bin/true\n"},
      {"empty", "644 "},
      {"lib", "755 "},
      {"lib/data.txt", "644 hello"},
      {"var", "755 "},
      {"var/empty", "755 "},
  };
  EXPECT_EQ(unpacked(packed.archive.path()), expected);
  EXPECT_EQ(packed.content.entries, expected.size());
  EXPECT_EQ(packed.content.unpacked_bytes, 17U);
}

TEST(ArtifactPacker, ListsEveryChunkByItsDigest) {
  const ScratchTree tree;
  // Bytes that do not compress, so that the archive has several chunks.
  std::string noise;
  for (int i = 0; noise.size() < 3 * limits::chunk_bytes_max; ++i) noise += sha256(std::to_string(i));
  tree.write("noise", noise);
  const PackedArtifact packed = pack_directory(tree.path());
  const std::string archive = read_file(packed.archive.path());
  EXPECT_EQ(packed.content.bytes, archive.size());
  ASSERT_GE(packed.content.chunks.size(), 4U);
  for (std::size_t i = 0; i < packed.content.chunks.size(); ++i) {
    EXPECT_EQ(sha256(archive.substr(i * limits::chunk_bytes_max, limits::chunk_bytes_max)), packed.content.chunks[i]);
  }
  EXPECT_EQ(protocol::decode_artifact(packed.manifest), packed.content);
  EXPECT_EQ(packed.release, protocol::release_id(packed.manifest));
}

TEST(ArtifactPacker, RemovesItsTemporaryFile) {
  const ScratchTree tree;
  tree.write("a", "b");
  std::filesystem::path archive;
  {
    PackedArtifact packed = pack_directory(tree.path());
    const PackedArtifact moved = std::move(packed);
    archive = moved.archive.path();
    EXPECT_TRUE(std::filesystem::exists(archive));
  }
  EXPECT_FALSE(std::filesystem::exists(archive));
}

TEST(ArtifactPacker, GivesATarballTheIdOfItsDirectory) {
  const ScratchTree tree, place;
  tree.write("bin/server", "run", true);
  tree.write("bin/twin", "run", true);
  tree.write("conf/app.yaml", "a: 1");
  tree.link("current", "conf/app.yaml");
  Tarball tarball(place.path() / "app.tar.gz");
  tarball.add("./", AE_IFDIR, "", 0700);
  tarball.add("./current", AE_IFLNK, "conf/app.yaml");
  tarball.add("./conf/app.yaml", AE_IFREG, "a: 1", 0600);
  tarball.add("./bin/", AE_IFDIR, "", 0770);
  tarball.add("./bin/server", AE_IFREG, "run", 0775);
  tarball.add("./bin/twin", AE_IFREG, "", 0775, "./bin/server");
  tarball.close();
  EXPECT_EQ(pack_tarball(place.path() / "app.tar.gz").release, pack_directory(tree.path()).release);
}

TEST(ArtifactPacker, RefusesWhatNoAgentWouldUnpack) {
  const auto pack = [](const ScratchTree& tree) { return refusal([&] { pack_directory(tree.path()); }); };
  const ScratchTree fifo, link_out, link_absolute, empty, socket_tree, case_tree;
  ASSERT_EQ(::mkfifo((fifo.path() / "pipe").c_str(), 0600), 0);
  EXPECT_NE(pack(fifo).find("pipe: is a socket, a named pipe or a device"), std::string::npos);
  link_out.link("a/b", "../../secret");
  EXPECT_NE(pack(link_out).find("a/b: is a link to ../../secret, which leads out"), std::string::npos);
  link_absolute.link("a", "/etc/passwd");
  EXPECT_NE(pack(link_absolute).find("absolute path /etc/passwd"), std::string::npos);
  EXPECT_NE(pack(empty).find("is empty"), std::string::npos);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = (socket_tree.path() / "s").string();
  ASSERT_LT(socket_path.size(), sizeof(address.sun_path));
  socket_path.copy(address.sun_path, socket_path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::close(descriptor);
  EXPECT_NE(pack(socket_tree).find("/s: is a socket"), std::string::npos);
  case_tree.write("Readme", "1");
  case_tree.write("README", "2");
  EXPECT_NE(pack(case_tree).find("case of letters"), std::string::npos);
  EXPECT_NE(refusal([] { pack_directory("/nowhere/at/all"); }).find("no directory"), std::string::npos);
}

TEST(ArtifactPacker, RefusesHostileTarballs) {
  const ScratchTree place;
  const std::filesystem::path path = place.path() / "bad.tar.gz";
  const auto pack = [&](const std::string& name, unsigned type, const std::string& content,
                        const std::string& hard = {}) {
    Tarball tarball(path);
    tarball.add(name, type, content, 0644, hard);
    tarball.close();
    return refusal([&] { pack_tarball(path); });
  };
  EXPECT_NE(pack("../evil", AE_IFREG, "x").find("`..`"), std::string::npos);
  EXPECT_NE(pack("/etc/evil", AE_IFREG, "x").find("absolute"), std::string::npos);
  EXPECT_NE(pack("pipe", AE_IFIFO, "").find("named pipe"), std::string::npos);
  EXPECT_NE(pack("device", AE_IFCHR, "").find("device"), std::string::npos);
  EXPECT_NE(pack("link", AE_IFLNK, "/etc/shadow").find("absolute"), std::string::npos);
  EXPECT_NE(pack("hard", AE_IFREG, "", "elsewhere").find("does not come before it"), std::string::npos);
  place.write("garbage", "this is no archive at all, only some words in a file");
  EXPECT_NE(refusal([&] { pack_tarball(place.path() / "garbage"); }).find("cannot be read as a tar"),
            std::string::npos);
  EXPECT_NE(refusal([&] { pack_tarball(place.path() / "absent.tar"); }).find("cannot be read as a tar"),
            std::string::npos);
}

TEST(ArtifactPacker, RefusesAContentThatAgentsTakeForABomb) {
  const ScratchTree tree;
  tree.write("zeros", "");
  std::filesystem::resize_file(tree.path() / "zeros", 80ull << 20);
  EXPECT_NE(refusal([&] { pack_directory(tree.path()); }).find("shrink more than"), std::string::npos);
}

// Equal files, however they came about, are one release; any other content is another.
RC_GTEST_PROP(ArtifactPacker, GivesEqualContentAnEqualId, ()) {
  const auto name = rc::gen::map(rc::gen::inRange(0, 40), [](int n) {
    return std::string(n % 3 == 0 ? "d/" : n % 3 == 1 ? "d/e/" : "") + "f" + std::to_string(n);
  });
  const auto files = *rc::gen::nonEmpty(
      rc::gen::container<std::map<std::string, std::string>>(name, rc::gen::arbitrary<std::string>()));
  const ScratchTree first, second, other;
  for (auto file = files.begin(); file != files.end(); ++file) first.write(file->first, file->second);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    second.write(file->first, file->second);
    ::utimensat(AT_FDCWD, (second.path() / file->first).c_str(), nullptr, 0);
    ::chmod((second.path() / file->first).c_str(), 0444);
    other.write(file->first, file->second);
  }
  const auto changed =
      std::next(files.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(files.size())));
  other.write(changed->first, changed->second + "!");
  const ReleaseId release = pack_directory(first.path()).release;
  RC_ASSERT(pack_directory(second.path()).release == release);
  RC_ASSERT(pack_directory(other.path()).release != release);
}

}  // namespace switchyard::artifact
