#include "agent/executors/release_use.hpp"

#include <unistd.h>

#include <array>
#include <optional>

#include "agent/executors/directory.hpp"
#include "agent/executors/release_tree.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// As much of a small file as counts; empty if it cannot be read (a process may end while it is looked at).
std::string read_head(const std::filesystem::path& path) {
  try {
    const std::optional<Directory> parent = Directory::find(path.parent_path(), Mounts::cross);
    const std::optional<FileDescriptor> file =
        parent ? parent->find_file(path.filename().string()) : std::optional<FileDescriptor>();
    if (!file) return {};
    std::string bytes(limits::file_buffer_bytes, '\0');
    bytes.resize(read_fully(file->get(), bytes.data(), bytes.size(), path.string()));
    return bytes;
  } catch (const SysError&) {
    return {};
  }
}

std::string read_link_head(const std::filesystem::path& path) {
  std::array<char, 4096> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

void add_processes(std::set<ReleaseId>& used, const std::filesystem::path& component,
                   const std::filesystem::path& proc) {
  for (const std::string& name : Directory::open(proc, Mounts::cross).names()) {
    if (!is_number(name)) continue;
    const std::filesystem::path process = proc / name;
    used.merge(releases_named(read_link_head(process / "exe"), component));
    used.merge(releases_named(read_link_head(process / "cwd"), component));
    used.merge(releases_named(read_head(process / "cmdline"), component));
  }
}

/// What the unit files and drop-ins say, one after the other.
template <class Look>
void look_at_units(const std::filesystem::path& units, Look look) {
  const std::optional<Directory> directory = Directory::find(units, Mounts::cross);
  if (!directory) return;
  for (const std::string& name : directory->names()) {
    const std::optional<EntryInfo> info = directory->info(name);
    if (info && info->kind == EntryKind::file) look(read_head(units / name));
    if (!info || info->kind != EntryKind::directory || !name.ends_with(".d")) continue;
    for (const std::string& drop_in : directory->directory(name).names()) look(read_head(units / name / drop_in));
  }
}

}  // namespace

std::set<ReleaseId> releases_named(std::string_view text, const std::filesystem::path& component_directory) {
  const std::string prefix = component_directory.lexically_normal().string() + "/releases/";
  std::set<ReleaseId> named;
  for (std::size_t at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
    const std::string_view id = text.substr(at + prefix.size(), 64);
    if (is_release_id(id)) named.insert(ReleaseId(std::string(id)));
  }
  return named;
}

std::set<std::string> configurations_in_use(const HostPaths& paths, const std::string& component) {
  const std::string prefix = (paths.components / component).lexically_normal().string() + "/configuration/";
  std::set<std::string> named;
  look_at_units(paths.units, [&](const std::string& text) {
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
      const std::size_t begin = at + prefix.size();
      named.insert(text.substr(begin, text.find('/', begin) - begin));
    }
  });
  return named;
}

std::optional<ReleaseId> release_of_unit(const HostPaths& paths, const std::string& component, const UnitStatus& unit,
                                         const std::filesystem::path& proc) {
  const std::filesystem::path directory = paths.components / component;
  std::set<ReleaseId> found;
  if (unit.main_pid != 0) {
    const std::filesystem::path process = proc / std::to_string(unit.main_pid);
    found = releases_named(read_link_head(process / "cwd"), directory);
    // The hardened agent may not look where another user's process works; what it was started with is open to all.
    if (found.empty()) found = releases_named(read_head(process / "cmdline"), directory);
    if (found.size() > 1) found.clear();
  }
  if (found.empty()) found = releases_named(unit.working_directory, directory);
  if (found.empty()) return std::nullopt;
  return *found.begin();
}

std::set<ReleaseId> releases_in_use(const HostPaths& paths, const std::string& component,
                                    const std::filesystem::path& proc) {
  const std::filesystem::path directory = paths.components / component;
  std::set<ReleaseId> used;
  if (const std::optional<ReleaseStore> store = ReleaseStore::find(paths.components, component)) {
    if (const std::optional<ReleaseId> current = store->current()) used.insert(*current);
  }
  look_at_units(paths.units, [&](const std::string& text) { used.merge(releases_named(text, directory)); });
  add_processes(used, directory, proc);
  return used;
}

}  // namespace switchyard::agent
