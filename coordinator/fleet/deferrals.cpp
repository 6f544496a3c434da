#include "coordinator/fleet/deferrals.hpp"

#include <algorithm>
#include <map>

#include "common/limits.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

bool defers(const DeploymentRow& row, const HostId& host) {
  return std::find(row.deferred.begin(), row.deferred.end(), host) != row.deferred.end();
}

/// Of a committed deployment that came from a manifest: from it a plan for one more host can be made.
bool has_source(const store::StateStore& store, const DeploymentRow& row) {
  return row.kind == DeploymentKind::deploy && row.state == DeploymentState::done && store.source(row.id).has_value();
}

/// Which older deployments a rollback leads back to.
std::set<DeploymentId> origins_of_rollback(const store::StateStore& store, const std::vector<DeploymentRow>& rows,
                                           const DeploymentRow& rollback) {
  std::set<DeploymentId> origins;
  const auto plan = store.plan(rollback.id);
  for (const auto& [host, slice] : plan ? plan->slices : std::map<HostId, protocol::PlanSlice>{}) {
    for (const protocol::SliceComponent& component : slice.components) {
      if (component.release.empty()) continue;
      const auto origin =
          origin_of(store, rows, rollback.environment, component.name, component.release, rollback.rollback_of);
      if (origin) origins.insert(origin->id);
    }
  }
  return origins;
}

/// Hosts that have missed the rollback: behind what it undoes, or lost on the way.
std::set<HostId> missing_in_rollback(const store::StateStore& store, const DeploymentRow& rollback) {
  std::set<HostId> missing(rollback.deferred.begin(), rollback.deferred.end());
  if (const auto undone = store.deployment(rollback.rollback_of)) {
    missing.insert(undone->deferred.begin(), undone->deferred.end());
  }
  return missing;
}

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

std::optional<DeploymentRow> deferred_to(const store::StateStore& store, const HostId& host) {
  for (const DeploymentRow& row : store.deployments(limits::deferral_rows_max)) {
    if (defers(row, host) && has_source(store, row)) return row;
  }
  return std::nullopt;
}

std::vector<store::Write> settle_deferrals(const store::StateStore& store, const DeploymentRow& row,
                                           const std::set<HostId>& hosts) {
  const bool converge = row.kind == DeploymentKind::converge;
  const DeploymentId& newest = converge ? row.rollback_of : row.id;
  const std::vector<DeploymentRow> rows = store.deployments(limits::deferral_rows_max);
  const bool rollback = row.kind == DeploymentKind::rollback;
  const auto origins = rollback ? origins_of_rollback(store, rows, row) : std::set<DeploymentId>{};
  const auto missing = rollback ? missing_in_rollback(store, row) : std::set<HostId>{};
  std::vector<store::Write> writes;
  bool reached = false;
  for (DeploymentRow older : rows) {
    reached = reached || older.id == newest;
    // A newer deployment, or one that still runs, has its own claim on its hosts.
    if (!reached || older.id == row.id || !model::is_final(older.state)) continue;
    if (older.environment != row.environment || older.name != row.name) continue;
    const std::vector<HostId> before = older.deferred;
    if (converge) {
      std::erase_if(older.deferred, [&](const HostId& host) { return hosts.contains(host); });
    } else {
      older.deferred.clear();
      if (origins.contains(older.id)) older.deferred.assign(missing.begin(), missing.end());
    }
    if (older.deferred != before) writes.push_back(store::PutDeployment{older});
  }
  return writes;
}

store::Transaction defer_replaced(const store::StateStore& store, const HostId& host) {
  const std::vector<DeploymentRow> rows = store.deployments(limits::deferral_rows_max);
  std::set<DeploymentId> origins;
  for (const model::ServingRow& serving : store.serving()) {
    if (serving.host != host || serving.serving.kind != protocol::OldKind::release) continue;
    const auto origin = origin_of(store, rows, serving.environment, serving.component, serving.serving.release);
    if (origin) origins.insert(origin->id);
  }
  store::Transaction writes;
  for (DeploymentRow row : rows) {
    if (!origins.contains(row.id) || defers(row, host)) continue;
    row.deferred.push_back(host);
    writes.push_back(store::PutDeployment{row});
  }
  return writes;
}

}  // namespace switchyard::fleet
