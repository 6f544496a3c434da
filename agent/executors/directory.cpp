#include "agent/executors/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

/// The wrapper that the C library does not have.
int call_openat2(int at, const char* path, const open_how& how) {
  return static_cast<int>(::syscall(SYS_openat2, at, path, &how, sizeof how));
}

EntryKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::file;
  if (S_ISDIR(mode)) return EntryKind::directory;
  if (S_ISLNK(mode)) return EntryKind::link;
  return EntryKind::other;
}

EntryInfo entry_info(const struct stat& found) {
  return EntryInfo{.kind = kind_of(found.st_mode),
                   .mode = found.st_mode & 07777u,
                   .uid = found.st_uid,
                   .gid = found.st_gid,
                   .bytes = static_cast<std::uint64_t>(found.st_size),
                   .modified_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

std::optional<EntryInfo> info_at(int directory, const std::string& name, const std::string& shown) {
  struct stat found {};
  if (::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw_errno("looking at " + shown);
  }
  return entry_info(found);
}

}  // namespace

/// An entry as its parent's descriptor and its last name.
struct Directory::Place {
  FileDescriptor opened;  // empty if the parent is the directory itself
  int parent;
  std::string name;
};

Directory::Directory(FileDescriptor descriptor, std::string shown, Mounts mounts)
    : descriptor_(std::move(descriptor)), shown_(std::move(shown)), mounts_(mounts) {}

std::string Directory::show(std::string_view relative) const { return shown_ + "/" + std::string(relative); }

Directory Directory::open(const std::filesystem::path& path, Mounts mounts) {
  FileDescriptor descriptor(::open(path.c_str(), directory_flags));
  if (!descriptor) throw_errno("opening directory " + path.string());
  return Directory(std::move(descriptor), path.string(), mounts);
}

std::optional<Directory> Directory::find(const std::filesystem::path& path, Mounts mounts) {
  FileDescriptor descriptor(::open(path.c_str(), directory_flags));
  if (descriptor) return Directory(std::move(descriptor), path.string(), mounts);
  if (errno == ENOENT) return std::nullopt;
  throw_errno("opening directory " + path.string());
}

int Directory::open_beneath(std::string_view relative, std::uint64_t flags, std::uint32_t mode) const {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (mounts_ == Mounts::stay) how.resolve |= RESOLVE_NO_XDEV;
  const std::string path(relative);
  if (path.size() != std::char_traits<char>::length(path.c_str())) {
    errno = EINVAL;
    return -1;
  }
  // The kernel answers EAGAIN when a rename elsewhere disturbed the walk; it asks to be called again.
  for (unsigned attempt = 0;; ++attempt) {
    const int descriptor = call_openat2(descriptor_.get(), path.c_str(), how);
    if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == limits::open_attempts_max) {
      return descriptor;
    }
  }
}

Directory::Place Directory::place(std::string_view relative) const {
  const std::size_t slash = relative.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? relative : relative.substr(slash + 1);
  if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos) {
    throw SysError(EINVAL, "reaching " + show(relative));
  }
  if (slash == std::string_view::npos) return Place{{}, descriptor_.get(), std::string(name)};
  FileDescriptor parent(open_beneath(relative.substr(0, slash), O_RDONLY | O_DIRECTORY, 0));
  if (!parent) throw_errno("opening the directory of " + show(relative));
  const int number = parent.get();
  return Place{std::move(parent), number, std::string(name)};
}

Directory Directory::directory(std::string_view relative) const {
  FileDescriptor descriptor(open_beneath(relative, O_RDONLY | O_DIRECTORY, 0));
  if (!descriptor) throw_errno("opening directory " + show(relative));
  return Directory(std::move(descriptor), show(relative), mounts_);
}

Directory Directory::staying() && {
  mounts_ = Mounts::stay;
  return std::move(*this);
}

std::optional<Directory> Directory::find_directory(std::string_view relative) const {
  FileDescriptor descriptor(open_beneath(relative, O_RDONLY | O_DIRECTORY, 0));
  if (descriptor) return Directory(std::move(descriptor), show(relative), mounts_);
  if (errno == ENOENT) return std::nullopt;
  throw_errno("opening directory " + show(relative));
}

Directory Directory::ensure_directory(std::string_view relative, std::uint32_t mode) const {
  if (std::optional<Directory> found = find_directory(relative)) return std::move(*found);
  const std::size_t slash = relative.rfind('/');
  if (slash != std::string_view::npos) ensure_directory(relative.substr(0, slash), mode);
  const Place made = place(relative);
  const bool is_new = ::mkdirat(made.parent, made.name.c_str(), 0700) == 0;
  if (!is_new && errno != EEXIST) throw_errno("creating directory " + show(relative));
  Directory found = directory(relative);
  if (is_new) {
    // Set apart from its creation, since the agent's umask leaves nothing to others.
    found.set_mode(mode);
    found.sync();
    sync_or_abort(made.parent, show(relative));
  }
  return found;
}

void Directory::make_directory(std::string_view relative, std::uint32_t mode) const {
  const Place made = place(relative);
  if (::mkdirat(made.parent, made.name.c_str(), static_cast<mode_t>(mode)) != 0) {
    throw_errno("creating directory " + show(relative));
  }
}

FileDescriptor Directory::create_file(std::string_view relative, std::uint32_t mode) const {
  FileDescriptor file(open_beneath(relative, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  if (!file) throw_errno("creating " + show(relative));
  return file;
}

std::optional<FileDescriptor> Directory::find_file(std::string_view relative) const {
  // O_NONBLOCK: a named pipe in the file's place must not make the agent wait.
  FileDescriptor file(open_beneath(relative, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0));
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    throw_errno("opening " + show(relative));
  }
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) throw_errno("looking at " + show(relative));
  if (!S_ISREG(found.st_mode)) throw SysError(EINVAL, show(relative) + " is not a regular file");
  return file;
}

FileDescriptor Directory::open_or_create_file(std::string_view relative, std::uint32_t mode) const {
  FileDescriptor file(open_beneath(relative, O_RDWR | O_CREAT | O_NOFOLLOW, mode));
  if (!file) throw_errno("opening " + show(relative));
  return file;
}

void Directory::make_link(std::string_view relative, const std::string& target) const {
  const Place made = place(relative);
  if (::symlinkat(target.c_str(), made.parent, made.name.c_str()) != 0) throw_errno("linking " + show(relative));
}

std::optional<std::string> Directory::read_link(std::string_view relative) const {
  const Place found = place(relative);
  std::string target(limits::link_target_bytes_max + 1, '\0');
  const ssize_t size = ::readlinkat(found.parent, found.name.c_str(), target.data(), target.size());
  if (size < 0) {
    if (errno == ENOENT) return std::nullopt;
    throw_errno("reading link " + show(relative));
  }
  if (static_cast<std::size_t>(size) > limits::link_target_bytes_max) {
    throw SysError(ENAMETOOLONG, "reading link " + show(relative));
  }
  target.resize(static_cast<std::size_t>(size));
  return target;
}

std::optional<EntryInfo> Directory::info(std::string_view relative) const {
  const std::size_t slash = relative.rfind('/');
  // A missing parent means that the entry is missing too.
  if (slash != std::string_view::npos && !find_directory(relative.substr(0, slash))) return std::nullopt;
  const Place found = place(relative);
  return info_at(found.parent, found.name, show(relative));
}

void Directory::rename(std::string_view from, std::string_view to) const {
  const Place source = place(from);
  const Place target = place(to);
  if (::renameat(source.parent, source.name.c_str(), target.parent, target.name.c_str()) != 0) {
    throw_errno("renaming " + show(from) + " to " + show(to));
  }
}

void Directory::rename_new(std::string_view from, std::string_view to) const {
  const Place source = place(from);
  const Place target = place(to);
  if (::renameat2(source.parent, source.name.c_str(), target.parent, target.name.c_str(), RENAME_NOREPLACE) != 0) {
    throw_errno("renaming " + show(from) + " to " + show(to));
  }
}

void Directory::remove_file(std::string_view relative) const {
  const Place gone = place(relative);
  if (::unlinkat(gone.parent, gone.name.c_str(), 0) != 0 && errno != ENOENT) throw_errno("removing " + show(relative));
}

void Directory::remove_tree(std::string_view relative) const {
  const Place gone = place(relative);
  const std::optional<EntryInfo> found = info_at(gone.parent, gone.name, show(relative));
  if (!found) return;
  if (found->kind == EntryKind::directory) {
    directory(relative).remove_contents(0);
    if (::unlinkat(gone.parent, gone.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  } else if (::unlinkat(gone.parent, gone.name.c_str(), 0) == 0 || errno == ENOENT) {
    return;
  }
  throw_errno("removing " + show(relative));
}

void Directory::remove_contents(unsigned depth) const {
  if (depth > limits::tree_depth_max) throw SysError(ELOOP, "removing " + shown_ + ", which is too deep");
  set_mode(0700);  // A release is read-only, and an agent may run without the right to override that.
  for (const std::string& name : names()) {
    const std::optional<EntryInfo> found = info_at(descriptor_.get(), name, show(name));
    if (!found) continue;
    const bool is_directory = found->kind == EntryKind::directory;
    if (is_directory) directory(name).remove_contents(depth + 1);
    if (::unlinkat(descriptor_.get(), name.c_str(), is_directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
      throw_errno("removing " + show(name));
    }
  }
}

void Directory::set_mode(std::uint32_t mode) const {
  if (::fchmod(descriptor_.get(), static_cast<mode_t>(mode)) != 0) throw_errno("setting the mode of " + shown_);
}

std::vector<std::string> Directory::names() const {
  // fdopendir takes its descriptor over and moves its position, so it gets one of its own.
  const int copy = ::openat(descriptor_.get(), ".", directory_flags);
  if (copy < 0) throw_errno("listing " + shown_);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  if (!stream) {
    ::close(copy);
    throw_errno("listing " + shown_);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw_errno("listing " + shown_);
  std::sort(names.begin(), names.end());
  return names;
}

void Directory::walk(const std::function<void(const Found&)>& visit) const { walk_beneath("", 0, visit); }

void Directory::walk_beneath(const std::string& prefix, unsigned depth,
                             const std::function<void(const Found&)>& visit) const {
  if (depth > limits::tree_depth_max) throw SysError(ELOOP, "walking " + shown_ + ", which is too deep");
  for (const std::string& name : names()) {
    const std::optional<EntryInfo> found = info_at(descriptor_.get(), name, show(name));
    if (!found) continue;
    const std::string path = prefix.empty() ? name : prefix + "/" + name;
    visit(Found{*this, name, path, *found});
    if (found->kind != EntryKind::directory) continue;
    if (const std::optional<Directory> child = find_directory(name)) child->walk_beneath(path, depth + 1, visit);
  }
}

void Directory::sync() const { sync_or_abort(descriptor_.get(), shown_); }

void Directory::sync_file_system() const {
  if (::syncfs(descriptor_.get()) != 0) abort_after_failed_sync("syncfs", shown_);
}

std::uint64_t Directory::free_bytes() const {
  struct statvfs found {};
  if (::fstatvfs(descriptor_.get(), &found) != 0) throw_errno("asking for free space at " + shown_);
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

EntryInfo info_of(int descriptor, const std::string& what) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0) throw_errno("looking at " + what);
  return entry_info(found);
}

void write_fully(int descriptor, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno("writing " + what);
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

std::size_t read_fully(int descriptor, char* buffer, std::size_t size, const std::string& what) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::read(descriptor, buffer + filled, size - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno("reading " + what);
    }
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace switchyard::agent
