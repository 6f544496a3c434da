#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.hpp"
#include "coordinator/access/principal.hpp"

namespace switchyard::api {

/// The bearer tokens of administrators that are not in the store: the one of the first start, and those of the
/// coordinator's environment. As SHA-256 digests: a token has 256 random bits, so that a slow hash would add nothing.
/// Owned by the server, read once. Used on the loop's thread.
class TokenBook {
 public:
  /// Reads <directory>/tokens.json. If there is none (the first start) makes an administrator's token, writes it to
  /// <directory>/admin.token (0600) and its digest to tokens.json (0600). Throws InputError when the file is malformed,
  /// SysError when it cannot be read or written.
  static TokenBook open(FileSystem& files, const std::filesystem::path& directory);

  /// Administrators by DEPLOYMENT_ADMIN_TOKENS: each becomes `token:env-<mark>`.
  void add_administrators(const std::vector<std::string>& tokens);

  /// Who showed the token with this digest; nothing if it is none of ours. Takes the same time for every digest.
  std::optional<access::Bearer> bearer(const std::string& digest) const;

 private:
  struct Entry {
    std::string id;
    std::string digest;  ///< 64 hexadecimal digits
    bool guessable = false;
  };
  std::vector<Entry> entries_;
};

/// The digest of the token in an Authorization header, 64 hexadecimal digits; nothing if it holds no bearer token.
std::optional<std::string> bearer_digest(std::string_view authorization);

/// Whether the token in an Authorization header is so short that somebody could find it by trying.
bool shows_guessable_token(std::string_view authorization);

/// The value of DEPLOYMENT_ADMIN_TOKENS: tokens between commas; blanks around them and empty ones do not count.
std::vector<std::string> admin_tokens_of(std::string_view value);

}  // namespace switchyard::api
