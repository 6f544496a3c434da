#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::testing {

/// The process died inside a call. Not an Error: production code must not be able to catch it as one.
struct SimulatedCrash {};

/// FileSystem in memory, with the faults of a real one:
///   fail_call(n, errno)   the n-th call from now (1 = the next) throws SysError and changes nothing;
///   crash_call(n, bytes)  the n-th change from now throws SimulatedCrash. An append keeps its first `bytes` bytes (a
///   torn
///                         record); another change happens if bytes > 0, and does not if it is 0;
///   fill_disk()           no byte is free until make_room(): what would need one throws SysError with ENOSPC.
///   crash()               power is lost: what was not synced is gone. The calls of the seam are durable when they
///                         return, all but remove(): a removed file is back, unless its directory was synced since.
/// Not thread-safe.
class MemoryFileSystem final : public FileSystem {
 public:
  std::optional<std::string> read(const std::filesystem::path& path) const override {
    count_call("reading " + path.string());
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    return found->second;
  }

  void write_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode) override {
    count_call("writing " + path.string());
    need_directory(path);
    need_room("writing " + path.string());
    const std::optional<std::size_t> crash = crash_now();
    if (!crash || *crash > 0) {
      files_[path] = std::string(bytes);
      modes_[path] = mode;
      sync_directory(path.parent_path());
    }
    if (crash) throw SimulatedCrash{};
  }

  void append_durably(const std::filesystem::path& path, std::string_view bytes) override {
    count_call("appending to " + path.string());
    need_directory(path);
    need_room("appending to " + path.string());
    const std::optional<std::size_t> crash = crash_now();
    if (crash) bytes = bytes.substr(0, *crash);
    const bool created = !files_.contains(path);
    if (!crash || !bytes.empty()) {
      files_[path] += bytes;
      if (created) {
        modes_[path] = 0600;
        sync_directory(path.parent_path());
      }
    }
    if (crash) throw SimulatedCrash{};
  }

  void truncate_durably(const std::filesystem::path& path, std::uint64_t size) override {
    count_call("truncating " + path.string());
    const auto found = files_.find(path);
    if (found == files_.end()) throw SysError(ENOENT, "opening " + path.string());
    const std::optional<std::size_t> crash = crash_now();
    if (!crash || *crash > 0) found->second.resize(size, '\0');
    if (crash) throw SimulatedCrash{};
  }

  std::vector<std::string> list(const std::filesystem::path& directory) const override {
    count_call("listing " + directory.string());
    std::set<std::string> names;
    for (const auto& [path, bytes] : files_) {
      if (path.parent_path() == directory) names.insert(path.filename().string());
    }
    for (const auto& path : directories_) {
      if (path.parent_path() == directory && path != directory) names.insert(path.filename().string());
    }
    return {names.begin(), names.end()};
  }

  void create_directories(const std::filesystem::path& directory, std::uint32_t mode) override {
    count_call("creating directory " + directory.string());
    if (!directories_.contains(directory)) need_room("creating directory " + directory.string());
    const std::optional<std::size_t> crash = crash_now();
    if (!crash || *crash > 0) {
      for (std::filesystem::path path = directory; !path.empty(); path = path.parent_path()) {
        if (directories_.insert(path).second) modes_[path] = mode;
        if (path == path.parent_path()) break;
      }
    }
    if (crash) throw SimulatedCrash{};
  }

  void remove(const std::filesystem::path& path) override {
    count_call("removing " + path.string());
    const std::optional<std::size_t> crash = crash_now();
    if (!crash || *crash > 0) {
      const auto found = files_.find(path);
      if (found != files_.end()) {
        removed_[path] = std::move(found->second);
        files_.erase(found);
      }
    }
    if (crash) throw SimulatedCrash{};
  }

  // --- faults ---
  void fail_call(std::uint64_t n, int error_number = EIO) {
    fail_at_ = calls_ + n;
    fail_errno_ = error_number;
  }
  void fill_disk() { full_ = true; }
  void make_room() { full_ = false; }
  void crash_call(std::uint64_t n, std::size_t bytes = 0) {
    crash_at_ = changes_ + n;
    crash_bytes_ = bytes;
  }
  void crash() {
    for (auto& [path, bytes] : removed_) files_.try_emplace(path, std::move(bytes));
    removed_.clear();
    fail_at_ = crash_at_ = 0;
  }

  // --- what the test sees and does behind the back of the code under test; counts as no call ---
  std::uint64_t calls() const { return calls_; }
  std::uint64_t changes() const { return changes_; }
  std::map<std::filesystem::path, std::string>& files() { return files_; }
  std::uint32_t mode(const std::filesystem::path& path) const {
    const auto found = modes_.find(path);
    return found == modes_.end() ? 0 : found->second;
  }

 private:
  void count_call(const std::string& what) const {
    ++calls_;
    if (fail_at_ != 0 && calls_ == fail_at_) throw SysError(fail_errno_, what);
  }
  std::optional<std::size_t> crash_now() {
    ++changes_;
    if (crash_at_ != 0 && changes_ >= crash_at_) return crash_bytes_;
    return std::nullopt;
  }
  void need_directory(const std::filesystem::path& path) const {
    const std::filesystem::path parent = path.parent_path();
    if (!parent.empty() && parent != parent.root_path() && !directories_.contains(parent)) {
      throw SysError(ENOENT, "opening " + path.string());
    }
  }
  void need_room(const std::string& what) const {
    if (full_) throw SysError(ENOSPC, what);
  }
  void sync_directory(const std::filesystem::path& directory) {
    std::erase_if(removed_, [&](const auto& entry) { return entry.first.parent_path() == directory; });
  }

  std::map<std::filesystem::path, std::string> files_;
  std::map<std::filesystem::path, std::string> removed_;  // not yet durably
  std::set<std::filesystem::path> directories_;
  std::map<std::filesystem::path, std::uint32_t> modes_;
  mutable std::uint64_t calls_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t fail_at_ = 0;
  std::uint64_t crash_at_ = 0;
  std::size_t crash_bytes_ = 0;
  int fail_errno_ = EIO;
  bool full_ = false;
};

}  // namespace switchyard::testing
