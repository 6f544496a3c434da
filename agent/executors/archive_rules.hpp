#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executors/tar_reader.hpp"

namespace switchyard::agent {

/// What a release's archive may at most contain, from its signed description.
struct ArchiveBounds {
  std::uint64_t unpacked_bytes = 0;
  std::uint64_t entries = 0;
};

/// Decides entry by entry whether an archive is fit to be unpacked. Names are plain relative paths, nothing appears
/// twice (not even in another case of ASCII letters), a link stays inside however other links lead, and neither entries
/// nor bytes (nor directories that no entry names) exceed what was declared. Pure; the file system is asked again when
/// a file is made (Directory).
class ArchiveRules {
 public:
  /// `shared`: paths that will be links to the component's shared files; the archive may have an empty directory there.
  ArchiveRules(ArchiveBounds bounds, const std::vector<std::string>& shared);

  struct Admission {
    bool skip = false;                 ///< an empty directory in the place of a shared path: the link will take it
    std::vector<std::string> parents;  ///< directories that must be made first, outermost first: no entry named them
  };
  /// Throws ArchiveError with the rule that the entry breaks.
  Admission admit(const ArchiveEntry& entry);

 private:
  struct Known {
    std::string path;
    EntryKind kind;
  };
  void count(const ArchiveEntry& entry);
  bool yields_to_shared(const ArchiveEntry& entry) const;
  std::vector<std::string> claim_parents(const ArchiveEntry& entry);

  ArchiveBounds bounds_;
  std::vector<std::string> shared_;
  std::map<std::string, Known> known_;  // by folded path
  std::uint64_t entries_ = 0;
  std::uint64_t implied_ = 0;  ///< directories that no entry named
  std::uint64_t bytes_ = 0;
};

/// Why this is no plain relative path; empty if it is one: no empty part, no `.` or `..`, no control character, no
/// backslash, within the limits of length and depth.
std::string refuse_path(std::string_view path);
/// Why a link at `path` (a plain path) must not have this target; empty if it may. A target that goes up only at its
/// beginning, and not above the root, cannot leave the tree: its first parts are real directories, and every link that
/// it meets further down obeys the same rule.
std::string refuse_target(std::string_view path, std::string_view target);

}  // namespace switchyard::agent
