#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "http/message.hpp"

/// The release that a program belongs to: the directory above its bin/, with the files that make one version differ
/// from another.
namespace guestbook {

struct Release {
  std::filesystem::path directory;
  std::string version;  ///< the file VERSION
  std::string slot;     ///< the environment variable SLOT: which of the places on this host it runs in

  // From features.json, if the release has one.
  std::vector<std::string> entry_fields;  ///< columns of an entry beyond author and message
  std::string spool_directory;            ///< empty: this release keeps no spool
  bool is_spool_required = false;
};

/// The directory is named by the environment variable RELEASE, or found from the program's own place.
/// Throws std::runtime_error if it is not a release.
Release read_release();

/// Throws std::runtime_error if the file cannot be read.
std::string read_file(const std::filesystem::path& path);

/// The answer to GET /version.
http::Response describe(const Release& release);

}  // namespace guestbook
