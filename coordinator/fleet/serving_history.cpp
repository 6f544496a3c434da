#include "coordinator/fleet/serving_history.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/fleet/last_committed.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

template <class Container, class Value>
bool is_listed(const Container& container, const Value& value) {
  return std::find(container.begin(), container.end(), value) != container.end();
}

/// It was not there, and is still to be brought there.
bool is_owed_by(const DeploymentRow& row, const Place& place) {
  if (!is_listed(row.deferred, place.first)) return false;
  const auto some = row.deferred_components.find(place.first);
  return some == row.deferred_components.end() || is_listed(some->second, place.second);
}

}  // namespace

bool serves_the_same(const std::optional<Served>& one, const std::optional<Served>& other) {
  if (!one || !other) return false;
  if (one->deployment == other->deployment) return true;
  return one->brought.runs && other->brought.runs && planner::runs_the_same(*one->brought.runs, *other->brought.runs);
}

ServingHistory::ServingHistory(const store::StateStore& store, CommittedPlans& plans)
    : plans_(plans), rows_(store.deployments(limits::deferral_rows_max)) {
  for (model::ServingRow& row : last_committed(store.serving(), rows_)) {
    serving_.emplace(Place(row.host, row.component), std::move(row));
  }
}

std::size_t ServingHistory::index_of(const DeploymentId& id) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const DeploymentRow& row) { return row.id == id; });
  return static_cast<std::size_t>(found - rows_.begin());
}

std::optional<Served> ServingHistory::now(const Place& place) const {
  const auto found = serving_.find(place);
  if (found == serving_.end()) return std::nullopt;
  const protocol::OldState& serving = found->second.serving;
  const auto plan = plans_.find(found->second.deployment);
  if (plan == nullptr) return std::nullopt;
  const auto brought = plan->brought.find(place);
  const bool fits = brought != plan->brought.end() && brought->second.slot == serving.slot &&
                    brought->second.release == serving.release;
  return fits ? std::optional(Served{found->second.deployment, brought->second}) : std::nullopt;
}

std::optional<Served> ServingHistory::brought_since(std::size_t row, const Place& place) const {
  for (; row < rows_.size(); ++row) {
    const DeploymentRow& older = rows_[row];
    if (older.state != DeploymentState::done || is_listed(older.gone, place.first)) continue;
    const auto plan = plans_.find(older.id);
    if (plan == nullptr) continue;
    const auto brought = plan->brought.find(place);
    if (brought != plan->brought.end()) return Served{older.id, brought->second};
  }
  return std::nullopt;
}

std::optional<Served> ServingHistory::before(const DeploymentId& undone, const Place& place,
                                             const protocol::OldState& found) const {
  if (found.kind != protocol::OldKind::release) return std::nullopt;
  for (std::size_t row = index_of(undone) + 1; row < rows_.size(); ++row) {
    auto served = brought_since(row, place);
    if (!served) return std::nullopt;
    // The slot holds what came into it last.
    if (served->brought.slot == found.slot) {
      return served->brought.release == found.release ? std::move(served) : std::nullopt;
    }
    row = index_of(served->deployment);
  }
  return std::nullopt;
}

std::optional<Served> ServingHistory::unchanged(const DeploymentRow& version, const CommittedPlan& plan,
                                                const Place& place, const ReleaseId& wanted) const {
  auto served = brought_since(index_of(version.id), place);
  if (!served || served->brought.release != wanted) return std::nullopt;
  // A host that the version never reached has kept what was older: the same bytes, perhaps, and another configuration.
  for (const auto& [other, brought] : plan.brought) {
    if (other.second != place.second || !brought.runs) continue;
    if (!served->brought.runs || !planner::runs_the_same(*served->brought.runs, *brought.runs)) return std::nullopt;
  }
  return served;
}

std::map<Place, VersionPlace> ServingHistory::of(const DeploymentRow& version) const {
  std::map<Place, VersionPlace> places;
  const auto note = [&](const DeploymentRow& row) {
    const auto plan = plans_.find(row.id);
    if (plan == nullptr) return;
    for (const auto& [place, brought] : plan->brought) {
      if (is_listed(row.gone, place.first)) continue;
      places.try_emplace(place, VersionPlace{brought.release, Served{row.id, brought}});
    }
  };
  // Who was brought there later has it from there; the newest word counts.
  for (const DeploymentRow& row : rows_) {
    const bool later = row.kind == DeploymentKind::converge && row.rollback_of == version.id;
    if (later && row.state == DeploymentState::done) note(row);
  }
  note(version);
  const auto plan = plans_.find(version.id);
  if (plan == nullptr) return places;
  for (const auto& [place, release] : plan->about) {
    if (places.contains(place) || is_owed_by(version, place) || is_listed(version.gone, place.first)) continue;
    places.emplace(place, VersionPlace{release, unchanged(version, *plan, place, release)});
  }
  return places;
}

std::optional<DeploymentRow> ServingHistory::origin(const DeploymentRow& before, const std::string& component,
                                                    const Served& served) const {
  if (!served.brought.runs) return std::nullopt;
  for (std::size_t row = index_of(before.id) + 1; row < rows_.size(); ++row) {
    const DeploymentRow& older = rows_[row];
    if (older.kind != DeploymentKind::deploy || older.state != DeploymentState::done) continue;
    const auto plan = older.environment == before.environment ? plans_.find(older.id) : nullptr;
    if (plan == nullptr) continue;
    const bool same = std::any_of(plan->brought.begin(), plan->brought.end(), [&](const auto& entry) {
      const auto& runs = entry.second.runs;
      return entry.first.second == component && runs && planner::runs_the_same(*runs, *served.brought.runs);
    });
    if (same) return older;
  }
  return std::nullopt;
}

bool ServingHistory::had_any(const DeploymentId& version, const Place& place) const {
  const auto served = brought_since(index_of(version), place);
  return served && !served->brought.release.empty();
}

}  // namespace switchyard::fleet
