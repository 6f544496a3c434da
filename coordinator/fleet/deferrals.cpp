#include "coordinator/fleet/deferrals.hpp"

#include <algorithm>

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

/// The newest committed deployment whose plan put this release of the component there, or anywhere.
std::optional<DeploymentRow> origin_of(const store::StateStore& store, const std::vector<DeploymentRow>& rows,
                                       const model::ServingRow& serving) {
  for (const DeploymentRow& row : rows) {
    if (row.environment != serving.environment || !has_source(store, row)) continue;
    const auto artifacts = store.source(row.id)->artifacts;
    const auto found = artifacts.find(serving.component);
    if (found != artifacts.end() && found->second == serving.serving.release) return row;
  }
  return std::nullopt;
}

}  // namespace

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
  std::vector<store::Write> writes;
  bool reached = false;
  for (DeploymentRow older : store.deployments(limits::deferral_rows_max)) {
    reached = reached || older.id == newest;
    // A newer deployment, or one that still runs, has its own claim on its hosts.
    if (!reached || older.id == row.id || older.deferred.empty() || !model::is_final(older.state)) continue;
    if (older.environment != row.environment || older.name != row.name) continue;
    const std::size_t before = older.deferred.size();
    if (converge) {
      std::erase_if(older.deferred, [&](const HostId& host) { return hosts.contains(host); });
    } else {
      older.deferred.clear();
    }
    if (older.deferred.size() != before) writes.push_back(store::PutDeployment{older});
  }
  return writes;
}

store::Transaction defer_replaced(const store::StateStore& store, const HostId& host) {
  const std::vector<DeploymentRow> rows = store.deployments(limits::deferral_rows_max);
  std::set<DeploymentId> origins;
  for (const model::ServingRow& serving : store.serving()) {
    if (serving.host != host || serving.serving.kind != protocol::OldKind::release) continue;
    if (const auto origin = origin_of(store, rows, serving)) origins.insert(origin->id);
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
