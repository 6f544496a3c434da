#include "agent/executors/archive_rules.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t permission_bits = 0777;

std::string fold(std::string_view path) {
  std::string folded(path);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::size_t parts_of(std::string_view path) {
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; });
}

bool beneath(std::string_view path, std::string_view parent) {
  return path.size() > parent.size() && path.starts_with(parent) && path[parent.size()] == '/';
}

}  // namespace

std::string refuse_path(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > limits::archive_path_bytes_max) return "is too long";
  if (path.front() == '/') return "is absolute";
  if (has_control(path)) return "holds a control character or a backslash";
  if (parts_of(path) > limits::archive_depth_max) return "is too deep";
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty()) return "has an empty part";
    if (part == "." || part == "..") return "has a part that is '.' or '..'";
    if (part.size() > 255) return "has a part that is too long";
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

std::string refuse_target(std::string_view path, std::string_view target) {
  if (target.empty()) return "is empty";
  if (target.size() > limits::link_target_bytes_max) return "is too long";
  if (target.front() == '/') return "is absolute";
  if (has_control(target)) return "holds a control character or a backslash";
  std::size_t up_left = parts_of(path) - 1;
  bool going_up = true;
  while (!target.empty()) {
    const std::size_t slash = target.find('/');
    const std::string_view part = target.substr(0, slash);
    if (part == "..") {
      if (!going_up) return "goes up after it went down";
      if (up_left == 0) return "leads out of the release";
      --up_left;
    } else if (!part.empty() && part != ".") {
      going_up = false;
    }
    if (slash == std::string_view::npos) break;
    target.remove_prefix(slash + 1);
  }
  return {};
}

ArchiveRules::ArchiveRules(ArchiveBounds bounds, const std::vector<std::string>& shared)
    : bounds_(bounds), shared_(shared) {}

void ArchiveRules::count(const ArchiveEntry& entry) {
  if (++entries_ > bounds_.entries || entries_ > limits::archive_entries_max) {
    throw ArchiveError("the archive has more entries than the " + std::to_string(bounds_.entries) + " declared");
  }
  if (entry.bytes > bounds_.unpacked_bytes - bytes_) {
    throw ArchiveError("at " + in_quotes(entry.path) + " the archive exceeds the " +
                       std::to_string(bounds_.unpacked_bytes) + " bytes declared");
  }
  bytes_ += entry.bytes;
}

bool ArchiveRules::yields_to_shared(const ArchiveEntry& entry) const {
  for (const std::string& shared : shared_) {
    if (entry.path == shared && entry.kind == EntryKind::directory) return true;
    if (entry.path == shared || beneath(entry.path, shared)) {
      throw ArchiveError(in_quotes(entry.path) + " lies where the shared path " + in_quotes(shared) +
                         " will be linked: take it out of the artifact or out of `shared`");
    }
  }
  return false;
}

ArchiveRules::Admission ArchiveRules::admit(const ArchiveEntry& entry) {
  count(entry);
  if (const std::string why = refuse_path(entry.path); !why.empty()) {
    throw ArchiveError("the name " + in_quotes(entry.path) + " " + why);
  }
  if ((entry.mode & ~permission_bits) != 0) {
    throw ArchiveError(in_quotes(entry.path) + " has a mode with more than permissions (setuid, setgid or sticky)");
  }
  if (entry.kind == EntryKind::link) {
    if (const std::string why = refuse_target(entry.path, entry.target); !why.empty()) {
      throw ArchiveError("the link " + in_quotes(entry.path) + " has a target that " + why + ": " +
                         in_quotes(entry.target));
    }
  }
  if (yields_to_shared(entry)) return Admission{.skip = true, .parents = {}};
  Admission admission{.skip = false, .parents = claim_parents(entry)};
  const auto [found, is_new] = known_.try_emplace(fold(entry.path), Known{entry.path, entry.kind});
  if (!is_new) {
    throw ArchiveError(found->second.path == entry.path
                           ? in_quotes(entry.path) + " appears twice, or after its content"
                           : in_quotes(entry.path) + " and " + in_quotes(found->second.path) +
                                 " differ only in the case of letters");
  }
  return admission;
}

std::vector<std::string> ArchiveRules::claim_parents(const ArchiveEntry& entry) {
  std::vector<std::string> missing;
  for (std::size_t slash = entry.path.find('/'); slash != std::string::npos; slash = entry.path.find('/', slash + 1)) {
    const std::string parent = entry.path.substr(0, slash);
    const auto [found, is_new] = known_.try_emplace(fold(parent), Known{parent, EntryKind::directory});
    if (is_new) {
      // Each entry could stand for as many directories as its path is deep, which nobody has counted beforehand.
      if (++implied_ > bounds_.entries + limits::archive_depth_max) {
        throw ArchiveError("at " + in_quotes(entry.path) +
                           " the archive has more directories that no entry names than " + "the " +
                           std::to_string(bounds_.entries) + " entries declared");
      }
      missing.push_back(parent);
    } else if (found->second.path != parent) {
      throw ArchiveError(in_quotes(parent) + " and " + in_quotes(found->second.path) +
                         " differ only in the case of letters");
    } else if (found->second.kind != EntryKind::directory) {
      throw ArchiveError(in_quotes(entry.path) + " lies beneath " + in_quotes(parent) + ", which is no directory");
    }
  }
  return missing;
}

}  // namespace switchyard::agent
