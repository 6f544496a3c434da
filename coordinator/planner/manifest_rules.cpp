#include "coordinator/planner/manifest_rules.hpp"

#include <map>
#include <utility>

#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/dependency_graph.hpp"
#include "coordinator/planner/sole_use.hpp"

namespace switchyard::planner {

namespace {

void check_names(const model::Manifest& manifest) {
  std::map<std::string, std::string> places;
  for (const model::Component& component : manifest.components) {
    const auto [first, is_new] = places.emplace(component.name, component.where);
    if (is_new) continue;
    throw InputError(component.where + ": the component `" + component.name + "` is there twice (first at " +
                     first->second + "); rename or remove one");
  }
}

void check_dependencies(const model::Manifest& manifest) {
  std::vector<std::string_view> known;
  std::vector<GraphNode> nodes;
  for (const model::Component& component : manifest.components) {
    known.push_back(component.name);
    nodes.push_back({component.name, component.priority, component.dependencies});
  }
  for (const model::Component& component : manifest.components) {
    for (const std::string& dependency : component.dependencies) {
      if (manifest.find_component(dependency)) continue;
      throw InputError(component.where + ": component `" + component.name + "` depends on `" + dependency +
                       "`, which is no component of this file" + did_you_mean(dependency, known));
    }
  }
  try {
    order_by_dependencies(nodes);
  } catch (const InputError& error) {
    throw InputError(manifest.components.front().where + ": " + error.what());
  }
}

/// On each host, what may be used by one component only.
void check_clashes(const model::Manifest& manifest) {
  std::map<std::pair<HostId, std::string>, const model::Component*> users;
  const auto use = [&](const HostId& host, const std::string& what, const model::Component& component) {
    const auto [first, is_new] = users.emplace(std::pair(host, what), &component);
    if (is_new) return;
    throw InputError(component.where + ": component `" + component.name + "` uses " + what + " on host " + host.value +
                     ", and so does `" + first->second->name + "` (" + first->second->where + "); give each its own");
  };
  for (const model::Component& component : manifest.components) {
    for (const HostId& host : component.hosts) {
      for (const std::string& what : sole_uses(component)) use(host, what, component);
    }
  }
}

}  // namespace

void check_components(const model::Manifest& manifest) {
  check_names(manifest);
  check_dependencies(manifest);
  check_clashes(manifest);
}

}  // namespace switchyard::planner
