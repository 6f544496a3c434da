#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/executors/directory.hpp"
#include "agent/executors/executor.hpp"
#include "agent/executors/whole_file.hpp"

namespace switchyard::agent {

/// What a file was when a snapshot was made.
struct SavedFile {
  bool present = false;  ///< false: there was none of that name
  FileRights rights;
  std::uint64_t bytes = 0;
  std::string sha256;
};
using SavedFiles = std::map<std::string, SavedFile>;  ///< by absolute path

/// The copies of one component's files on this host: <backups>/<component>/<name>/ holds a list, sealed with
/// its own digest, and each content under its digest. A snapshot is there whole or not at all: it is made beside its
/// place and renamed. For root alone. One thread; throws SysError, and ChecksumError when what is kept is not what was
/// written.
class SnapshotStore {
 public:
  /// Nothing if there are none of that component.
  static std::optional<SnapshotStore> find(const HostPaths& paths, const std::string& component);
  /// The directory that holds the one for backups must be there.
  static SnapshotStore open(const HostPaths& paths, const std::string& component);

  /// Nothing if there is none of that name. Every content is compared with its digest.
  std::optional<SavedFiles> find_whole(const std::string& name) const;
  /// Of one that was found, whoever made it may have ended before its name was durable.
  void sync() const { root_.sync(); }
  /// Its content, compared with its digest.
  std::string content(const std::string& name, const SavedFile& file) const;
  /// `contents`: by their digests.
  void make(const std::string& name, const SavedFiles& files, const std::map<std::string, std::string>& contents) const;
  /// Of those that deployments made, removes all but the newest, and what an interrupted make() left; never those in
  /// `protect`.
  void prune(std::size_t keep, const std::vector<std::string>& protect) const;
  /// Where the content of a file of that name is.
  std::filesystem::path place_of(const std::string& name, const SavedFile& file) const;
  /// Of those that persons made, removes all but these.
  void keep_named(const std::vector<std::string>& names) const;

 private:
  explicit SnapshotStore(Directory root) : root_(std::move(root)) {}
  Directory root_;
};

}  // namespace switchyard::agent
