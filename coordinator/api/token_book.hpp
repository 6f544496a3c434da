#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.hpp"

namespace switchyard::api {

/// The bearer tokens that the API takes, as SHA-256 digests: a token has 256 random bits, so that a slow hash would add
/// nothing. Owned by the server, read once. Used on the loop's thread.
class TokenBook {
 public:
  /// Reads <directory>/tokens.json. If there is none (the first start) makes an administrator's token, writes it to
  /// <directory>/admin.token (0600) and its digest to tokens.json (0600). Throws InputError when the file is malformed,
  /// SysError when it cannot be read or written.
  static TokenBook open(FileSystem& files, const std::filesystem::path& directory);

  /// `token:<id>` of the token in an Authorization header; nothing if it is no bearer token of ours. Takes the same
  /// time for every token, right or wrong.
  std::optional<std::string> principal_of(std::string_view authorization) const;

 private:
  struct Entry {
    std::string id;
    std::string digest;  ///< 32 raw bytes
  };
  std::vector<Entry> entries_;
};

}  // namespace switchyard::api
