#include "coordinator/fleet/serving_views.hpp"

#include <map>
#include <string>
#include <utility>

#include "coordinator/fleet/deferral_ledger.hpp"
#include "coordinator/fleet/last_committed.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentRow;

/// Views by place; a place where nothing was committed yet has one that says so.
class ServingMap {
 public:
  explicit ServingMap(const store::StateStore& store) : store_(store), ledger_(store) {
    for (model::ServingRow& row : last_committed(store.serving(), ledger_.rows())) {
      ServingView& view = views_[{row.host, row.component}];
      view.since_wall_ms = committed_at(row.deployment);
      view.row = std::move(row);
    }
    for (const DeploymentRow& row : ledger_.rows()) add_owed(row);
    for (const DeploymentRow& row : store.unfinished_deployments()) add_changing(row);
  }

  std::vector<ServingView> take() {
    std::vector<ServingView> all;
    all.reserve(views_.size());
    for (auto& [place, view] : views_) all.push_back(std::move(view));
    return all;
  }

 private:
  std::int64_t committed_at(const DeploymentId& id) const {
    const auto row = store_.deployment(id);
    if (!row) return 0;
    return row->finished_wall_ms != 0 ? row->finished_wall_ms : row->updated_wall_ms;
  }

  ServingView& at(const HostId& host, const std::string& component, const DeploymentRow& wanted) {
    const auto [found, added] = views_.try_emplace({host, component});
    if (added) {
      found->second.row.host = host;
      found->second.row.component = component;
      found->second.row.environment = wanted.environment;
    }
    return found->second;
  }

  void add_owed(const DeploymentRow& row) {
    for (const HostId& host : row.deferred) {
      for (const std::string& component : ledger_.owed(row.id, host)) {
        ServingView& view = at(host, component, row);
        if (view.owed.empty()) view.owed = row.id;  // the newest comes first
      }
    }
  }

  void add_changing(const DeploymentRow& row) {
    if (row.state == model::DeploymentState::draft) return;  // no host has heard of it
    const auto plan = store_.plan(row.id);
    if (!plan) return;
    for (const auto& [host, slice] : plan->slices) {
      for (const protocol::SliceComponent& component : slice.components) {
        at(host, component.name, row).changing = row.id;
      }
    }
  }

  const store::StateStore& store_;
  const DeferralLedger ledger_;
  std::map<std::pair<HostId, std::string>, ServingView> views_;
};

}  // namespace

std::vector<ServingView> serving_views(const store::StateStore& store) { return ServingMap(store).take(); }

}  // namespace switchyard::fleet
