#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/executors/allowed_paths.hpp"

/// A file that is replaced or removed in one step, whatever reads it meanwhile. Throws SysError.
namespace switchyard::agent {

struct FileRights {
  std::uint32_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// It is a file with these rights, and with these bytes: both of the same file, whoever renames meanwhile.
bool is_file(const AllowedPlace& place, const FileRights& rights, std::uint64_t bytes, const std::string& sha256);
/// Written beside its place, made durable, and renamed over what is there. Missing directories are made (0755).
/// `what`: for messages.
void replace_file(const AllowedPlace& place, std::string_view content, const FileRights& rights,
                  const std::string& what);
void remove_file(const AllowedPlace& place);
/// What a step finds as it shall be may be the work of a run that ended before it had made the name durable: that it is
/// so may be said after this. Nothing if the directory is not there.
void sync_folder(const AllowedPlace& place);

}  // namespace switchyard::agent
