#include "coordinator/forecast/duration_history.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "common/limits.hpp"
#include "coordinator/forecast/step_kind.hpp"
#include "protocol/step.hpp"

namespace switchyard::forecast {
namespace {

std::optional<std::int64_t> number_of(const model::TimelineEntry& entry, const char* field) {
  const auto found = entry.fields.find(field);
  if (found == entry.fields.end()) return std::nullopt;
  std::int64_t number = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [rest, error] = std::from_chars(found->second.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) return std::nullopt;
  return number;
}

/// The smallest value that at least `percent` of them do not exceed.
std::int64_t rank(const std::vector<std::int64_t>& sorted, std::size_t percent) {
  const std::size_t place = (sorted.size() * percent + 99) / 100;
  return sorted[place == 0 ? 0 : place - 1];
}

}  // namespace

void DurationHistory::add(const std::string& component, const std::string& kind, std::int64_t ms) {
  std::vector<std::int64_t>& samples = samples_[{component, kind}];
  if (samples.size() < limits::forecast_samples_max) samples.push_back(ms);
}

void DurationHistory::add(const model::Plan& plan, const std::vector<model::TimelineEntry>& timeline) {
  std::map<std::string, const protocol::Step*> steps;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      for (const protocol::Step& step : component.steps) steps.emplace(step.id.str(), &step);
    }
  }
  std::set<std::pair<std::string, bool>> measured;
  for (const model::TimelineEntry& entry : timeline) {
    if (entry.what != "step" || entry.state != protocol::step_state_name(protocol::StepState::done)) continue;
    const auto id = entry.fields.find("step");
    const auto ms = number_of(entry, "ms");
    if (id == entry.fields.end() || !ms) continue;
    const auto step = steps.find(id->second);
    if (step == steps.end()) continue;
    // Done once more, after a pause, it finds most of it done: that is not how long it takes.
    if (measured.emplace(id->second, model::is_undo(entry)).second) {
      add(entry.component, step_kind(*step->second, model::is_undo(entry)), *ms);
    }
  }
  add_hold(timeline);
}

/// From the last switch until the last host has dialled anew and held. Of what stood still in between some hosts may
/// have held before, or nothing was asked for hours: no measure of it.
void DurationHistory::add_hold(const std::vector<model::TimelineEntry>& timeline) {
  using model::DeploymentState;
  std::optional<std::int64_t> begun;
  for (const model::TimelineEntry& entry : timeline) {
    if (entry.what != "state" || !entry.host.empty()) continue;
    if (entry.state == model::state_name(DeploymentState::paused)) return;
    if (entry.state == model::state_name(DeploymentState::holding)) begun = entry.wall_ms;
    if (entry.state != model::state_name(DeploymentState::watching)) continue;
    if (begun && entry.wall_ms >= *begun) add("", hold_kind, entry.wall_ms - *begun);
    return;
  }
}

std::optional<Spread> DurationHistory::find(const std::string& component, const std::string& kind) const {
  const auto found = samples_.find({component, kind});
  if (found == samples_.end()) return std::nullopt;
  std::vector<std::int64_t> sorted = found->second;
  std::sort(sorted.begin(), sorted.end());
  return Spread{rank(sorted, 10), rank(sorted, 50), rank(sorted, 90), sorted.size()};
}

}  // namespace switchyard::forecast
