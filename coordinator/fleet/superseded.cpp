#include "coordinator/fleet/superseded.hpp"

#include <algorithm>

namespace switchyard::fleet {
namespace {

/// Empty: all of them.
using Chosen = std::vector<std::string>;

Chosen chosen_by(const store::StateStore& store, const model::DeploymentRow& draft) {
  const auto source = store.source(draft.id);
  return source ? source->components : draft.components;
}

bool overlap(const Chosen& one, const Chosen& other) {
  if (one.empty() || other.empty()) return true;
  return std::any_of(one.begin(), one.end(), [&](const std::string& name) {
    return std::find(other.begin(), other.end(), name) != other.end();
  });
}

}  // namespace

std::vector<model::DeploymentRow> superseded_by(const store::StateStore& store, const StartOrder& order,
                                                const model::Plan& plan) {
  const Chosen wanted = order.source ? order.source->components : order.components;
  std::vector<model::DeploymentRow> drafts = store.unfinished_deployments();
  std::erase_if(drafts, [&](const model::DeploymentRow& row) {
    const bool same = row.environment == plan.environment && row.name == plan.name;
    return row.state != model::DeploymentState::draft || !same || !overlap(wanted, chosen_by(store, row));
  });
  return drafts;
}

}  // namespace switchyard::fleet
