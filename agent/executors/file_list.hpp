#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executors/directory.hpp"

namespace switchyard::agent {

struct FileFact {
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< of a file: 64 hexadecimal digits
  std::string target;  ///< of a link
  bool operator==(const FileFact&) const = default;
};

/// What a release consists of, written beside it when it was unpacked. The release is complete when, and only when, its
/// list exists; the list ends with its own digest, so that damage to the list is found as well.
struct FileList {
  std::vector<std::string> shared;        ///< paths that are links to the component's shared files, sorted
  std::map<std::string, FileFact> files;  ///< by relative path, shared links included
  bool operator==(const FileList&) const = default;
};

std::string encode_file_list(const FileList& list);
/// Throws DecodeError.
FileList decode_file_list(std::string_view bytes);

}  // namespace switchyard::agent
