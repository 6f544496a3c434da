#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/executors/directory.hpp"
#include "agent/executors/file_list.hpp"
#include "common/ids.hpp"

namespace switchyard::agent {

/// What a release on disk is, compared with the list that was written when it was unpacked.
struct TreeReport {
  bool listed = false;              ///< its file list exists and is whole: the release was completely unpacked once
  std::vector<std::string> broken;  ///< "bin/api: its digest differs"; at most limits::differences_named_max
  std::size_t broken_count = 0;
  std::vector<std::string> extra;  ///< paths that the service itself (or a person) made in the release
  std::size_t extra_count = 0;
  std::size_t files = 0;  ///< compared

  bool intact() const { return listed && broken_count == 0; }
  /// One sentence for people.
  std::string text() const;
};

/// The layout of one component's directory: releases/<id>, releases/<id>.files, .staging, shared, current. Thin: opens
/// and names things, decides nothing. One thread; throws SysError.
class ReleaseStore {
 public:
  /// Nothing if the component has no directory on this host.
  static std::optional<ReleaseStore> find(const std::filesystem::path& components, const std::string& component);
  static ReleaseStore open(const std::filesystem::path& components, const std::string& component);

  const Directory& root() const { return root_; }
  static std::string tree_name(const ReleaseId& release) { return "releases/" + release.str(); }
  static std::string list_name(const ReleaseId& release) { return "releases/" + release.str() + ".files"; }

  /// Ids of the releases that have a directory, complete or not, oldest first.
  std::vector<ReleaseId> releases() const;
  /// Unpacked completely, by its list alone; no file is compared. Cheap, for the inventory.
  bool is_complete(const ReleaseId& release) const;
  std::optional<FileList> file_list(const ReleaseId& release) const;
  /// The release that `current` leads to; nothing if there is no such link, or it leads elsewhere.
  std::optional<ReleaseId> current() const;
  /// Reads every byte of the release. What differs, is missing, or has another mode is broken; what is there in excess
  /// is only counted, since a service may write into its own release and then what it wrote is part of what it ran.
  TreeReport verify(const ReleaseId& release, const std::stop_token& stop) const;
  /// The same in bounded time: of a large release names, kinds, modes and sizes are compared, and not the bytes.
  bool seems_intact(const ReleaseId& release) const;
  /// Moves the release aside in one step and removes it; its list goes first, so that it is never half and complete.
  void remove(const ReleaseId& release) const;

 private:
  explicit ReleaseStore(Directory root) : root_(std::move(root)) {}
  /// Reads the bytes of the files if there are no more than `bytes_max`.
  TreeReport compare_tree(const ReleaseId& release, std::uint64_t bytes_max, const std::stop_token& stop) const;
  Directory root_;
};

/// 64 hexadecimal digits: the one form of a release's name on disk.
bool is_release_id(std::string_view text);
/// SHA-256 of an open file, 64 hexadecimal digits.
std::string digest_of_file(int descriptor, const std::string& what, const std::stop_token& stop);

}  // namespace switchyard::agent
