#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Components on hosts.
using Places = std::map<HostId, std::set<std::string>>;

/// What each host is owed by which committed deployment, component by component, as the deployments' rows have it. Read
/// from the store when it is made; what is given and taken is there to be written, and nothing is written by itself.
/// Made and dropped within one call; loop thread. The constructor throws StoreError.
class DeferralLedger {
 public:
  explicit DeferralLedger(const store::StateStore& store);

  /// Newest first, as far back as anything is looked for.
  const std::vector<model::DeploymentRow>& rows() const { return rows_; }
  /// What `deployment` owes that host.
  const std::set<std::string>& owed(const DeploymentId& deployment, const HostId& host) const;
  /// True if it was owed.
  bool take(const DeploymentId& deployment, const HostId& host, const std::string& component);
  void give(const DeploymentId& deployment, const HostId& host, const std::string& component);
  /// The rows that have changed.
  std::vector<store::Write> writes() const;

 private:
  model::DeploymentRow changed(model::DeploymentRow row) const;

  const store::StateStore& store_;
  std::vector<model::DeploymentRow> rows_;
  std::map<DeploymentId, Places> owed_;
  std::set<DeploymentId> changed_;
};

/// Of a committed deployment that came from a manifest: from it a plan for one more host can be made.
bool has_source(const store::StateStore& store, const model::DeploymentRow& row);
/// All components of the manifest on all their hosts.
Places places_of(const store::PutSource& source);

}  // namespace switchyard::fleet
