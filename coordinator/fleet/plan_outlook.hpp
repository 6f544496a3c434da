#pragma once

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/forecast/outlook.hpp"

namespace switchyard::fleet {

/// What the steps of the newest deployments of this name took in its environment. Throws StoreError.
forecast::DurationHistory measured_durations(const store::StateStore& store, const model::Manifest& manifest);

/// What a plan of a manifest does that an environment may ask approvals for.
access::PlanTerms plan_terms(const PlannedDeployment& planned);

/// What is to be expected of a plan that was made to be looked at. `asked`: what a start of it would take of whoever
/// looks. Throws StoreError.
forecast::Outlook outlook_of(const store::StateStore& store, const access::StartRule& asked,
                             const PlannedDeployment& planned);

}  // namespace switchyard::fleet
