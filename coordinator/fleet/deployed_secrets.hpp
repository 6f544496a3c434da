#pragma once

#include "coordinator/fleet/configurations.hpp"
#include "coordinator/fleet/secret_masks.hpp"
#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Tells the masks what comes with deployments, and to which hosts. A plan that is only looked at brings nothing
/// anywhere, and teaches them nothing. Owned by the Fleet, loop thread only.
class DeployedSecrets {
 public:
  DeployedSecrets(const store::StateStore& store, const Configurations& configurations, SecretMasks& masks)
      : store_(store), configurations_(configurations), masks_(masks) {}

  /// What the deployments that the store has brought before. Once, before any host is heard. Throws StoreError.
  void recall();
  /// Before any host hears of it.
  void learn(const model::DeploymentRow& row, const model::Plan& plan);

 private:
  void note_hosts(const model::DeploymentRow& row, const model::Plan& plan);

  const store::StateStore& store_;
  const Configurations& configurations_;
  SecretMasks& masks_;
};

}  // namespace switchyard::fleet
