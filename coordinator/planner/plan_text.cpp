#include "coordinator/planner/plan_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "coordinator/planner/caller_defaults.hpp"
#include "coordinator/planner/plan_graph.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {

namespace {

using protocol::OldKind;
using protocol::SliceComponent;

/// Hosts on which the same is said of a component, in the order of the plan.
struct Group {
  std::string component;
  std::string key;
  const SliceComponent* example = nullptr;
  std::vector<HostId> hosts;
};

std::string seconds(std::uint32_t ms) {
  std::string text = std::to_string(ms / 1'000);
  if (ms % 1'000 != 0) text += "." + std::to_string(1'000 + ms % 1'000).substr(1);
  return text + " s";
}

std::string joined(const std::vector<HostId>& hosts) {
  std::string text;
  for (const HostId& host : hosts) text += (text.empty() ? "" : ", ") + host.str();
  return text;
}

std::string side_text(const protocol::OldState& state) {
  switch (state.kind) {
    case OldKind::absent:
      return "nothing";
    case OldKind::legacy:
      return state.unit.empty() ? "an unmanaged process" : state.unit;
    case OldKind::release:
      return "release " + short_id(state.release) + " in " + state.slot;
  }
  return {};
}

protocol::OldState new_side(const SliceComponent& component) {
  protocol::OldState side{OldKind::release, component.slot, component.release, component.unit};
  // A rollback may lead back to a service that was not deployed by us, or to nothing.
  if (component.release.empty()) side.kind = component.slot.empty() ? OldKind::absent : OldKind::legacy;
  return side;
}

/// Collects what `line_of` says per component and host; the order is that of the plan's nodes.
template <class LineOf>
std::vector<Group> grouped(const model::Plan& plan, const LineOf& line_of) {
  std::vector<Group> groups;
  for (const model::PlanNode& node : plan.nodes) {
    // The further shares of a canary are of the same hosts.
    if (node.stage != 1) continue;
    for (const HostId& host : node.hosts) {
      const auto slice = plan.slices.find(host);
      if (slice == plan.slices.end()) continue;
      for (const SliceComponent& component : slice->second.components) {
        if (component.name != node.component) continue;
        std::string line = line_of(component);
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
          return group.component == component.name && group.key == line;
        });
        if (same == groups.end()) {
          groups.push_back({component.name, std::move(line), &component, {host}});
        } else {
          same->hosts.push_back(host);
        }
      }
    }
  }
  return groups;
}

std::string share_text(const model::Plan& plan, const model::PlanNode& node) {
  const auto share = model::share_of(plan, node);
  return share ? std::to_string(*share) + " % of " : "";
}

std::string pause_text(const model::PlanNode& node) {
  if (!node.pauses()) return "";
  std::string text = "; then watched for " + seconds(node.pause_ms);
  return node.promoted_by_hand ? text + ", and on when a person promotes it" : text;
}

std::string order_text(const model::Plan& plan) {
  std::string text = "Order:\n";
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const model::PlanNode& node = plan.nodes[i];
    text += "  " + std::to_string(i + 1) + ". " + share_text(plan, node) + node.component + " on " + joined(node.hosts);
    std::string after;
    for (std::size_t index : node.after) after += (after.empty() ? "" : ", ") + std::to_string(index + 1);
    if (!after.empty()) text += "; after " + after;
    if (node.exclusive) text += "; alone";
    text += pause_text(node);
    text += "\n";
  }
  return text;
}

std::string changes_text(const model::Plan& plan) {
  std::string text = "Changes:\n";
  const auto line_of = [](const SliceComponent& component) {
    return side_text(component.old) + " -> " + side_text(new_side(component));
  };
  for (const Group& group : grouped(plan, line_of)) {
    text += "  " + group.component + " on " + joined(group.hosts) + ": " + group.key + "\n";
  }
  return text;
}

/// What people who depend on the component will notice.
std::string interruption_of(const SliceComponent& component) {
  if (new_side(component).kind == OldKind::absent) return "stops serving";
  if (component.old.kind == OldKind::absent) return "";
  if (find_switch(component) != nullptr) return "";
  return "is stopped before the new release starts, and serves again when that is healthy";
}

std::string interruptions_text(const model::Plan& plan) {
  std::string lines;
  for (const Group& group : grouped(plan, interruption_of)) {
    if (!group.key.empty()) lines += "  " + group.component + " on " + joined(group.hosts) + " " + group.key + "\n";
  }
  if (lines.empty()) return "Interruptions: none\n";
  return "Interruptions:\n" + lines;
}

/// What a person has to do, or should know, beside the steps.
std::string notes_text(const model::Plan& plan) {
  const auto note_of = [](const SliceComponent& component) -> std::string {
    if (component.old.kind != OldKind::legacy || !component.old.unit.empty()) return "";
    return "the process that serves now is left running without traffic; end it by hand when the deployment is done";
  };
  std::string lines;
  for (const Group& group : grouped(plan, note_of)) {
    if (!group.key.empty()) lines += "  " + group.component + " on " + joined(group.hosts) + ": " + group.key + "\n";
  }
  for (const std::string& sentence : plan.settings.migrations_not_run) lines += "  " + sentence + "\n";
  return lines.empty() ? "" : "Notes:\n" + lines;
}

std::string steps_text(const model::Plan& plan) {
  const auto lines_of = [](const SliceComponent& component) {
    std::string lines;
    std::string_view phase;
    for (const protocol::Step& step : component.steps) {
      const std::string_view name = protocol::phase_name(step.phase);
      std::string head = name == phase ? "" : std::string(name);
      phase = name;
      head.resize(9, ' ');
      lines += "    " + head + step.title + "\n";
    }
    return lines;
  };
  std::string text = "Steps:\n";
  for (const Group& group : grouped(plan, lines_of)) {
    text += "  " + group.component + " on " + joined(group.hosts) + "\n" + group.key;
  }
  return text;
}

std::string settings_text(const model::PlanSettings& settings) {
  std::string text = "Settings:\n  a failure ";
  text += settings.rollback_on_failure ? "brings every host back to what it ran before\n"
                                       : "stops the deployment where it is, until a person decides\n";
  if (settings.rollback_strategy != model::RollbackStrategy::immediate) {
    text += "  what was begun is undone by the strategy " +
            std::string(model::rollback_strategy_name(settings.rollback_strategy)) + "\n";
  }
  text += "  at most " + seconds(settings.prepare_ms) + " to prepare; a host on its own goes back after " +
          seconds(settings.confirm_ms) + "\n";
  text += settings.watch_ms == 0 ? "  no watch window"
                                 : "  watched for " + seconds(settings.watch_ms) + " before the commit";
  text += "; the old stays warm for " + seconds(settings.keep_old_ms) + " after it\n";
  if (settings.max_parallel != 0) text += "  at most " + std::to_string(settings.max_parallel) + " at a time\n";
  if (settings.unreachable == model::Unreachable::defer) {
    text += "  at most " + std::to_string(settings.defer_max) + " unreachable hosts follow later\n";
  }
  for (const std::string& taken : settings.caller_defaults) {
    text += "  " + taken + ": " + where_it_is_from(taken) + "\n";
  }
  return text;
}

}  // namespace

std::string plan_text(const model::Plan& plan, const std::string& more) {
  std::string text = "Plan " + plan.name + " for " + plan.environment + "\n";
  if (plan.slices.empty()) return text + "Nothing to do: what is wanted serves already.\n" + more;
  text += order_text(plan);
  if (plan.nodes.size() > 1) text += "Graph:\n" + graph_text(graph_of(plan));
  text += changes_text(plan);
  text += interruptions_text(plan);
  text += notes_text(plan);
  text += steps_text(plan);
  text += settings_text(plan.settings);
  text += more;
  text += "Hash: " + plan.hash + "\n";
  return text;
}

}  // namespace switchyard::planner
