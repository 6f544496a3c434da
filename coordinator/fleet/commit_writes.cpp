#include "coordinator/fleet/commit_writes.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/environment_policies.hpp"

namespace switchyard::fleet {
namespace {

/// A rollback may lead back to nothing, or to the unmanaged process that was there before.
protocol::OldKind kind_of(const protocol::SliceComponent& component) {
  if (component.slot == "legacy") return protocol::OldKind::legacy;
  return component.release.empty() ? protocol::OldKind::absent : protocol::OldKind::release;
}

bool is_among(const std::vector<HostId>& hosts, const HostId& host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

model::ServingRow serving_row(const model::DeploymentRow& row, const HostId& host,
                              const protocol::SliceComponent& component) {
  model::ServingRow serving;
  serving.host = host;
  serving.environment = row.environment;
  serving.component = component.name;
  serving.serving = {kind_of(component), component.slot, component.release, component.unit};
  serving.previous = component.old;
  serving.deployment = row.id;
  serving.version = row.version;
  return serving;
}

}  // namespace

store::Transaction writes_of_commit(const store::StateStore& store, model::DeploymentRow& row,
                                    const model::Plan& plan) {
  store::Transaction writes;
  for (const auto& [host, slice] : plan.slices) {
    if (is_among(row.gone, host)) continue;
    for (const protocol::SliceComponent& component : slice.components) {
      writes.push_back(store::PutServing{serving_row(row, host, component)});
    }
  }
  const auto source = store.source(row.id);
  const Places places = places_of(store, row, plan, source ? &*source : nullptr);
  for (store::Write& write : settle_deferrals(store, row, plan, places)) writes.push_back(std::move(write));
  for (store::Write& write : source ? policy_writes(store, row, *source) : store::Transaction()) {
    writes.push_back(std::move(write));
  }
  for (const HostId& host : row.gone) {
    if (!is_among(row.deferred, host)) row.deferred.push_back(host);
  }
  return writes;
}

}  // namespace switchyard::fleet
