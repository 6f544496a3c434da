#include "agent/executors/unpack.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/executors/zstd_reader.hpp"
#include "common/crypto.hpp"
#include "common/file_system.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t write_bits = 0222;

void set_mode(int descriptor, std::uint32_t mode, const std::string& what) {
  if (::fchmod(descriptor, static_cast<mode_t>(mode)) != 0) throw_errno("setting the mode of " + what);
}

/// One run of unpack(): the tree as far as it stands, and what is still to be made.
class Unpacking {
 public:
  Unpacking(TarReader& archive, const Directory& into, bool sync_each, const std::stop_token& stop)
      : archive_(archive), into_(into), sync_each_(sync_each), stop_(stop), buffer_(limits::file_buffer_bytes, '\0') {}

  void make_directory(const std::string& path, std::uint32_t mode) {
    into_.make_directory(path, 0700);
    files_[path] =
        FileFact{.kind = EntryKind::directory, .mode = mode & ~write_bits, .bytes = 0, .sha256 = {}, .target = {}};
  }

  void make_file(const ArchiveEntry& entry) {
    FileDescriptor file = into_.create_file(entry.path, 0600);
    Sha256 digest;
    for (;;) {
      if (stop_.stop_requested()) throw Cancelled("unpacking was cancelled");
      const std::size_t got = archive_.read(buffer_.data(), buffer_.size());
      if (got == 0) break;
      const std::string_view piece(buffer_.data(), got);
      digest.update(piece);
      write_fully(file.get(), piece, entry.path);
    }
    const std::uint32_t mode = entry.mode & ~write_bits;
    set_mode(file.get(), mode, entry.path);
    if (sync_each_) unsynced_.emplace_back(std::move(file), entry.path);
    files_[entry.path] = FileFact{
        .kind = EntryKind::file, .mode = mode, .bytes = entry.bytes, .sha256 = to_hex(digest.finish()), .target = {}};
  }

  void remember_link(const std::string& path, const std::string& target) {
    files_[path] = FileFact{.kind = EntryKind::link, .mode = 0777, .bytes = 0, .sha256 = {}, .target = target};
  }

  /// Links, then the modes of directories: until here each of them had to be writable. Then all of it is made durable.
  std::map<std::string, FileFact> finish() {
    sync_files();
    for (const auto& [path, fact] : files_) {
      if (fact.kind == EntryKind::link) into_.make_link(path, fact.target);
    }
    for (const auto& [path, fact] : files_) {
      if (fact.kind != EntryKind::directory) continue;
      const Directory made = into_.directory(path);
      made.set_mode(fact.mode);
      if (sync_each_) made.sync();
    }
    if (sync_each_) {
      into_.sync();
    } else {
      into_.sync_file_system();
    }
    return std::move(files_);
  }

  void need_directory(const std::string& path) {
    const auto found = files_.find(path);
    if (found == files_.end()) {
      make_directory(path, 0755);
    } else if (found->second.kind != EntryKind::directory) {
      throw ArchiveError("'" + path + "' must be a directory for the shared path beneath it");
    }
  }

 private:
  /// All are on their way to the disk before the first is waited for: one commit of the file system's own journal then
  /// serves all of them, where one after the other each would need its own.
  void sync_files() {
    for (const auto& [file, path] : unsynced_) {
      // What goes wrong here the sync need not find once more: it may be told to the first who asks, and forgotten.
      if (::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE) != 0) {
        abort_after_failed_sync("sync_file_range", path);
      }
    }
    for (const auto& [file, path] : unsynced_) sync_or_abort(file.get(), path);
    unsynced_.clear();
  }

  TarReader& archive_;
  const Directory& into_;
  const bool sync_each_;
  const std::stop_token& stop_;
  std::string buffer_;
  std::map<std::string, FileFact> files_;
  std::vector<std::pair<FileDescriptor, std::string>> unsynced_;  ///< written; at most sync_each_entries_max
};

/// The directories above a shared path that the archive does not have, and the link itself.
void link_shared(Unpacking& unpacking, const std::string& path, unsigned depth_below_component) {
  unsigned up = depth_below_component;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    unpacking.need_directory(parent);
    ++up;
  }
  std::string target;
  for (unsigned i = 0; i < up; ++i) target += "../";
  unpacking.remember_link(path, target + "shared/" + path);
}

/// What the tar stream itself may measure: the files, a header and padding for each entry, long names, and the end.
std::uint64_t stream_bytes_max(const ArchiveBounds& bounds) {
  return bounds.unpacked_bytes + bounds.entries * (4 * 512 + limits::archive_path_bytes_max) +
         limits::archive_padding_bytes_max;
}

}  // namespace

FileList unpack(const TarReader::Source& archive, const Directory& into, const ArchiveBounds& bounds,
                const std::vector<std::string>& shared, unsigned depth_below_component, const std::stop_token& stop) {
  ZstdReader expanded(archive, stream_bytes_max(bounds));
  TarReader reader([&](char* buffer, std::size_t size) { return expanded.read(buffer, size); });
  ArchiveRules rules(bounds, shared);
  Unpacking unpacking(reader, into, bounds.entries <= limits::sync_each_entries_max, stop);
  while (const std::optional<ArchiveEntry> entry = reader.next()) {
    const ArchiveRules::Admission admission = rules.admit(*entry);
    if (admission.skip) continue;
    for (const std::string& parent : admission.parents) unpacking.make_directory(parent, 0755);
    switch (entry->kind) {
      case EntryKind::directory:
        unpacking.make_directory(entry->path, entry->mode);
        break;
      case EntryKind::file:
        unpacking.make_file(*entry);
        break;
      case EntryKind::link:
        unpacking.remember_link(entry->path, entry->target);
        break;
      case EntryKind::other:
        throw ArchiveError(entry->path + " is of an unknown kind");
    }
  }
  FileList list;
  list.shared = shared;
  std::sort(list.shared.begin(), list.shared.end());
  for (const std::string& path : list.shared) link_shared(unpacking, path, depth_below_component);
  list.files = unpacking.finish();
  return list;
}

}  // namespace switchyard::agent
