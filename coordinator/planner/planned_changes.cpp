#include "coordinator/planner/planned_changes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {
namespace {

using protocol::OldKind;
using protocol::SliceComponent;

std::string serves_text(const protocol::OldState& state) {
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

const SliceComponent* find_planned(const model::Plan& plan, const HostId& host, const std::string& name) {
  const auto slice = plan.slices.find(host);
  if (slice == plan.slices.end()) return nullptr;
  for (const SliceComponent& component : slice->second.components) {
    if (component.name == name) return &component;
  }
  return nullptr;
}

std::string or_nothing(const std::string& text) { return text.empty() ? "nothing" : text; }

/// Collects one component's differences from its steps.
class Differences {
 public:
  Differences(const SliceComponent& planned, const SliceComponent* serving) : planned_(planned), serving_(serving) {}

  std::vector<Difference> take() {
    if (planned_.old.release != planned_.release) {
      differences_.push_back(
          {"release", "", or_nothing(short_id(planned_.old.release)), or_nothing(short_id(planned_.release))});
    }
    add("slot", "", or_nothing(planned_.old.slot), or_nothing(planned_.slot));
    for (const protocol::Step& step : planned_.steps) {
      // Of what is done when everything is over, only that the old unit ends.
      const bool is_unit = std::holds_alternative<protocol::EnsureUnit>(step.action);
      if (step.phase == protocol::Phase::retire && !is_unit) continue;
      std::visit([&](const auto& action) { look_at(step, action); }, step.action);
    }
    for (const auto& [unit, words] : units_) differences_.push_back({"unit", unit, words.first, words.second});
    const protocol::EnsureConfiguration* before = configured_by(serving_);
    if (before != nullptr && !planned_.release.empty() && configured_by(&planned_) == nullptr) {
      add("configuration", before->file, "what an earlier deployment wrote", "nothing");
    }
    return std::move(differences_);
  }

 private:
  void add(std::string what, std::string subject, std::string from, std::string to) {
    if (from != to) differences_.push_back({std::move(what), std::move(subject), std::move(from), std::move(to)});
  }
  void look_at(const protocol::Step& step, const protocol::EnsureFile& file) {
    const auto* before = step.undo ? std::get_if<protocol::EnsureFile>(&*step.undo) : nullptr;
    if (before != nullptr && *before == file) return;
    const bool is_new = before == nullptr || before->absent;
    add("file", file.path, is_new ? "nothing that is known" : "what an earlier deployment wrote",
        file.absent ? "removed" : "written");
  }
  void look_at(const protocol::Step& step, const protocol::EnsureLink& link) {
    const auto* before = step.undo ? std::get_if<protocol::EnsureLink>(&*step.undo) : nullptr;
    add("link", link.path, before == nullptr ? "not known" : or_nothing(before->target), or_nothing(link.target));
  }
  /// The same unit may be stopped, started and enabled: its words are kept together.
  void look_at(const protocol::Step& step, const protocol::EnsureUnit& unit) {
    auto& [from, to] = units_[unit.unit];
    if (from.empty()) from = unit.unit == planned_.old.unit ? "serves" : "does not serve";
    std::string word;
    if (unit.state == protocol::UnitState::started || unit.state == protocol::UnitState::restarted) word = "started";
    if (unit.state == protocol::UnitState::stopped) word = "stopped";
    if (unit.enablement == protocol::UnitEnablement::enabled) word = "enabled";
    if (unit.enablement == protocol::UnitEnablement::disabled) word = "disabled";
    if (step.phase == protocol::Phase::retire) word += " when it is no longer kept warm";
    if (!word.empty()) to += (to.empty() ? "" : ", ") + word;
  }
  /// Of a canary the last one counts.
  void look_at(const protocol::Step& step, const protocol::SwitchTraffic& traffic) {
    if (step.stage != planned_.stages) return;
    const bool haproxy = traffic.kind == protocol::SwitchKind::haproxy;
    const std::string subject = haproxy ? "HAProxy backend " + traffic.haproxy_backend
                                        : "stable port " + std::to_string(traffic.stable_port) + " (nftables)";
    const auto* before = step.undo ? std::get_if<protocol::SwitchTraffic>(&*step.undo) : nullptr;
    add("traffic", subject, before == nullptr ? "not known" : led_to(*before), led_to(traffic));
  }
  void look_at(const protocol::Step&, const protocol::Restore& restored) {
    for (const std::string& file : restored.files) add("file", file, "as it is", "as " + restored.name + " found it");
  }
  /// Which values are others; what they are is said nowhere.
  void look_at(const protocol::Step&, const protocol::EnsureConfiguration& wanted) {
    const protocol::EnsureConfiguration* before = configured_by(serving_);
    if (before == nullptr) return add("configuration", wanted.file, "nothing that is known", "written");
    for (const auto& [key, digest] : wanted.keys) {
      const auto found = before->keys.find(key);
      if (found == before->keys.end()) {
        add("configuration", key, "nothing", "set");
      } else if (found->second != digest) {
        add("configuration", key, "one value", "another");
      }
    }
    for (const auto& [key, digest] : before->keys) {
      if (!wanted.keys.contains(key)) add("configuration", key, "set", "nothing");
    }
    if (before->keys == wanted.keys && before->digest != wanted.digest) {
      add("configuration", wanted.file, "one form", "another");
    }
  }
  template <class Other>
  void look_at(const protocol::Step&, const Other&) {}

  static const protocol::EnsureConfiguration* configured_by(const SliceComponent* brought) {
    const protocol::EnsureConfiguration* last = nullptr;
    if (brought == nullptr) return last;
    for (const protocol::Step& step : brought->steps) {
      if (const auto* found = std::get_if<protocol::EnsureConfiguration>(&step.action)) last = found;
    }
    return last;
  }
  static std::string led_to(const protocol::SwitchTraffic& traffic) {
    for (const protocol::SwitchTarget& target : traffic.targets) {
      if (target.weight > 0) return target.slot;
    }
    return "no slot";
  }

  const SliceComponent& planned_;
  const SliceComponent* serving_;  ///< nullptr: what brought what serves is not known
  std::map<std::string, std::pair<std::string, std::string>> units_;
  std::vector<Difference> differences_;
};

std::string lines_of(const PlannedChange& change) {
  if (!change.known) return change.serves + "\n";
  if (change.differences.empty()) return "nothing (" + change.serves + ")\n";
  std::string text = "\n";
  for (const Difference& difference : change.differences) {
    text += "    " + difference.what + (difference.subject.empty() ? "" : " " + difference.subject) + ": " +
            difference.from + " -> " + difference.to + "\n";
  }
  return text;
}

}  // namespace

std::vector<PlannedChange> planned_changes(const model::Manifest& manifest, const PlanningFacts& facts,
                                           const model::Plan& plan) {
  std::vector<PlannedChange> changes;
  for (const model::Component& component : manifest.components) {
    for (const HostId& host : component.hosts) {
      PlannedChange change;
      change.host = host;
      change.component = component.name;
      const std::vector<protocol::ComponentFact>* known = find_facts(facts, host);
      change.known = known != nullptr;
      change.serves = known == nullptr ? "not known: the host does not answer, and follows when it is back"
                                       : serves_text(fact_of(*known, component.name).serving);
      if (const SliceComponent* planned = find_planned(plan, host, component.name)) {
        const HostHistory history(facts, host, component.name);
        change.differences = Differences(*planned, history.find(planned->old.slot, planned->old.release)).take();
      }
      changes.push_back(std::move(change));
    }
  }
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  return changes;
}

std::string changes_text(const std::vector<PlannedChange>& changes) {
  struct Group {
    std::string component, lines, hosts;
  };
  std::vector<Group> groups;
  for (const PlannedChange& change : changes) {
    const std::string lines = lines_of(change);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.component == change.component && group.lines == lines;
    });
    if (same == groups.end()) {
      groups.push_back({change.component, lines, change.host.str()});
    } else {
      same->hosts += ", " + change.host.str();
    }
  }
  std::string text;
  for (const Group& group : groups) {
    text +=
        "  " + group.component + " on " + group.hosts + ":" + (group.lines.front() == '\n' ? "" : " ") + group.lines;
  }
  return text;
}

}  // namespace switchyard::planner
