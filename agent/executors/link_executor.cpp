#include "agent/executors/link_executor.hpp"

#include <optional>

#include "agent/executors/allowed_paths.hpp"
#include "agent/executors/whole_file.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// Why the link must not lead there; nothing if it may.
std::optional<std::string> refuse_link(const HostPaths& paths, const protocol::EnsureLink& wanted) {
  const std::filesystem::path target(wanted.target);
  if (wanted.target.empty() || wanted.target.size() > limits::link_target_bytes_max ||
      wanted.target.find('\0') != std::string::npos) {
    return "its target is empty, too long, or holds a NUL byte";
  }
  const std::filesystem::path full =
      target.is_absolute() ? target : std::filesystem::path(wanted.path).parent_path() / target;
  if (!is_allowed_target(paths, full)) return "its target " + wanted.target + " lies outside of what this host allows";
  return std::nullopt;
}

Directory parent_of(const AllowedPlace& place) {
  const std::size_t slash = place.relative.rfind('/');
  return slash == std::string::npos ? place.root.directory(".")
                                    : place.root.ensure_directory(place.relative.substr(0, slash), 0755);
}

void replace_link(const AllowedPlace& place, const std::string& target) {
  const Directory parent = parent_of(place);
  const std::size_t slash = place.relative.rfind('/');
  const std::string name = slash == std::string::npos ? place.relative : place.relative.substr(slash + 1);
  const std::string temporary = ".switchyard-" + random_hex(8);
  parent.make_link(temporary, target);
  try {
    parent.rename(temporary, name);
  } catch (...) {
    parent.remove_file(temporary);
    throw;
  }
  parent.sync();
}

}  // namespace

protocol::StepResult LinkExecutor::run(const protocol::Action& action, const StepContext&) {
  const auto& wanted = std::get<protocol::EnsureLink>(action);
  const auto found = find_allowed(paths_, wanted.path);
  if (const auto* refusal = std::get_if<PathRefusal>(&found)) {
    return failed("path_not_allowed", wanted.path + " may not be touched: " + refusal->why);
  }
  const auto& place = std::get<AllowedPlace>(found);
  const std::optional<EntryInfo> info = place.root.info(place.relative);
  if (info && info->kind != EntryKind::link) {
    return failed("not_a_link", wanted.path + " exists and is no symbolic link; move it away");
  }
  if (wanted.absent) {
    if (info) place.root.remove_file(place.relative);
    sync_folder(place);
    return done(info.has_value(), wanted.path + (info ? " was removed" : " was absent already"));
  }
  if (const auto why = refuse_link(paths_, wanted))
    return failed("path_not_allowed", wanted.path + " is refused: " + *why);
  if (info && place.root.read_link(place.relative) == wanted.target) {
    sync_folder(place);
    return done(false, wanted.path + " led to " + wanted.target + " already");
  }
  replace_link(place, wanted.target);
  if (place.root.read_link(place.relative) != wanted.target) {
    return failed("changed_meanwhile", wanted.path + " was linked and read back differently: something else writes it");
  }
  return done(true, wanted.path + " leads to " + wanted.target);
}

}  // namespace switchyard::agent
