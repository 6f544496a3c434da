#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/fleet/operations.hpp"

/// The response bodies: one function each, from values to JSON text. Text that is no valid UTF-8 (an excerpt of some
/// program's output) has its bad bytes replaced, never refused. docs/openapi.yaml states the same shapes, and a test
/// holds the two together. Pure.
namespace switchyard::api::views {

std::string error_body(const std::string& code, const std::string& message,
                       const std::map<std::string, std::string>& details = {});
std::string ok_body();
/// Nothing was changed; what would have been is in `would`.
std::string rehearsal_body(const std::string& would);
std::string promoted_body(const std::vector<std::string>& goes_on);
std::string health_body();
std::string version_body();

std::string missing_chunks_body(const std::vector<std::uint32_t>& missing);
std::string artifacts_body(const std::vector<store::PutArtifact>& artifacts);

std::string plan_body(const fleet::PlanView& view);
std::string simulation_body(const fleet::SimulationView& view);
/// The row, the progress of each host and component, and the plan if the view has it.
std::string deployment_body(const fleet::DeploymentView& view);
std::string deployments_body(const std::vector<model::DeploymentRow>& rows);
std::string rollback_targets_body(const std::vector<fleet::Lineage>& all);
std::string rollbacks_body(const std::vector<model::DeploymentRow>& rows);
/// `next` is what to ask `after` next time; the deployment is there as it is now, so that one request feeds a live
/// view.
std::string timeline_body(const std::vector<model::TimelineEntry>& entries, std::size_t next,
                          const fleet::DeploymentView& view);

std::string hosts_body(const std::vector<fleet::HostView>& hosts);
/// The hosts of these that have, or had, an agent's key.
std::string agents_body(const std::vector<fleet::HostView>& hosts);
std::string token_body(const fleet::TokenMade& token);
/// With the plan for people, if the view has it.
std::string approval_body(const fleet::ApprovalView& view);
std::string approvals_body(const std::vector<fleet::ApprovalView>& views);
std::string totp_body(const std::string& uri);
std::string secret_body(const fleet::SecretView& secret);
std::string secrets_body(const std::vector<fleet::SecretView>& secrets);
/// With the token itself, which is shown nowhere else.
std::string api_token_made_body(const fleet::ApiTokenMade& made);
std::string api_tokens_body(const std::vector<model::ApiTokenRow>& rows);
std::string serving_body(const std::vector<fleet::ServingView>& views);
std::string environments_body(const std::vector<std::string>& names);
std::string audit_body(const std::vector<store::StoredAudit>& rows);
std::string witnesses_body(const std::vector<fleet::WitnessView>& views);

}  // namespace switchyard::api::views
