#include "coordinator/fleet/deferrals.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/fleet/last_committed.hpp"
#include "coordinator/model/plan_lookup.hpp"
#include "coordinator/planner/what_runs.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

using Rows = std::vector<DeploymentRow>;

bool has(const Places& places, const HostId& host, const std::string& component) {
  const auto found = places.find(host);
  return found != places.end() && found->second.contains(component);
}

void add_places(const model::Plan& plan, Places& places) {
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) places[host].insert(component.name);
  }
}

void keep_only(const std::vector<std::string>& components, Places& places) {
  if (components.empty()) return;
  for (auto& [host, names] : places) {
    std::erase_if(names, [&](const std::string& name) {
      return std::find(components.begin(), components.end(), name) == components.end();
    });
  }
}

/// All that the snapshot says, whether the restore has to change it there or not.
Places places_of_restore(const store::StateStore& store, const DeploymentRow& restore) {
  Places places;
  const auto snapshot = store.snapshot(restore.snapshot);
  if (!snapshot) return places;
  for (const model::SnapshotPlace& place : snapshot->places) places[place.host].insert(place.component);
  return places;
}

/// Of the deployment or restore that is undone in the end: a rollback may undo a rollback.
Places places_of_rollback(const store::StateStore& store, const DeploymentRow& rollback) {
  Places places;
  std::optional<DeploymentRow> undone = store.deployment(rollback.rollback_of);
  std::vector<std::vector<std::string>> asked{rollback.components};
  for (std::size_t i = 0; i < limits::deferral_rows_max && undone && undone->kind == DeploymentKind::rollback; ++i) {
    asked.push_back(undone->components);
    undone = store.deployment(undone->rollback_of);
  }
  if (!undone) return places;
  if (undone->kind == DeploymentKind::restore) {
    places = places_of_restore(store, *undone);
  } else if (const auto source = store.source(undone->id)) {
    places = places_of(*source);
  }
  for (const auto& components : asked) keep_only(components, places);
  return places;
}

/// What unfinished rollbacks and restores take back. One that waits for approval does nothing yet.
Places being_rolled_back(const store::StateStore& store) {
  Places places;
  for (const DeploymentRow& row : store.unfinished_deployments()) {
    const bool restores = row.kind == DeploymentKind::restore;
    if ((row.kind != DeploymentKind::rollback && !restores) || row.state == DeploymentState::draft) continue;
    for (const auto& [host, components] : restores ? places_of_restore(store, row) : places_of_rollback(store, row)) {
      places[host].insert(components.begin(), components.end());
    }
  }
  return places;
}

/// What a component is to run.
struct WantedRelease {
  std::set<ReleaseId> releases;             ///< one of these
  std::vector<planner::Running> runs = {};  ///< as one of these is configured; none: that is not known
};

void add_wanted(const protocol::SliceComponent& component, WantedRelease& wanted) {
  if (component.release.empty()) return;
  wanted.releases.insert(component.release);
  if (const auto runs = planner::what_runs(component)) wanted.runs.push_back(*runs);
}

/// Whether the deployment has brought it somewhere, and not only the same bytes.
bool has_brought(const store::StateStore& store, const DeploymentId& id, const std::string& component,
                 const WantedRelease& wanted) {
  const auto plan = store.plan(id);
  if (!plan) return false;
  for (const auto& [host, slice] : plan->slices) {
    const protocol::SliceComponent* brought = model::find_component(slice, component);
    const auto runs = brought == nullptr ? std::nullopt : planner::what_runs(*brought);
    const bool same = runs && std::any_of(wanted.runs.begin(), wanted.runs.end(), [&](const planner::Running& one) {
                        return planner::runs_the_same(one, *runs);
                      });
    if (same) return true;
  }
  return false;
}

/// The newest committed deployment, older than `before` unless that is empty, that had this for the component, and had
/// it for this host; where none is known that had it so configured, one that had the bytes.
std::optional<DeploymentId> origin_on(const store::StateStore& store, const Rows& rows, const HostId& host,
                                      const std::string& component, const WantedRelease& wanted,
                                      const DeploymentId& before = {}) {
  std::optional<DeploymentId> by_bytes;
  bool reached = before.empty();
  for (const DeploymentRow& row : rows) {
    if (reached && has_source(store, row)) {
      const auto source = store.source(row.id);
      const auto found = source->artifacts.find(component);
      const bool same = found != source->artifacts.end() && wanted.releases.contains(found->second);
      if (same && has(places_of(*source), host, component)) {
        if (wanted.runs.empty() || has_brought(store, row.id, component, wanted)) return row.id;
        if (!by_bytes) by_bytes = row.id;
      }
    }
    reached = reached || row.id == before;
  }
  return by_bytes;
}

/// The settlement of one commit.
class Settlement {
 public:
  Settlement(const store::StateStore& store, const DeploymentRow& row, const model::Plan& plan, const Places& places)
      : store_(store), row_(row), plan_(plan), places_(places), ledger_(store) {
    add_places(plan, planned_);
  }

  std::vector<store::Write> converge() {
    for (const auto& [host, components] : places_) {
      for (const std::string& component : components) {
        // Else somebody has taken the debt over while the host was brought there.
        if (ledger_.owed(row_.rollback_of, host).contains(component)) take_from(row_.rollback_of, host, component);
      }
    }
    return ledger_.writes();
  }

  std::vector<store::Write> deploy() {
    take_all(row_.id);
    return ledger_.writes();
  }

  /// A host that was declared gone goes where the others went, by the deployment that brought it there then.
  std::vector<store::Write> restore() {
    take_all(row_.id);
    const auto snapshot = store_.snapshot(row_.snapshot);
    for (const model::SnapshotPlace& place : snapshot ? snapshot->places : std::vector<model::SnapshotPlace>{}) {
      const bool gone = std::find(row_.gone.begin(), row_.gone.end(), place.host) != row_.gone.end();
      if (gone) ledger_.give(place.origin, place.host, place.component);
    }
    return ledger_.writes();
  }

  std::vector<store::Write> roll_back() {
    Places missing = take_all(row_.rollback_of);
    add_brought_meanwhile(missing);
    for (const HostId& host : row_.gone) {
      // One that was left out from the beginning is in no plan, and is owed all that the others went back to.
      const Places& about = planned_.contains(host) ? planned_ : places_;
      const auto found = about.find(host);
      if (found != about.end()) missing[host].insert(found->second.begin(), found->second.end());
    }
    for (const auto& [host, components] : missing) {
      for (const std::string& component : components) owe_origin(host, component);
    }
    return ledger_.writes();
  }

 private:
  /// From `newest` and all older ones. True if anybody owed it. A deployment that is only about to be written is newer
  /// than all.
  bool take_from(const DeploymentId& newest, const HostId& host, const std::string& component) {
    const Rows& rows = ledger_.rows();
    auto row = std::find_if(rows.begin(), rows.end(), [&](const DeploymentRow& one) { return one.id == newest; });
    if (row == rows.end()) row = rows.begin();
    bool taken = false;
    for (; row != rows.end(); ++row) taken = ledger_.take(row->id, host, component) || taken;
    return taken;
  }

  Places take_all(const DeploymentId& newest) {
    Places taken;
    for (const auto& [host, components] : places_) {
      for (const std::string& component : components) {
        if (take_from(newest, host, component)) taken[host].insert(component);
      }
    }
    return taken;
  }

  /// While this rollback was planned and ran, others were still brought to what it undoes: nobody has taken them back.
  void add_brought_meanwhile(Places& missing) const {
    for (const DeploymentRow& row : ledger_.rows()) {
      if (row.id == row_.rollback_of) return;
      if (row.kind != DeploymentKind::converge || row.state == DeploymentState::rolled_back) continue;
      const auto plan = store_.plan(row.id);
      Places brought;
      if (plan) add_places(*plan, brought);
      for (const auto& [host, components] : brought) {
        for (const std::string& component : components) {
          if (has(places_, host, component) && !has(planned_, host, component)) missing[host].insert(component);
        }
      }
    }
  }

  /// What this host goes back to, or else what others do.
  WantedRelease goes_back_to(const HostId& host, const std::string& component) const {
    WantedRelease own, others;
    for (const auto& [other, slice] : plan_.slices) {
      for (const protocol::SliceComponent& part : slice.components) {
        if (part.name == component) add_wanted(part, other == host ? own : others);
      }
    }
    return has(planned_, host, component) ? own : others;
  }

  void owe_origin(const HostId& host, const std::string& component) {
    const WantedRelease wanted = goes_back_to(host, component);
    const auto origin = origin_on(store_, ledger_.rows(), host, component, wanted, row_.rollback_of);
    if (origin) ledger_.give(*origin, host, component);
  }

  const store::StateStore& store_;
  const DeploymentRow& row_;
  const model::Plan& plan_;
  const Places& places_;
  DeferralLedger ledger_;
  Places planned_;
};

}  // namespace

std::optional<DeploymentRow> origin_of(const store::StateStore& store, const std::vector<DeploymentRow>& rows,
                                       const std::string& environment, const std::string& component,
                                       const ReleaseId& release, const DeploymentId& before) {
  bool reached = before.empty();
  for (const DeploymentRow& row : rows) {
    if (reached && row.environment == environment && has_source(store, row)) {
      const auto artifacts = store.source(row.id)->artifacts;
      const auto found = artifacts.find(component);
      if (found != artifacts.end() && found->second == release) return row;
    }
    reached = reached || row.id == before;
  }
  return std::nullopt;
}

std::optional<Deferral> deferral_of(const store::StateStore& store, const HostId& host) {
  const DeferralLedger ledger(store);
  const Places undone = being_rolled_back(store);
  for (const DeploymentRow& row : ledger.rows()) {
    std::set<std::string> components = ledger.owed(row.id, host);
    std::erase_if(components, [&](const std::string& component) { return has(undone, host, component); });
    if (!components.empty()) return Deferral{row, std::move(components)};
  }
  return std::nullopt;
}

Places places_of(const store::StateStore& store, const DeploymentRow& row, const model::Plan& plan,
                 const store::PutSource* source) {
  Places places;
  if (row.kind == DeploymentKind::rollback) places = places_of_rollback(store, row);
  if (row.kind == DeploymentKind::restore) places = places_of_restore(store, row);
  if (row.kind == DeploymentKind::deploy && source != nullptr) places = places_of(*source);
  add_places(plan, places);
  if (row.kind != DeploymentKind::converge) return places;
  for (auto& [host, components] : places) components.insert(row.components.begin(), row.components.end());
  for (const HostId& host : row.gone) places.erase(host);
  return places;
}

std::vector<store::Write> settle_deferrals(const store::StateStore& store, const DeploymentRow& row,
                                           const model::Plan& plan, const Places& places) {
  Settlement settlement(store, row, plan, places);
  if (row.kind == DeploymentKind::converge) return settlement.converge();
  if (row.kind == DeploymentKind::restore) return settlement.restore();
  return row.kind == DeploymentKind::rollback ? settlement.roll_back() : settlement.deploy();
}

std::vector<DeploymentRow> convergences_undone_by(const store::StateStore& store, const DeploymentRow& rollback) {
  const Rows rows = store.deployments(limits::deferral_rows_max);
  const auto age = [&](const DeploymentId& id) {
    return std::find_if(rows.begin(), rows.end(), [&](const DeploymentRow& row) { return row.id == id; });
  };
  const Places undone = places_of_rollback(store, rollback);
  std::vector<DeploymentRow> found;
  for (const DeploymentRow& row : store.unfinished_deployments()) {
    // What leads to a later deployment is none of the rollback's business.
    if (row.kind != DeploymentKind::converge || age(row.rollback_of) < age(rollback.rollback_of)) continue;
    Places brought;
    if (const auto plan = store.plan(row.id)) add_places(*plan, brought);
    const bool touched = std::any_of(brought.begin(), brought.end(), [&](const auto& place) {
      return std::any_of(place.second.begin(), place.second.end(),
                         [&](const std::string& component) { return has(undone, place.first, component); });
    });
    if (touched) found.push_back(row);
  }
  return found;
}

ReplacedHost defer_replaced(const store::StateStore& store, const HostId& host) {
  DeferralLedger ledger(store);
  ReplacedHost replaced;
  const Rows& rows = ledger.rows();
  for (const model::ServingRow& row : last_committed(store.serving(), rows)) {
    if (row.host != host || row.serving.kind != protocol::OldKind::release) continue;
    WantedRelease wanted{{row.serving.release}};
    const auto plan = store.plan(row.deployment);
    const auto* brought = plan ? model::find_component(*plan, host, row.component) : nullptr;
    if (brought != nullptr && brought->release == row.serving.release) add_wanted(*brought, wanted);
    const auto origin = origin_on(store, rows, host, row.component, wanted);
    if (origin) {
      ledger.give(*origin, host, row.component);
    } else {
      replaced.lost.insert(row.component);
    }
  }
  replaced.writes = ledger.writes();
  return replaced;
}

}  // namespace switchyard::fleet
