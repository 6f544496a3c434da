#include "coordinator/artifact/directory_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <system_error>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/limits.hpp"
#include "coordinator/artifact/pack_rules.hpp"

namespace switchyard::artifact {

DirectorySource::DirectorySource(const std::filesystem::path& directory) : directory_(directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    throw InputError(directory.string() + ": is no directory that can be read; make it, or name another");
  }
  std::filesystem::recursive_directory_iterator walk(directory, error), end;
  while (!error && walk != end) {
    add(walk->path());
    if (walk.depth() > static_cast<int>(limits::archive_depth_max)) walk.disable_recursion_pending();
    if (entries_.size() > limits::archive_entries_max) break;
    walk.increment(error);
  }
  if (error) throw SysError(error.value(), "reading the directory " + directory.string());
  check_entries(entries_, directory.string());
}

void DirectorySource::add(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_errno("looking at " + path.string());
  PackEntry entry;
  entry.path = path.lexically_relative(directory_).string();
  if (S_ISDIR(status.st_mode)) {
    entry.kind = EntryKind::directory;
  } else if (S_ISREG(status.st_mode)) {
    entry.kind = EntryKind::file;
    entry.executable = (status.st_mode & S_IXUSR) != 0;
    entry.bytes = static_cast<std::uint64_t>(status.st_size);
  } else if (S_ISLNK(status.st_mode)) {
    entry.kind = EntryKind::link;
    std::error_code error;
    entry.target = std::filesystem::read_symlink(path, error).string();
    if (error) throw SysError(error.value(), "reading the link " + path.string());
  } else {
    throw InputError(path.string() + ": is a socket, a named pipe or a device, which no artifact can hold; remove it");
  }
  entries_.push_back(std::move(entry));
}

void DirectorySource::read(const PackEntry& entry, const std::function<void(std::string_view)>& piece) {
  const std::string path = (directory_ / entry.path).string();
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) throw_errno("opening " + path);
  read_range(file.get(), 0, entry.bytes, true, path, piece);
}

}  // namespace switchyard::artifact
