#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

/// Seam: small files that hold state. Real: PosixFileSystem. In tests: MemoryFileSystem (tests/support), which can fail
/// the n-th call and forget what was not synced. Every call throws SysError; a failed fsync aborts the process, since
/// what the kernel then holds is unknown (the supervisor restarts it and the state is read again).
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Nothing if the file does not exist.
  virtual std::optional<std::string> read(const std::filesystem::path& path) const = 0;
  /// Temporary file, fsync, rename, fsync of the directory.
  virtual void write_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode) = 0;
  /// One write at the end of the file (created with 0600 if missing), then fdatasync.
  virtual void append_durably(const std::filesystem::path& path, std::string_view bytes) = 0;
  virtual void truncate_durably(const std::filesystem::path& path, std::uint64_t size) = 0;
  /// Names (not paths), sorted; empty if the directory does not exist.
  virtual std::vector<std::string> list(const std::filesystem::path& directory) const = 0;
  virtual void create_directories(const std::filesystem::path& directory, std::uint32_t mode) = 0;
  /// Does nothing if there is no such file.
  virtual void remove(const std::filesystem::path& path) = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  std::optional<std::string> read(const std::filesystem::path& path) const override;
  void write_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode) override;
  void append_durably(const std::filesystem::path& path, std::string_view bytes) override;
  void truncate_durably(const std::filesystem::path& path, std::uint64_t size) override;
  std::vector<std::string> list(const std::filesystem::path& directory) const override;
  void create_directories(const std::filesystem::path& directory, std::uint32_t mode) override;
  void remove(const std::filesystem::path& path) override;
};

/// fsync that never returns after an error: logs and aborts.
void sync_or_abort(int descriptor, std::string_view what);
/// fsync of a directory, same rule.
void sync_directory_or_abort(const std::filesystem::path& directory);
/// Writes once more what the file holds, and syncs it: of a sync that failed, in whatever process, the kernel takes
/// pages for clean that are not, and no later one would bring them to the disk. Does nothing if there is no such file.
void write_again_durably(const std::filesystem::path& path);
/// The same rule for whoever has made another of these calls; it reads errno.
[[noreturn]] void abort_after_failed_sync(const std::string& call, std::string_view what);

}  // namespace switchyard
