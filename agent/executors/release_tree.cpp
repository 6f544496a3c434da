#include "agent/executors/release_tree.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "agent/executors/unpack.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

void note(std::vector<std::string>& named, std::size_t& count, std::string text) {
  if (++count <= limits::differences_named_max) named.push_back(std::move(text));
}

/// What is wrong with one entry; empty if nothing is.
std::string compare(const Directory& parent, const std::string& name, const EntryInfo& found, const FileFact& wanted,
                    bool read_bytes, const std::stop_token& stop) {
  if (found.kind != wanted.kind) return "it is of another kind";
  if (wanted.kind == EntryKind::link) {
    return parent.read_link(name) == wanted.target ? "" : "the link leads elsewhere";
  }
  if (found.mode != wanted.mode) return "its mode differs";
  if (wanted.kind != EntryKind::file) return "";
  if (found.bytes != wanted.bytes) return "its size differs";
  if (!read_bytes) return "";
  const std::optional<FileDescriptor> file = parent.find_file(name);
  if (!file) return "it is missing";
  return digest_of_file(file->get(), name, stop) == wanted.sha256 ? "" : "its digest differs";
}

std::string joined(const std::vector<std::string>& named, std::size_t count) {
  std::string text;
  for (const std::string& name : named) text += (text.empty() ? "" : ", ") + name;
  if (count > named.size()) text += " and " + std::to_string(count - named.size()) + " more";
  return text;
}

}  // namespace

bool is_release_id(std::string_view text) { return text.size() == 64 && from_hex(text).has_value(); }

std::string digest_of_file(int descriptor, const std::string& what, const std::stop_token& stop) {
  Sha256 digest;
  std::string buffer(limits::file_buffer_bytes, '\0');
  for (;;) {
    if (stop.stop_requested()) throw Cancelled("reading " + what + " was cancelled");
    const std::size_t got = read_fully(descriptor, buffer.data(), buffer.size(), what);
    if (got == 0) return to_hex(digest.finish());
    digest.update(std::string_view(buffer.data(), got));
  }
}

std::string TreeReport::text() const {
  if (!listed) return "it was never completely unpacked, or its file list is damaged";
  if (broken_count > 0) return "it is damaged: " + joined(broken, broken_count);
  std::string text = std::to_string(files) + " entries verified";
  if (extra_count > 0) text += "; not part of the release: " + joined(extra, extra_count);
  return text;
}

std::optional<ReleaseStore> ReleaseStore::find(const std::filesystem::path& components, const std::string& component) {
  if (!is_name(component)) throw InputError("'" + component + "' is no component name");
  const std::optional<Directory> all = Directory::find(components, Mounts::cross);
  std::optional<Directory> root = all ? all->find_directory(component) : std::nullopt;
  if (!root) return std::nullopt;
  return ReleaseStore(std::move(*root).staying());
}

ReleaseStore ReleaseStore::open(const std::filesystem::path& components, const std::string& component) {
  if (!is_name(component)) throw InputError("'" + component + "' is no component name");
  // The component's own directory may be a mount point, but no link; beneath it nothing may be either. It is not
  // reached by its path a second time, since it could have become a link meanwhile.
  ReleaseStore store(Directory::open(components, Mounts::cross).ensure_directory(component, 0755).staying());
  store.root_.ensure_directory("releases", 0755);
  store.root_.ensure_directory(".staging", 0700);
  return store;
}

std::vector<ReleaseId> ReleaseStore::releases() const {
  const std::optional<Directory> directory = root_.find_directory("releases");
  if (!directory) return {};
  std::vector<std::pair<std::int64_t, ReleaseId>> found;
  for (const std::string& name : directory->names()) {
    if (!is_release_id(name)) continue;
    // The list is written once, when the release is complete: its time is the release's age on this host.
    const std::optional<EntryInfo> list = directory->info(name + ".files");
    found.emplace_back(list ? list->modified_ns : 0, ReleaseId(name));
  }
  std::sort(found.begin(), found.end());
  std::vector<ReleaseId> ids;
  ids.reserve(found.size());
  for (auto& [time, id] : found) ids.push_back(std::move(id));
  return ids;
}

bool ReleaseStore::is_complete(const ReleaseId& release) const {
  if (!is_release_id(release.str())) return false;
  const std::optional<EntryInfo> tree = root_.info(tree_name(release));
  const std::optional<EntryInfo> list = root_.info(list_name(release));
  return tree && tree->kind == EntryKind::directory && list && list->kind == EntryKind::file;
}

std::optional<FileList> ReleaseStore::file_list(const ReleaseId& release) const {
  if (!is_release_id(release.str())) return std::nullopt;
  const std::optional<FileDescriptor> file = root_.find_file(list_name(release));
  if (!file) return std::nullopt;
  const std::optional<EntryInfo> info = root_.info(list_name(release));
  if (!info || info->bytes > limits::file_list_bytes_max) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(info->bytes), '\0');
  if (read_fully(file->get(), bytes.data(), bytes.size(), list_name(release)) != bytes.size()) return std::nullopt;
  return decode_file_list(bytes);
}

std::optional<ReleaseId> ReleaseStore::current() const {
  const std::optional<EntryInfo> info = root_.info("current");
  if (!info || info->kind != EntryKind::link) return std::nullopt;
  const std::optional<std::string> target = root_.read_link("current");
  constexpr std::string_view prefix = "releases/";
  if (!target) return std::nullopt;
  // The link may be written relative or absolute; its end says which release it is.
  const std::size_t at = target->rfind(prefix);
  if (at == std::string::npos || (at != 0 && (*target)[at - 1] != '/')) return std::nullopt;
  std::string id = target->substr(at + prefix.size());
  if (!is_release_id(id)) return std::nullopt;
  return ReleaseId(std::move(id));
}

TreeReport ReleaseStore::verify(const ReleaseId& release, const std::stop_token& stop) const {
  return compare_tree(release, std::numeric_limits<std::uint64_t>::max(), stop);
}

bool ReleaseStore::seems_intact(const ReleaseId& release) const {
  return compare_tree(release, limits::inventory_read_bytes_max, {}).intact();
}

TreeReport ReleaseStore::compare_tree(const ReleaseId& release, std::uint64_t bytes_max,
                                      const std::stop_token& stop) const {
  TreeReport report;
  std::optional<FileList> list;
  try {
    list = file_list(release);
  } catch (const DecodeError&) {
    return report;  // A damaged list is a finding about the release, not a fault of this step.
  }
  const std::optional<Directory> tree =
      is_release_id(release.str()) ? root_.find_directory(tree_name(release)) : std::nullopt;
  if (!list || !tree) return report;
  report.listed = true;
  std::uint64_t bytes = 0;
  for (const auto& [path, fact] : list->files) bytes += fact.bytes;
  const bool read_bytes = bytes <= bytes_max;
  std::set<std::string> seen;
  tree->walk([&](const Directory::Found& found) {
    const auto wanted = list->files.find(found.path);
    if (wanted == list->files.end()) {
      note(report.extra, report.extra_count, found.path);
      return;
    }
    seen.insert(found.path);
    ++report.files;
    const std::string why = compare(found.parent, found.name, found.info, wanted->second, read_bytes, stop);
    if (!why.empty()) note(report.broken, report.broken_count, found.path + ": " + why);
  });
  for (const auto& [path, fact] : list->files) {
    if (!seen.contains(path)) note(report.broken, report.broken_count, path + ": it is missing");
  }
  return report;
}

void ReleaseStore::remove(const ReleaseId& release) const {
  if (!is_release_id(release.str())) throw InputError("'" + release.str() + "' is no release id");
  root_.ensure_directory(".staging", 0700);
  const std::string aside = ".staging/" + release.str() + ".gone";
  root_.remove_tree(aside);
  root_.remove_file(list_name(release));
  root_.directory("releases").sync();
  if (root_.info(tree_name(release))) root_.rename_new(tree_name(release), aside);
  root_.directory("releases").sync();
  root_.remove_tree(aside);
}

}  // namespace switchyard::agent
