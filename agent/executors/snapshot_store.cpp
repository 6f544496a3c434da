#include "agent/executors/snapshot_store.hpp"

#include <algorithm>
#include <utility>

#include "agent/executors/checksum_error.hpp"
#include "agent/executors/sealed_lines.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/ids.hpp"
#include "common/limits_snapshots.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view snapshot_head = "switchyard-snapshot 1";
constexpr const char* saved_list = "list";
constexpr std::uint32_t root_only_directory = 0700;
constexpr std::uint32_t root_only_file = 0600;

std::filesystem::path backups_of(const HostPaths& paths) {
  return paths.backups.empty() ? paths.state / "snapshots" : paths.backups;
}

std::string encode_saved(const SavedFiles& files) {
  std::string text(snapshot_head);
  text += '\n';
  for (const auto& [path, file] : files) {
    if (file.present) {
      text += "file " + octal(file.rights.mode) + " " + std::to_string(file.rights.uid) + " " +
              std::to_string(file.rights.gid) + " " + std::to_string(file.bytes) + " " + file.sha256 + " " + path +
              "\n";
    } else {
      text += "absent " + path + "\n";
    }
  }
  return seal(std::move(text));
}

SavedFiles decode_saved(std::string_view bytes) {
  SavedFiles files;
  std::string_view rest = unseal(bytes, snapshot_head);
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    const std::string_view kind = take_word(line);
    SavedFile file;
    if (kind == "file") {
      file.present = true;
      file.rights.mode = number<std::uint32_t>(take_word(line), 8);
      file.rights.uid = number<uid_t>(take_word(line), 10);
      file.rights.gid = number<gid_t>(take_word(line), 10);
      file.bytes = number<std::uint64_t>(take_word(line), 10);
      file.sha256 = digest(take_word(line));
    } else if (kind != "absent") {
      throw DecodeError("file list: a line is of an unknown kind");
    }
    files[std::string(line)] = std::move(file);
  }
  return files;
}

void write_new(const Directory& directory, const std::string& name, std::string_view content) {
  const FileDescriptor file = directory.create_file(name, root_only_file);
  write_fully(file.get(), content, directory.shown() + "/" + name);
  sync_or_abort(file.get(), directory.shown() + "/" + name);
}

/// Nothing if it is not there, or larger than anything that is kept.
std::optional<std::string> read_kept(const Directory& directory, const std::string& name) {
  const std::string shown = directory.shown() + "/" + name;
  const std::optional<FileDescriptor> file = directory.find_file(name);
  if (!file) return std::nullopt;
  const std::uint64_t bytes = info_of(file->get(), shown).bytes;
  if (bytes > limits::snapshot_file_bytes_max) return std::nullopt;
  std::string content(bytes, '\0');
  content.resize(read_fully(file->get(), content.data(), content.size(), shown));
  return content;
}

}  // namespace

std::optional<SnapshotStore> SnapshotStore::find(const HostPaths& paths, const std::string& component) {
  auto root = Directory::find(backups_of(paths) / component);
  if (!root) return std::nullopt;
  return SnapshotStore(*std::move(root));
}

SnapshotStore SnapshotStore::open(const HostPaths& paths, const std::string& component) {
  const std::filesystem::path backups = backups_of(paths);
  const std::string below = backups.filename().string() + "/" + component;
  return SnapshotStore(Directory::open(backups.parent_path()).ensure_directory(below, root_only_directory));
}

std::optional<SavedFiles> SnapshotStore::find_whole(const std::string& name) const {
  const auto directory = root_.find_directory(name);
  if (!directory) return std::nullopt;
  const std::optional<std::string> list = read_kept(*directory, saved_list);
  if (!list) throw ChecksumError("the list of snapshot " + name + " in " + root_.shown() + " is not there");
  SavedFiles files;
  try {
    files = decode_saved(*list);
  } catch (const DecodeError& error) {
    throw ChecksumError("the list of snapshot " + name + " in " + root_.shown() + " is damaged: " + error.what());
  }
  for (const auto& [path, file] : files) {
    if (file.present) (void)content(name, file);
  }
  return files;
}

std::string SnapshotStore::content(const std::string& name, const SavedFile& file) const {
  const auto directory = root_.find_directory(name);
  std::optional<std::string> kept;
  if (directory) kept = read_kept(*directory, file.sha256);
  if (!kept || sha256_hex(*kept) != file.sha256) {
    throw ChecksumError("a copy in snapshot " + name + " in " + root_.shown() +
                        (kept ? " is not what was written there" : " is not there"));
  }
  return *std::move(kept);
}

std::filesystem::path SnapshotStore::place_of(const std::string& name, const SavedFile& file) const {
  return std::filesystem::path(root_.shown()) / name / file.sha256;
}

void SnapshotStore::make(const std::string& name, const SavedFiles& files,
                         const std::map<std::string, std::string>& contents) const {
  const std::string beside = ".new-" + random_hex(8);
  const Directory directory = root_.ensure_directory(beside, root_only_directory);
  for (const auto& [sha256, content] : contents) write_new(directory, sha256, content);
  write_new(directory, saved_list, encode_saved(files));
  directory.sync();
  root_.rename_new(beside, name);
  root_.sync();
}

void SnapshotStore::prune(std::size_t keep, const std::vector<std::string>& protect) const {
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (const std::string& name : root_.names()) {
    // A person's stay until it is said that they are not wanted any more.
    if (protocol::is_snapshot_name(name)) continue;
    if (name.starts_with(".new-")) {
      root_.remove_tree(name);
    } else if (const auto info = root_.info(name)) {
      found.emplace_back(info->modified_ns, name);
    }
  }
  std::sort(found.rbegin(), found.rend());
  for (std::size_t i = keep; i < found.size(); ++i) {
    const std::string& name = found[i].second;
    if (std::find(protect.begin(), protect.end(), name) == protect.end()) root_.remove_tree(name);
  }
}

void SnapshotStore::keep_named(const std::vector<std::string>& names) const {
  for (const std::string& name : root_.names()) {
    const bool wanted = std::find(names.begin(), names.end(), name) != names.end();
    if (protocol::is_snapshot_name(name) && !wanted) root_.remove_tree(name);
  }
}

}  // namespace switchyard::agent
