#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/file_descriptor.hpp"

namespace switchyard::agent {

/// Seam: the few calls by which the journal touches its disk. Real: PosixJournalDisk. In the simulation: a disk that
/// fills up, tears writes and forgets what was not synced. One object per process, used by one thread. Everything
/// throws SysError; a sync that fails ends the process.
class JournalDisk {
 public:
  virtual ~JournalDisk() = default;

  /// Released when destroyed.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  /// Waits for the other process.
  virtual std::unique_ptr<Lock> lock() = 0;

  /// Which file bears the journal's name; nothing when none does. It changes when the file is replaced.
  virtual std::optional<std::uint64_t> present() = 0;
  /// Opens the file of that name: what follows is about it. False: there is none.
  virtual bool open() = 0;
  virtual std::uint64_t opened() const = 0;  ///< as present() had it then
  virtual std::uint64_t size() const = 0;
  /// At most `length` bytes: fewer at the end of the file.
  virtual std::string read(std::uint64_t at, std::size_t length) const = 0;
  virtual void write(std::uint64_t at, std::string_view bytes) = 0;
  virtual void sync() = 0;
  /// Makes the file so long, with room behind it on the disk. 0, or the error number.
  virtual int allocate(std::uint64_t size) = 0;

  /// Puts a file with these bytes in the place of the one of that name, durably and as one step.
  virtual void replace(std::string_view bytes) = 0;
  /// Makes durable which file bears the name: another process may have died between its rename and its sync.
  virtual void sync_name() = 0;
  /// For messages.
  virtual std::string name() const = 0;
};

/// `<directory>/journal`, and `journal.lock` beside it.
class PosixJournalDisk final : public JournalDisk {
 public:
  explicit PosixJournalDisk(const std::filesystem::path& directory);

  std::unique_ptr<Lock> lock() override;
  std::optional<std::uint64_t> present() override;
  bool open() override;
  std::uint64_t opened() const override { return inode_; }
  std::uint64_t size() const override;
  std::string read(std::uint64_t at, std::size_t length) const override;
  void write(std::uint64_t at, std::string_view bytes) override;
  void sync() override;
  int allocate(std::uint64_t size) override;
  void replace(std::string_view bytes) override;
  void sync_name() override;
  std::string name() const override { return path_.string(); }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t inode_ = 0;
};

}  // namespace switchyard::agent
