#include "agent/executors/allowed_paths.hpp"

#include <algorithm>
#include <vector>

#include "agent/executors/archive_rules.hpp"
#include "common/ids.hpp"

namespace switchyard::agent {
namespace {

/// What of `path` lies beneath `root`; nothing if it does not.
std::optional<std::string> rest_beneath(const std::filesystem::path& root, const std::string& path) {
  std::string prefix = root.lexically_normal().string();
  if (!prefix.ends_with('/')) prefix += '/';
  if (!path.starts_with(prefix) || path.size() == prefix.size()) return std::nullopt;
  return path.substr(prefix.size());
}

std::string first_part(const std::string& relative) { return relative.substr(0, relative.find('/')); }

/// Empty if a component's file of this name may be touched.
std::string refuse_in_component(const std::string& relative) {
  const std::string component = first_part(relative);
  if (!is_name(component)) return "'" + component + "' is no component name";
  if (relative.size() == component.size()) return "it is the component's own directory";
  const std::string inside = first_part(relative.substr(component.size() + 1));
  if (inside == "releases" || inside == ".staging") return "releases are made by ensure_release alone and never change";
  return {};
}

bool is_unit_name(std::string_view name) {
  constexpr std::string_view suffixes[] = {".service", ".socket", ".timer", ".target", ".path"};
  const bool known = std::any_of(std::begin(suffixes), std::end(suffixes), [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '@' || c == '.' ||
           c == '_' || c == '-' || c == ':' || c == '\\';
  });
  return known && plain && name.size() <= 255;
}

/// Empty if a unit file, or a drop-in `name.service.d/x.conf`, may be touched.
std::string refuse_unit(const std::string& relative) {
  std::string unit = first_part(relative);
  if (unit.size() < relative.size()) {
    const std::string inside = relative.substr(unit.size() + 1);
    if (!unit.ends_with(".d") || inside.find('/') != std::string::npos || !inside.ends_with(".conf")) {
      return "beneath the units' directory only `name.service` and `name.service.d/name.conf` may be written";
    }
    unit.resize(unit.size() - 2);
  }
  if (!is_unit_name(unit)) return "'" + unit + "' is no unit name";
  // A plan must not be able to change the agent, its dead-man or what restores the switch at boot.
  if (unit.starts_with("switchyard-") || unit.starts_with("systemd-"))
    return "'" + unit + "' is not a component's unit";
  return {};
}

}  // namespace

std::variant<AllowedPlace, PathRefusal> find_allowed(const HostPaths& paths, const std::string& path) {
  if (!path.starts_with('/')) return PathRefusal{"it is not absolute"};
  if (const std::string why = refuse_path(std::string_view(path).substr(1)); !why.empty())
    return PathRefusal{"it " + why};
  if (const auto rest = rest_beneath(paths.units, path)) {
    if (const std::string why = refuse_unit(*rest); !why.empty()) return PathRefusal{why};
    return AllowedPlace{Directory::open(paths.units, Mounts::cross), *rest, true};
  }
  if (const auto rest = rest_beneath(paths.components, path)) {
    if (const std::string why = refuse_in_component(*rest); !why.empty()) return PathRefusal{why};
    return AllowedPlace{Directory::open(paths.components, Mounts::cross), *rest, false};
  }
  std::vector<std::filesystem::path> roots = paths.allowed_roots;
  std::sort(roots.begin(), roots.end(),
            [](const auto& a, const auto& b) { return a.string().size() > b.string().size(); });
  for (const std::filesystem::path& root : roots) {
    if (const auto rest = rest_beneath(root, path))
      return AllowedPlace{Directory::open(root, Mounts::cross), *rest, false};
  }
  return PathRefusal{"no directory that this host's agent.yaml allows contains it; add one to `allowed_roots` there"};
}

bool is_allowed_target(const HostPaths& paths, const std::filesystem::path& target) {
  const std::string path = target.lexically_normal().string();
  if (rest_beneath(paths.components, path) || rest_beneath(paths.units, path)) return true;
  return std::any_of(paths.allowed_roots.begin(), paths.allowed_roots.end(), [&](const std::filesystem::path& root) {
    return rest_beneath(root, path) || path == root.lexically_normal().string();
  });
}

}  // namespace switchyard::agent
