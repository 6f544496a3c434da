#include "coordinator/forecast/estimate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "coordinator/forecast/pass_schedule.hpp"
#include "coordinator/forecast/step_kind.hpp"
#include "coordinator/model/plan_lookup.hpp"
#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::forecast {
namespace {

using protocol::Phase;
using protocol::SliceComponent;

/// Three figures at once, that of the 10th, 50th and 90th percentile.
using Figures = std::array<std::int64_t, 3>;

Figures operator+(Figures a, const Figures& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}
Figures later(Figures a, const Figures& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::max(a[i], b[i]);
  return a;
}
Figures same(std::int64_t ms) { return {ms, ms, ms}; }

/// Looks up, and remembers what it did not find.
class Ruler {
 public:
  explicit Ruler(const DurationHistory& history) : history_(history) {}

  Figures measure(const std::string& component, const std::string& kind) {
    const auto spread = history_.find(component, kind);
    if (!spread) {
      unmeasured_.insert((component.empty() ? "" : component + ": ") + kind);
      return {};
    }
    samples_ = std::min(samples_, spread->samples);
    return {spread->p10_ms, spread->median_ms, spread->p90_ms};
  }

  /// The steps of one phase one after another; of a swap those of one stage.
  Figures measure(const SliceComponent& component, Phase phase, std::uint32_t stage) {
    Figures sum{};
    for (const protocol::Step& step : component.steps) {
      if (step.phase != phase) continue;
      if (phase == Phase::swap && std::max(step.stage, 1u) != stage) continue;
      sum = sum + measure(component.name, step_kind(step));
    }
    return sum;
  }

  Estimate result(const Figures& figures) const {
    if (!unmeasured_.empty()) return {std::nullopt, {unmeasured_.begin(), unmeasured_.end()}};
    const bool measured = samples_ != std::numeric_limits<std::size_t>::max();
    return {Spread{figures[0], figures[1], figures[2], measured ? samples_ : 0}, {}};
  }

 private:
  const DurationHistory& history_;
  std::set<std::string> unmeasured_;
  std::size_t samples_ = std::numeric_limits<std::size_t>::max();
};

/// A node is done when its last host is.
Figures node_duration(const model::Plan& plan, const model::PlanNode& node, Phase phase, Ruler& ruler) {
  Figures longest{};
  for (const HostId& host : node.hosts) {
    if (const SliceComponent* component = model::find_component(plan, host, node.component)) {
      longest = later(longest, ruler.measure(*component, phase, node.stage));
    }
  }
  return longest;
}

/// The end of the last node, by the engine's own order: once for each of the three figures, which may lead to another
/// order.
Figures pass_duration(const model::Plan& plan, engine::Pass pass, Ruler& ruler) {
  const Phase phase = pass == engine::Pass::prepare ? Phase::prepare : Phase::swap;
  std::array<std::vector<std::int64_t>, Figures().size()> node_ms;
  for (const model::PlanNode& node : plan.nodes) {
    // What comes after a canary's first share was prepared with that.
    const bool nothing = pass == engine::Pass::prepare && node.stage != 1;
    const Figures figures = nothing ? Figures{} : node_duration(plan, node, phase, ruler);
    for (std::size_t i = 0; i < figures.size(); ++i) node_ms[i].push_back(figures[i]);
  }
  Figures ends{};
  for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = pass_duration_ms(plan, pass, node_ms[i]);
  return ends;
}

/// On a host one component commits after the other; the hosts do it side by side.
Figures commit_duration(const model::Plan& plan, Ruler& ruler) {
  Figures longest{};
  for (const auto& [host, slice] : plan.slices) {
    Figures sum{};
    for (const SliceComponent& component : slice.components) sum = sum + ruler.measure(component, Phase::commit, 0);
    longest = later(longest, sum);
  }
  return longest;
}

/// From the stop of the old release until the last check of the swap has passed.
Figures time_without(const SliceComponent& component, Ruler& ruler) {
  Figures sum{};
  bool stopped = false;
  for (const protocol::Step& step : component.steps) {
    if (step.phase != Phase::swap) continue;
    const auto* unit = std::get_if<protocol::EnsureUnit>(&step.action);
    stopped = stopped || (unit != nullptr && unit->state == protocol::UnitState::stopped);
    if (stopped) sum = sum + ruler.measure(component.name, step_kind(step));
  }
  return sum;
}

bool is_restarted(const SliceComponent& component) {
  return component.old.kind != protocol::OldKind::absent && !component.release.empty() &&
         planner::find_switch(component) == nullptr;
}

std::string seconds(std::int64_t ms) {
  const std::int64_t tenths = (ms + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

Estimate estimate_duration(const model::Plan& plan, const DurationHistory& history) {
  Ruler ruler(history);
  if (plan.slices.empty()) return ruler.result({});
  Figures sum = pass_duration(plan, engine::Pass::prepare, ruler) + pass_duration(plan, engine::Pass::swap, ruler);
  sum = sum + ruler.measure("", hold_kind) + same(plan.settings.watch_ms) + commit_duration(plan, ruler);
  return ruler.result(sum);
}

std::vector<Downtime> estimate_downtime(const model::Plan& plan, const DurationHistory& history) {
  std::map<std::string, std::vector<HostId>> restarted;
  for (const auto& [host, slice] : plan.slices) {
    for (const SliceComponent& component : slice.components) {
      if (is_restarted(component)) restarted[component.name].push_back(host);
    }
  }
  std::vector<Downtime> downtimes;
  for (auto& [name, hosts] : restarted) {
    Ruler ruler(history);
    Figures longest{};
    for (const HostId& host : hosts)
      longest = later(longest, time_without(*model::find_component(plan, host, name), ruler));
    downtimes.push_back({name, std::move(hosts), ruler.result(longest)});
  }
  return downtimes;
}

std::string estimate_text(const Estimate& estimate) {
  if (estimate.spread) {
    const Spread& spread = *estimate.spread;
    if (spread.samples == 0) return seconds(spread.median_ms) + " s";
    return seconds(spread.median_ms) + " s (" + seconds(spread.p10_ms) + " to " + seconds(spread.p90_ms) + " s, " +
           std::to_string(spread.samples) + (spread.samples == 1 ? " sample)" : " samples)");
  }
  constexpr std::size_t named_max = 5;
  std::string text = "no history";
  for (std::size_t i = 0; i < std::min(named_max, estimate.unmeasured.size()); ++i) {
    text += (i == 0 ? " of " : ", ") + estimate.unmeasured[i];
  }
  if (estimate.unmeasured.size() > named_max) {
    text += " and " + std::to_string(estimate.unmeasured.size() - named_max) + " more";
  }
  return text;
}

}  // namespace switchyard::forecast
