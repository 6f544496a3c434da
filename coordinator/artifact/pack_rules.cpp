#include "coordinator/artifact/pack_rules.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::artifact {

namespace {

constexpr std::size_t part_bytes_max = 255;

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    parts.push_back(path.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Control characters of a name must not reach a terminal.
std::string shown(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

[[noreturn]] void refuse(const std::string& origin, const std::string& path, const std::string& why) {
  throw InputError(origin + "/" + shown(path) + ": " + why);
}

void add_missing_directories(std::vector<PackEntry>& entries) {
  std::set<std::string> named;
  for (const PackEntry& entry : entries) named.insert(entry.path);
  std::set<std::string> missing;
  for (const PackEntry& entry : entries) {
    for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
         slash = entry.path.find('/', slash + 1)) {
      const std::string parent = entry.path.substr(0, slash);
      if (!named.contains(parent)) missing.insert(parent);
    }
  }
  for (const std::string& path : missing) {
    PackEntry entry;
    entry.path = path;
    entry.kind = EntryKind::directory;
    entries.push_back(std::move(entry));
  }
}

void check_parents(const std::vector<PackEntry>& entries, const std::string& origin) {
  std::map<std::string, EntryKind> kinds;
  for (const PackEntry& entry : entries) {
    const std::size_t slash = entry.path.rfind('/');
    if (slash != std::string::npos) {
      // Sorted by path, so the parent was seen before.
      const std::string parent = entry.path.substr(0, slash);
      if (kinds.at(parent) != EntryKind::directory)
        refuse(origin, entry.path, "lies beneath `" + parent + "`, which is no directory");
    }
    kinds[entry.path] = entry.kind;
  }
}

}  // namespace

std::string path_trouble(std::string_view path) {
  if (path.empty()) return "has an empty path";
  if (path.size() > limits::archive_path_bytes_max) {
    return "has a path of more than " + std::to_string(limits::archive_path_bytes_max) + " bytes; shorten it";
  }
  if (path.front() == '/') return "has an absolute path; artifacts hold relative ones";
  if (has_control(path)) return "has a control character or a backslash in its name; rename it";
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() > limits::archive_depth_max) {
    return "lies more than " + std::to_string(limits::archive_depth_max) + " directories deep; flatten the tree";
  }
  for (std::string_view part : parts) {
    if (part.empty() || part == "." || part == "..") return "has an empty part, `.` or `..` in its path";
    if (part.size() > part_bytes_max)
      return "has a name of more than " + std::to_string(part_bytes_max) + " bytes; shorten it";
  }
  return {};
}

std::string target_trouble(std::string_view path, std::string_view target) {
  if (target.empty()) return "is a link to nothing; remove it";
  if (target.size() > limits::link_target_bytes_max) {
    return "is a link with a target of more than " + std::to_string(limits::link_target_bytes_max) +
           " bytes; shorten it";
  }
  if (target.front() == '/')
    return "is a link to the absolute path " + shown(std::string(target)) + "; link relatively, or copy the file";
  if (has_control(target)) return "is a link with a control character or a backslash in its target; rename the target";
  // Going up is safe at the beginning only, where every directory on the way is a real one of this tree.
  std::size_t up_left = parts_of(path).size() - 1;
  bool going_up = true;
  for (std::string_view part : parts_of(target)) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      going_up = false;
      continue;
    }
    if (!going_up)
      return "is a link to " + std::string(target) + ", which goes up after it went down; write it without the detour";
    if (up_left == 0)
      return "is a link to " + std::string(target) + ", which leads out of the artifact; copy the file into it";
    --up_left;
  }
  return {};
}

void check_entries(std::vector<PackEntry>& entries, const std::string& origin) {
  for (const PackEntry& entry : entries) {
    if (const std::string why = path_trouble(entry.path); !why.empty()) refuse(origin, entry.path, why);
    if (entry.kind != EntryKind::link) continue;
    if (const std::string why = target_trouble(entry.path, entry.target); !why.empty()) refuse(origin, entry.path, why);
  }
  add_missing_directories(entries);
  std::sort(entries.begin(), entries.end(), [](const PackEntry& a, const PackEntry& b) { return a.path < b.path; });
  if (entries.empty()) throw InputError(origin + ": is empty; an artifact needs at least one file");
  if (entries.size() > limits::archive_entries_max) {
    throw InputError(origin + ": has " + std::to_string(entries.size()) + " entries, but at most " +
                     std::to_string(limits::archive_entries_max) + " fit into an artifact; leave some out");
  }
  std::map<std::string, std::string> folded;
  std::uint64_t bytes = 0;
  for (const PackEntry& entry : entries) {
    const auto [other, is_new] = folded.emplace(lower(entry.path), entry.path);
    if (!is_new) {
      refuse(origin, entry.path,
             other->second == entry.path
                 ? "is there twice; remove one"
                 : "differs from `" + other->second + "` in the case of letters only; rename one");
    }
    bytes += entry.bytes;
    if (entry.bytes > limits::artifact_bytes_max || bytes > limits::artifact_bytes_max) {
      throw InputError(origin + ": has more than " + std::to_string(limits::artifact_bytes_max) +
                       " bytes, the most that an artifact can hold; leave some files out");
    }
  }
  check_parents(entries, origin);
}

}  // namespace switchyard::artifact
