#include "agent/executors/whole_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/executors/release_tree.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {
namespace {

/// "etc/app/" of etc/app/a.conf; empty for a file in the root itself.
std::string folder_of(const AllowedPlace& place) {
  const std::size_t slash = place.relative.rfind('/');
  return slash == std::string::npos ? "" : place.relative.substr(0, slash + 1);
}

}  // namespace

bool is_file(const AllowedPlace& place, const FileRights& rights, std::uint64_t bytes, const std::string& sha256) {
  const std::optional<EntryInfo> named = place.root.info(place.relative);
  if (!named || named->kind != EntryKind::file) return false;
  const std::optional<FileDescriptor> file = place.root.find_file(place.relative);
  if (!file) return false;
  const EntryInfo found = info_of(file->get(), place.relative);
  return found.bytes == bytes && found.mode == rights.mode && found.uid == rights.uid && found.gid == rights.gid &&
         digest_of_file(file->get(), place.relative, {}) == sha256;
}

void replace_file(const AllowedPlace& place, std::string_view content, const FileRights& rights,
                  const std::string& what) {
  const std::string folder = folder_of(place);
  if (!folder.empty()) place.root.ensure_directory(folder.substr(0, folder.size() - 1), 0755);
  const std::string temporary = folder + ".switchyard-" + random_hex(8);
  const FileDescriptor file = place.root.create_file(temporary, 0600);
  try {
    write_fully(file.get(), content, what);
    if (::fchown(file.get(), rights.uid, rights.gid) != 0) throw_errno("setting the owner of " + what);
    if (::fchmod(file.get(), static_cast<mode_t>(rights.mode)) != 0) throw_errno("setting the mode of " + what);
    sync_or_abort(file.get(), what);
    place.root.rename(temporary, place.relative);
  } catch (...) {
    place.root.remove_file(temporary);
    throw;
  }
  sync_folder(place);
}

void remove_file(const AllowedPlace& place) {
  place.root.remove_file(place.relative);
  sync_folder(place);
}

void sync_folder(const AllowedPlace& place) {
  const std::string folder = folder_of(place);
  if (const auto found = place.root.find_directory(folder.empty() ? "." : folder)) found->sync();
}

}  // namespace switchyard::agent
