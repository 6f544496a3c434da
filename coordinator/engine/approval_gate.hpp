#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/access/principal.hpp"
#include "coordinator/model/approval.hpp"
#include "coordinator/model/deployment.hpp"

/// The decisions about approvals. That somebody holds the right to approve is asked before (access::why_not); here it
/// is whether this person's word counts for this plan. Pure.
namespace switchyard::engine {

/// What came of the code of an authenticator app, if one was given.
enum class SecondFactor : std::uint8_t { none, wrong, right };

/// Somebody's word on a plan.
struct Vote {
  access::Principal who;
  bool grant = true;
  std::string plan_hash;  ///< of the plan that was looked at
  SecondFactor second_factor = SecondFactor::none;
};

struct VoteRefusal {
  std::string code;  ///< a short stable word
  std::string why;
};

/// Nothing when the vote counts.
std::optional<VoteRefusal> refuse_vote(const model::ApprovalRow& asked, const access::EnvironmentRule& rule,
                                       const Vote& vote, std::int64_t now_wall_ms);

/// How many more have to say yes.
std::uint32_t votes_missing(const model::ApprovalRow& asked);

/// Approving a plan approves its inverse while the old slot is kept warm: a rollback must not wait for anybody then.
bool inverse_is_approved(const model::DeploymentRow& done, std::uint32_t keep_old_ms, std::int64_t now_wall_ms);

}  // namespace switchyard::engine
