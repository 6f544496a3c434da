#include "coordinator/engine/approval_gate.hpp"

#include <algorithm>

namespace switchyard::engine {
namespace {

using model::ApprovalState;
using model::ApprovalVote;

/// Two ways in are still one person.
bool same_person(const std::string& a, const std::string& b) { return access::person_of(a) == access::person_of(b); }

std::optional<VoteRefusal> refuse_state(const model::ApprovalRow& asked, std::int64_t now_wall_ms) {
  const std::string name = "the approval of " + asked.deployment.str();
  if (asked.state != ApprovalState::waiting) {
    return VoteRefusal{"decided", name + " is over: " + std::string(model::approval_state_name(asked.state))};
  }
  if (asked.expires_wall_ms <= now_wall_ms) {
    return VoteRefusal{"expired", name + " has expired; start the deployment anew"};
  }
  return std::nullopt;
}

std::optional<VoteRefusal> refuse_second_factor(bool wanted, const std::string& why, const Vote& vote) {
  if (vote.second_factor == SecondFactor::wrong) {
    return VoteRefusal{"wrong_code", "the code is wrong, was used already, or " + vote.who.name +
                                         " has no authenticator enrolled (`switchyard totp enrol`)"};
  }
  if (!wanted || vote.second_factor == SecondFactor::right) return std::nullopt;
  return VoteRefusal{"code_needed", why + ": give the code of your authenticator app with --totp"};
}

}  // namespace

std::optional<VoteRefusal> refuse_vote(const model::ApprovalRow& asked, const access::EnvironmentRule& rule,
                                       const Vote& vote, std::int64_t now_wall_ms) {
  if (auto refusal = refuse_state(asked, now_wall_ms)) return refusal;
  if (vote.who.kind != access::Kind::person) {
    return VoteRefusal{"not_a_person", "only a person approves, whatever a token holds"};
  }
  if (vote.plan_hash != asked.plan_hash) {
    return VoteRefusal{"another_plan", "the plan that waits for approval has the hash " + asked.plan_hash +
                                           ", not the one that was given; look at it with `switchyard approvals show " +
                                           asked.deployment.str() + "`"};
  }
  const bool voted = std::any_of(asked.votes.begin(), asked.votes.end(), [&](const ApprovalVote& before) {
    return same_person(before.approver, vote.who.name);
  });
  if (voted) return VoteRefusal{"approved_already", vote.who.name + " has had a say on this already"};
  // A no needs no proof: it changes nothing on any host.
  if (!vote.grant) return refuse_second_factor(false, {}, vote);
  const bool own = same_person(asked.author, vote.who.name);
  if (own && rule.self_approval == access::SelfApproval::never) {
    return VoteRefusal{"own_deployment", "who started a deployment cannot approve it, and this one was started by " +
                                             asked.author + "; somebody else has to"};
  }
  if (own) return refuse_second_factor(true, "to approve one's own deployment takes a second factor", vote);
  return refuse_second_factor(rule.require_mfa, "approvals in `" + asked.environment + "` take a second factor", vote);
}

std::uint32_t votes_missing(const model::ApprovalRow& asked) {
  const auto given = static_cast<std::uint32_t>(
      std::count_if(asked.votes.begin(), asked.votes.end(), [](const ApprovalVote& vote) { return vote.granted; }));
  return given < asked.needed ? asked.needed - given : 0;
}

bool inverse_is_approved(const model::DeploymentRow& done, std::uint32_t keep_old_ms, std::int64_t now_wall_ms) {
  return done.state == model::DeploymentState::done && now_wall_ms < done.finished_wall_ms + keep_old_ms;
}

}  // namespace switchyard::engine
