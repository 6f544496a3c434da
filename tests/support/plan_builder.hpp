#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/planner/deployment_planner.hpp"

/// Plans for tests, written as text: "db@h1 > app@h1,h2 + cache@h2 > web@h3". `>`: what follows depends on all of the
/// group before it; `+`: within a group, side by side; `@` names the hosts. The plan is made by the real planner.
namespace switchyard::testing {

struct PlanBuilderOptions {
  std::string deployment = "d-0000000000000001";
  bool first = false;  ///< nothing serves yet
  model::Strategy strategy = model::Strategy::blue_green;
  model::DeploymentSettings settings = {};
};

inline std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(separator, from), text.size());
    std::string part(text.substr(from, end - from));
    while (part.starts_with(' ')) part.erase(0, 1);
    while (part.ends_with(' ')) part.pop_back();
    parts.push_back(std::move(part));
    from = end + 1;
  }
  return parts;
}

/// 64 hexadecimal digits that look like nothing else.
inline ReleaseId release_of(const std::string& component, char version) {
  std::string text;
  for (char c : component) text += "0123456789abcdef"[static_cast<unsigned char>(c) % 16];
  text.resize(63, '0');
  return ReleaseId(text + version);
}

inline model::Manifest manifest_from_text(std::string_view text, const PlanBuilderOptions& options = {}) {
  model::Manifest manifest;
  manifest.file_name = "test";
  manifest.name = "test";
  manifest.environment = "testing";
  manifest.settings = options.settings;
  std::uint16_t port = 10'000;
  std::vector<std::string> previous;
  for (const std::string& group : split_text(text, '>')) {
    std::vector<std::string> names;
    for (const std::string& item : split_text(group, '+')) {
      const std::size_t at = item.find('@');
      if (at == std::string::npos) throw std::invalid_argument("no hosts in \"" + item + "\"");
      model::Component component;
      component.name = item.substr(0, at);
      component.where = "test:1:1";
      component.dependencies = previous;
      for (const std::string& host : split_text(item.substr(at + 1), ',')) component.hosts.emplace_back(host);
      component.artifact.directory = component.name;
      component.service.command = {"bin/server"};
      component.strategy = options.strategy;
      if (component.strategy == model::Strategy::canary) component.canary.weights = {10, 50};
      component.ports.stable = port++;
      if (options.strategy != model::Strategy::recreate) {
        component.ports.blue = port++;
        component.ports.green = port++;
        component.traffic = model::TrafficKind::nftables;
      }
      names.push_back(component.name);
      manifest.components.push_back(std::move(component));
    }
    previous = std::move(names);
  }
  return manifest;
}

/// Every component serves release `...1` in slot blue (or nothing, with options.first), and `...2` is to be deployed.
inline planner::PlanningFacts facts_for(const model::Manifest& manifest, const PlanBuilderOptions& options = {}) {
  planner::PlanningFacts facts;
  facts.deployment = DeploymentId(options.deployment);
  facts.plan_seq = 1;
  facts.not_after_wall_ms = 4'102'444'800'000;
  for (const model::Component& component : manifest.components) {
    facts.artifacts[component.name] = {release_of(component.name, '2'), 1'000, 2'000};
    for (const HostId& host : component.hosts) {
      auto& inventory = facts.inventory[host];
      if (options.first) continue;
      protocol::ComponentFact fact;
      fact.component = component.name;
      fact.serving = {protocol::OldKind::release, "blue", release_of(component.name, '1'),
                      component.name + "@blue.service"};
      fact.unit_state = "active";
      inventory.push_back(std::move(fact));
    }
  }
  return facts;
}

inline model::Plan plan_from_text(std::string_view text, const PlanBuilderOptions& options = {}) {
  const model::Manifest manifest = manifest_from_text(text, options);
  return planner::plan_deployment(manifest, facts_for(manifest, options), {});
}

}  // namespace switchyard::testing
