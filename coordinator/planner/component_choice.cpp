#include "coordinator/planner/component_choice.hpp"

#include <algorithm>
#include <set>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/host_history.hpp"

namespace switchyard::planner {
namespace {

void check_names(const model::Manifest& manifest, const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const model::Component& component : manifest.components) known.push_back(component.name);
  for (const std::string& name : names) {
    if (manifest.find_component(name) != nullptr) continue;
    throw InputError(manifest.file_name + ":1:1: `--components` names `" + name + "`, which the manifest has not" +
                     did_you_mean(name, known));
  }
}

/// Walks a component's dependencies: the nearest chosen ones stay, those that are left out are noted.
class Walk {
 public:
  Walk(const model::Manifest& manifest, const std::set<std::string>& chosen) : manifest_(manifest), chosen_(chosen) {}

  void follow(const model::Component& component) {
    for (const std::string& name : component.dependencies) {
      if (!seen_.insert(name).second) continue;
      if (chosen_.contains(name)) {
        inside.push_back(name);
        continue;
      }
      const model::Component* dependency = manifest_.find_component(name);
      ENSURE(dependency != nullptr);
      outside.push_back(dependency);
      follow(*dependency);
    }
  }

  std::vector<std::string> inside;
  std::vector<const model::Component*> outside;

 private:
  const model::Manifest& manifest_;
  const std::set<std::string>& chosen_;
  std::set<std::string> seen_;
};

[[noreturn]] void refuse(const model::Manifest& manifest, const OutsideDependency& outside, const HostId& host,
                         const std::string& what) {
  const model::Component* component = manifest.find_component(outside.of);
  ENSURE(component != nullptr);
  const std::string& name = outside.dependency.name;
  throw InputError(component->where + ": component `" + outside.of + "` depends on `" + name +
                   "`, which is not among the components that are to be deployed, and " + what + " on host " +
                   host.str() + "; deploy it too (`--components " + name + "," + outside.of +
                   "`), or bring it back first");
}

/// Of what is not deployed the strategy does not matter.
void check_strategies(const model::Manifest& chosen) {
  for (const model::Component& component : chosen.components) {
    if (!component.strategy_trouble.empty()) throw InputError(component.strategy_trouble);
  }
}

}  // namespace

ChosenComponents choose_components(const model::Manifest& manifest, const std::vector<std::string>& names) {
  if (names.empty()) {
    check_strategies(manifest);
    return {manifest, {}};
  }
  check_names(manifest, names);
  const std::set<std::string> chosen(names.begin(), names.end());
  ChosenComponents result{manifest, {}};
  std::erase_if(result.manifest.components,
                [&](const model::Component& component) { return !chosen.contains(component.name); });
  check_strategies(result.manifest);
  for (model::Component& component : result.manifest.components) {
    Walk walk(manifest, chosen);
    walk.follow(component);
    for (const model::Component* dependency : walk.outside) result.outside.push_back({component.name, *dependency});
    component.dependencies = walk.inside;
  }
  return result;
}

InventoryQuestions inventory_questions(const std::vector<OutsideDependency>& outside) {
  model::Manifest manifest;
  std::set<std::string> asked;
  for (const OutsideDependency& one : outside) {
    if (asked.insert(one.dependency.name).second) manifest.components.push_back(one.dependency);
  }
  return inventory_questions(manifest);
}

void check_outside_dependencies(const model::Manifest& manifest, const std::vector<OutsideDependency>& outside,
                                const PlanningFacts& facts) {
  for (const OutsideDependency& one : outside) {
    for (const HostId& host : one.dependency.hosts) {
      const auto* known = find_facts(facts, host);
      if (known == nullptr) {
        if (manifest.settings.unreachable == model::Unreachable::defer) continue;
        throw HostAwayError(manifest.file_name + ":1:1: component `" + one.of + "` depends on `" + one.dependency.name +
                            "` on host " + host.str() +
                            ", whose agent does not answer: whether it serves is not known");
      }
      const protocol::ComponentFact fact = fact_of(*known, one.dependency.name);
      if (!fact.problem.empty()) refuse(manifest, one, host, "cannot be judged (" + fact.problem + ")");
      if (fact.serving.kind == protocol::OldKind::absent) refuse(manifest, one, host, "does not serve");
      if (fact.unit_state == "failed" || fact.unit_state == "inactive") {
        refuse(manifest, one, host, "is down (its unit is " + fact.unit_state + ")");
      }
    }
  }
}

}  // namespace switchyard::planner
