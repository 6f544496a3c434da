#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_descriptor.hpp"

namespace switchyard::agent {

enum class EntryKind : std::uint8_t { file, directory, link, other };

struct EntryInfo {
  EntryKind kind = EntryKind::other;
  std::uint32_t mode = 0;  ///< permission bits only
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
};

/// Whether paths beneath a Directory may lead over a mount point.
enum class Mounts { stay, cross };

/// An open directory. Every path given to it is relative, and the kernel itself (openat2 with RESOLVE_BENEATH,
/// RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS) sees to it that nothing outside is reached, whatever another process
/// does to the tree meanwhile: no check of a path's text is relied on. Owned by the step that opened it; used by one
/// thread. All calls throw SysError, with ELOOP or EXDEV where a path tries to leave.
class Directory {
 public:
  /// Opens an absolute path that the host's own configuration names; links in that path are the host's own affair.
  static Directory open(const std::filesystem::path& path, Mounts mounts = Mounts::stay);
  static std::optional<Directory> find(const std::filesystem::path& path, Mounts mounts = Mounts::stay);

  Directory directory(std::string_view relative) const;
  /// The same directory, from where no path leads over a mount point any more, whatever was allowed on the way to it.
  Directory staying() &&;
  /// Nothing if it does not exist.
  std::optional<Directory> find_directory(std::string_view relative) const;
  /// Creates what is missing, each part with exactly `mode` whatever the umask is, and makes it durable.
  Directory ensure_directory(std::string_view relative, std::uint32_t mode) const;
  /// A new directory, `mode` less the umask; fails if there is anything of that name.
  void make_directory(std::string_view relative, std::uint32_t mode) const;
  /// A new file, for writing, `mode` less the umask; fails if there is anything of that name.
  FileDescriptor create_file(std::string_view relative, std::uint32_t mode) const;
  /// A regular file, for reading; nothing if it does not exist.
  std::optional<FileDescriptor> find_file(std::string_view relative) const;
  /// An existing regular file, for reading and writing at will, or a new one.
  FileDescriptor open_or_create_file(std::string_view relative, std::uint32_t mode) const;
  void make_link(std::string_view relative, const std::string& target) const;
  /// Nothing if it does not exist; fails with EINVAL if it is no link.
  std::optional<std::string> read_link(std::string_view relative) const;
  /// Of the entry itself, not of what a link points to.
  std::optional<EntryInfo> info(std::string_view relative) const;

  /// Replaces what has the new name, if it is a file or a link.
  void rename(std::string_view from, std::string_view to) const;
  /// Fails with EEXIST if the new name is taken.
  void rename_new(std::string_view from, std::string_view to) const;
  /// Does nothing if it does not exist.
  void remove_file(std::string_view relative) const;
  /// Removes a whole tree (or a file, or a link) without following a link. Does nothing if it does not exist.
  void remove_tree(std::string_view relative) const;
  void set_mode(std::uint32_t mode) const;
  /// Names, sorted, without "." and "..".
  std::vector<std::string> names() const;

  struct Found {
    const Directory& parent;
    const std::string& name;
    const std::string& path;  ///< relative to where the walk began
    const EntryInfo& info;
  };
  /// Visits everything beneath, parents before children, in the order of names.
  void walk(const std::function<void(const Found&)>& visit) const;

  /// fsync; a failure ends the process.
  void sync() const;
  /// syncfs: everything written to the file system of this directory is durable. One call for a tree of many files.
  /// A failure ends the process too.
  void sync_file_system() const;
  std::uint64_t free_bytes() const;
  int descriptor() const { return descriptor_.get(); }
  /// For messages only.
  const std::string& shown() const { return shown_; }

 private:
  struct Place;
  Directory(FileDescriptor descriptor, std::string shown, Mounts mounts);
  int open_beneath(std::string_view relative, std::uint64_t flags, std::uint32_t mode) const;
  Place place(std::string_view relative) const;
  void walk_beneath(const std::string& prefix, unsigned depth, const std::function<void(const Found&)>& visit) const;
  void remove_contents(unsigned depth) const;
  std::string show(std::string_view relative) const;

  FileDescriptor descriptor_;
  std::string shown_;
  Mounts mounts_;
};

/// Of what is open, whatever bears its name by now: it belongs to the bytes that are read from there.
EntryInfo info_of(int descriptor, const std::string& what);
/// Writes all of `bytes`; throws SysError naming `what`.
void write_fully(int descriptor, std::string_view bytes, const std::string& what);
/// Fills the buffer as far as the file goes; throws SysError naming `what`.
std::size_t read_fully(int descriptor, char* buffer, std::size_t size, const std::string& what);

}  // namespace switchyard::agent
