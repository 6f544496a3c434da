#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "common/limits.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/plan_text.hpp"
#include "tests/support/plan_builder.hpp"

// What holds for every plan, of random fleets in random states.
namespace switchyard::planner {

namespace {

using protocol::OldKind;

struct Case {
  model::Manifest manifest;
  PlanningFacts facts;
  PlanOptions options;
};

void show(const Case& value, std::ostream& out) {
  for (const model::Component& component : value.manifest.components) {
    out << component.name << " strategy " << static_cast<int>(component.strategy) << " hosts " << component.hosts.size()
        << "; ";
  }
}
[[maybe_unused]] void showValue(const Case& value, std::ostream& out) { show(value, out); }

std::string host_name(int number) { return "h" + std::to_string(number); }

model::Component random_component(std::size_t index, const std::vector<model::Component>& earlier) {
  model::Component component;
  component.name = "c" + std::to_string((index * 7) % 10) + "-" + std::to_string(index);
  component.where = "f:1:1";
  component.priority = *rc::gen::inRange(-2, 3);
  component.parallel_safe = *rc::gen::inRange(0, 4) != 0;
  component.artifact.directory = "x";
  component.service.command = {"bin/run"};
  for (const model::Component& other : earlier) {
    if (*rc::gen::inRange(0, 3) == 0) component.dependencies.push_back(other.name);
  }
  const int hosts = *rc::gen::inRange(1, 5);
  const int first = *rc::gen::inRange(0, 4);
  for (int i = 0; i < hosts; ++i) component.hosts.emplace_back(host_name(first + i));
  component.strategy = *rc::gen::element(model::Strategy::blue_green, model::Strategy::rolling,
                                         model::Strategy::recreate, model::Strategy::canary);
  using Weights = std::vector<std::uint32_t>;
  component.canary.weights = *rc::gen::element(Weights{10}, Weights{10, 50}, Weights{1, 2, 99});
  component.max_parallel = *rc::gen::inRange(0U, 3U);
  const auto port = static_cast<std::uint16_t>(2'000 + 10 * index);
  component.ports.stable = port;
  const bool switched = component.strategy != model::Strategy::recreate && *rc::gen::inRange(0, 4) != 0;
  if (switched || component.strategy == model::Strategy::blue_green || component.strategy == model::Strategy::canary) {
    component.ports.blue = static_cast<std::uint16_t>(port + 1);
    component.ports.green = static_cast<std::uint16_t>(port + 2);
    component.traffic =
        *rc::gen::element(model::TrafficKind::nftables, model::TrafficKind::nginx, model::TrafficKind::haproxy);
    component.haproxy = {"/run/h.sock", "app", "b", "g"};
    component.start = *rc::gen::element(model::StartIn::prepare, model::StartIn::swap);
  }
  return component;
}

protocol::ComponentFact random_fact(const model::Component& component) {
  protocol::ComponentFact fact;
  fact.component = component.name;
  fact.unit_state = "active";
  const bool haproxy = component.traffic == model::TrafficKind::haproxy;
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return fact;
    case 1:
      if (haproxy) return fact;
      fact.serving = {OldKind::legacy, "legacy", {}, "old-" + component.name + ".service"};
      return fact;
    default:
      break;
  }
  const std::string slot = *rc::gen::element<std::string>("blue", "green");
  const char version = *rc::gen::element('1', '2');
  fact.serving = {OldKind::release, slot, switchyard::testing::release_of(component.name, version),
                  component.name + "@" + slot + ".service"};
  return fact;
}

rc::Gen<Case> random_case() {
  return rc::gen::exec([] {
    Case made;
    made.manifest.name = "test";
    made.manifest.environment = "testing";
    made.manifest.settings.max_parallel = *rc::gen::inRange(0U, 3U);
    const auto count = *rc::gen::inRange<std::size_t>(1, 8);
    for (std::size_t i = 0; i < count; ++i) {
      made.manifest.components.push_back(random_component(i, made.manifest.components));
    }
    made.facts = switchyard::testing::facts_for(made.manifest, {.first = true});
    for (const model::Component& component : made.manifest.components) {
      for (const HostId& host : component.hosts) made.facts.inventory[host].push_back(random_fact(component));
    }
    made.options.sequential = *rc::gen::inRange(0, 4) == 0;
    return made;
  });
}

/// Kinds of steps that change what serves.
bool changes_something(const protocol::Action& action) {
  return std::holds_alternative<protocol::EnsureUnit>(action) ||
         std::holds_alternative<protocol::SwitchTraffic>(action) ||
         std::holds_alternative<protocol::EnsureLink>(action) || std::holds_alternative<protocol::EnsureFile>(action);
}

/// What a host's systemd, switch and `current` look like, as far as steps change it.
struct HostState {
  std::map<std::string, bool> running;
  std::map<std::string, std::vector<protocol::SwitchTarget>> traffic;
  std::map<std::string, std::string> links;
  std::map<std::string, std::string> files;
  bool operator==(const HostState&) const = default;

  void apply(const protocol::Action& action) {
    if (const auto* unit = std::get_if<protocol::EnsureUnit>(&action)) {
      if (unit->state == protocol::UnitState::started) running[unit->unit] = true;
      if (unit->state == protocol::UnitState::stopped) running.erase(unit->unit);
    } else if (const auto* traffic_step = std::get_if<protocol::SwitchTraffic>(&action)) {
      traffic[traffic_step->component] = live(traffic_step->targets);
    } else if (const auto* link = std::get_if<protocol::EnsureLink>(&action)) {
      if (link->absent)
        links.erase(link->path);
      else
        links[link->path] = link->target;
    } else if (const auto* file = std::get_if<protocol::EnsureFile>(&action)) {
      if (file->absent)
        files.erase(file->path);
      else
        files[file->path] = file->content;
    }
  }
  static std::vector<protocol::SwitchTarget> live(std::vector<protocol::SwitchTarget> targets) {
    std::erase_if(targets, [](const protocol::SwitchTarget& target) { return target.weight == 0; });
    return targets;
  }
};

/// The host as it is before the plan: the old unit runs, the switch leads to it, `current` too.
HostState state_before(const protocol::SliceComponent& component) {
  HostState state;
  if (component.old.kind != OldKind::absent && !component.old.unit.empty()) state.running[component.old.unit] = true;
  for (const protocol::Step& step : component.steps) {
    if (const auto* verify = std::get_if<protocol::VerifyOld>(&step.action)) {
      if (verify->traffic.kind != protocol::SwitchKind::none)
        state.traffic[component.name] = HostState::live(verify->traffic.targets);
      break;
    }
  }
  if (component.old.kind == OldKind::release)
    state.links["/srv/" + component.name + "/current"] = "releases/" + component.old.release.str();
  return state;
}

}  // namespace

// Feature: deployment-mcp, Property 15: Deployment Plan Ordering
// For any deployment plan, steps are ordered such that all dependencies are satisfied before execution.
RC_GTEST_PROP(PlanProperties, EveryNodeComesAfterAllNodesOfItsDependencies, ()) {
  const Case given = *random_case();
  const model::Plan plan = plan_deployment(given.manifest, given.facts, given.options);
  std::vector<std::set<std::size_t>> before(plan.nodes.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    for (std::size_t after : plan.nodes[i].after) {
      RC_ASSERT(after < i);
      before[i].insert(after);
      before[i].insert(before[after].begin(), before[after].end());
    }
  }
  // A component may depend on one that does not change, which depends on one that does.
  std::map<std::string, std::set<std::string>> needs;
  for (const model::Component& component : given.manifest.components) {
    for (const std::string& dependency : component.dependencies) {
      needs[component.name].insert(dependency);
      needs[component.name].insert(needs[dependency].begin(), needs[dependency].end());
    }
  }
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    for (std::size_t j = 0; j < plan.nodes.size(); ++j) {
      if (needs[plan.nodes[i].component].contains(plan.nodes[j].component)) RC_ASSERT(before[i].contains(j));
    }
  }
  // On a host the components lie in the same order, and a revert goes back through it.
  for (const auto& [host, slice] : plan.slices) {
    for (std::size_t i = 0; i < slice.components.size(); ++i) {
      for (std::size_t j = i + 1; j < slice.components.size(); ++j) {
        RC_ASSERT(!needs[slice.components[i].name].contains(slice.components[j].name));
      }
    }
  }
}

RC_GTEST_PROP(PlanProperties, NodesAndSlicesSpeakOfTheSameComponents, ()) {
  const Case given = *random_case();
  const model::Plan plan = plan_deployment(given.manifest, given.facts, given.options);
  std::set<std::tuple<std::string, HostId, std::uint32_t>> in_nodes, in_slices;  // with the stage
  for (const model::PlanNode& node : plan.nodes) {
    RC_ASSERT(!node.hosts.empty());
    for (const HostId& host : node.hosts) RC_ASSERT(in_nodes.emplace(node.component, host, node.stage).second);
  }
  std::set<StepId> ids;
  for (const auto& [host, slice] : plan.slices) {
    RC_ASSERT(slice.host == host);
    for (const protocol::SliceComponent& component : slice.components) {
      for (std::uint32_t stage = 1; stage <= component.stages; ++stage) {
        RC_ASSERT(in_slices.emplace(component.name, host, stage).second);
      }
      RC_ASSERT(component.slot != component.old.slot);
      for (const protocol::Step& step : component.steps) {
        RC_ASSERT(ids.insert(step.id).second);
        RC_ASSERT((step.stage != 0U) == (step.phase == protocol::Phase::swap));
        RC_ASSERT(step.stage <= component.stages);
        RC_ASSERT(step.timeout_ms > 0U);
        RC_ASSERT(!step.title.empty());
      }
      RC_ASSERT(std::is_sorted(component.steps.begin(), component.steps.end(),
                               [](const auto& a, const auto& b) { return a.phase < b.phase; }));
    }
  }
  RC_ASSERT(in_nodes == in_slices);
  const protocol::PlanHeader header = protocol::decode_header(plan.header);
  RC_ASSERT(header.slices.size() == plan.slices.size());
  RC_ASSERT(std::is_sorted(header.slices.begin(), header.slices.end(),
                           [](const auto& a, const auto& b) { return a.host < b.host; }));
  RC_ASSERT(!plan_text(plan).empty());
}

RC_GTEST_PROP(PlanProperties, EverySwapStepThatChangesSomethingHasItsUndo, ()) {
  const Case given = *random_case();
  const model::Plan plan = plan_deployment(given.manifest, given.facts, given.options);
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      for (const protocol::Step& step : component.steps) {
        if (step.phase == protocol::Phase::swap && changes_something(step.action)) RC_ASSERT(step.undo.has_value());
      }
    }
  }
}

// However far a swap came, its undos in reverse bring the host back to exactly what it was.
RC_GTEST_PROP(PlanProperties, UndosLeadBackToTheStateBefore, ()) {
  const Case given = *random_case();
  const model::Plan plan = plan_deployment(given.manifest, given.facts, given.options);
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      const HostState before = state_before(component);
      std::vector<protocol::Step> steps = component.steps;
      std::erase_if(steps, [](const protocol::Step& step) { return step.phase > protocol::Phase::swap; });
      const auto reached = *rc::gen::inRange<std::size_t>(0, steps.size() + 1);
      HostState state = before;
      for (std::size_t i = 0; i < reached; ++i) state.apply(steps[i].action);
      for (std::size_t i = reached; i-- > 0;) {
        if (steps[i].undo) state.apply(*steps[i].undo);
      }
      RC_ASSERT(state.running == before.running);
      RC_ASSERT(state.links == before.links);
      RC_ASSERT(state.files == before.files);
      RC_ASSERT(state.traffic[component.name] == HostState(before).traffic[component.name]);
    }
  }
}

// What a deployment brought, its rollback takes back.
RC_GTEST_PROP(PlanProperties, ARollbackLeadsBackToTheStateBefore, ()) {
  const Case given = *random_case();
  const model::Plan done = plan_deployment(given.manifest, given.facts, given.options);
  RC_PRE(!done.slices.empty());
  PlanningFacts facts = given.facts;
  facts.deployment = DeploymentId("d-0000000000000002");
  for (const auto& [host, slice] : done.slices) {
    facts.inventory[host].clear();
    for (const protocol::SliceComponent& component : slice.components) {
      protocol::ComponentFact fact;
      fact.component = component.name;
      fact.serving = {OldKind::release, component.slot, component.release, component.unit};
      facts.inventory[host].push_back(std::move(fact));
    }
  }
  if (*rc::gen::arbitrary<bool>()) remember_plan(done, facts);
  const model::Plan back = plan_rollback(done, {}, facts);
  for (const auto& [host, slice] : back.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      const auto& components = done.slices.at(host).components;
      const auto original =
          std::find_if(components.begin(), components.end(), [&](const auto& c) { return c.name == component.name; });
      HostState state = state_before(*original);
      const HostState before = state;
      for (const auto* steps : {&original->steps, &component.steps}) {
        for (const protocol::Step& step : *steps) state.apply(step.action);
      }
      RC_ASSERT(state.running == before.running);
      RC_ASSERT(state.links == before.links);
      RC_ASSERT(state.traffic[component.name] == HostState(before).traffic[component.name]);
    }
  }
}

RC_GTEST_PROP(PlanProperties, TheHashChangesWithAnyStep, ()) {
  const Case given = *random_case();
  const model::Plan plan = plan_deployment(given.manifest, given.facts, given.options);
  RC_PRE(!plan.slices.empty());
  RC_ASSERT(plan_deployment(given.manifest, given.facts, given.options).hash == plan.hash);
  Case other = given;
  const auto index = *rc::gen::inRange<std::size_t>(0, given.manifest.components.size());
  model::Component& component = other.manifest.components[index];
  const bool changes = std::any_of(plan.nodes.begin(), plan.nodes.end(),
                                   [&](const model::PlanNode& node) { return node.component == component.name; });
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      component.service.environment["NEW"] = "1";
      break;
    case 1:
      component.service.command.push_back("--new");
      break;
    case 2:
      component.retry_attempts += 1;
      break;
    default:
      other.facts.artifacts[component.name].bytes += 1;
      break;
  }
  RC_ASSERT((plan_deployment(other.manifest, other.facts, other.options).hash != plan.hash) == changes);
}

}  // namespace switchyard::planner
