#pragma once

#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/node_order.hpp"

/// The terms on which a manifest is carried out. Pure.
namespace switchyard::planner {

/// Commands and hooks of the component that are run while the dead-man waits.
bool runs_in_swap(const model::Component& component);

/// Of the components that change: each migration that is left out, as a sentence that says why.
std::vector<std::string> migrations_not_run(const model::Manifest& manifest, const ChangedHosts& changed);

/// `long_swap`: the swap itself takes long, so that the dead-man's budget is a lease that the coordinator renews.
model::PlanSettings plan_settings(const model::Manifest& manifest, const PlanOptions& options, bool long_swap);

}  // namespace switchyard::planner
