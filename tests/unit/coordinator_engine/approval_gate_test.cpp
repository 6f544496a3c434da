#include "coordinator/engine/approval_gate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace switchyard::engine {
namespace {

using access::Kind;
using access::SelfApproval;
using model::ApprovalRow;
using model::ApprovalState;

constexpr std::int64_t expiry = 1'000;

ApprovalRow asked_by(const std::string& author, std::uint32_t needed = 1) {
  return {.deployment = DeploymentId("d-1"),
          .environment = "production",
          .plan_hash = "aa",
          .author = author,
          .needed = needed,
          .expires_wall_ms = expiry};
}
Vote vote_of(const std::string& name, SecondFactor second_factor = SecondFactor::none) {
  return {{name, Kind::person, {}}, true, "aa", second_factor};
}
std::string code_of(const ApprovalRow& asked, const access::EnvironmentRule& rule, const Vote& vote,
                    std::int64_t now = 0) {
  const auto refusal = refuse_vote(asked, rule, vote, now);
  return refusal ? refusal->code : "";
}

TEST(ApprovalGate, OfOnesOwnTakesACodeWhereItIsAllowedAtAll) {
  const ApprovalRow own = asked_by("token:ann");
  const access::EnvironmentRule never{.approvals = 1};
  EXPECT_EQ(code_of(own, never, vote_of("token:ann", SecondFactor::right)), "own_deployment");
  const access::EnvironmentRule with_totp{.approvals = 1, .self_approval = SelfApproval::with_totp};
  EXPECT_EQ(code_of(own, with_totp, vote_of("token:ann")), "code_needed");
  EXPECT_EQ(code_of(own, with_totp, vote_of("token:ann", SecondFactor::wrong)), "wrong_code");
  EXPECT_EQ(code_of(own, with_totp, vote_of("token:ann", SecondFactor::right)), "");
  EXPECT_EQ(code_of(own, with_totp, vote_of("token:bob")), "") << "another needs none";
}

TEST(ApprovalGate, WhereASecondFactorIsRequiredEveryYesTakesOne) {
  const access::EnvironmentRule rule{.approvals = 1, .require_mfa = true};
  const ApprovalRow asked = asked_by("token:build");
  EXPECT_EQ(code_of(asked, rule, vote_of("token:ann")), "code_needed");
  EXPECT_EQ(code_of(asked, rule, vote_of("token:ann", SecondFactor::right)), "");
  Vote no = vote_of("token:ann");
  no.grant = false;
  EXPECT_EQ(code_of(asked, rule, no), "") << "a no changes nothing on any host";
}

TEST(ApprovalGate, WhatIsExpiredOrDecidedTakesNoMoreWords) {
  const access::EnvironmentRule rule{.approvals = 1};
  EXPECT_EQ(code_of(asked_by("token:build"), rule, vote_of("token:ann"), expiry - 1), "");
  EXPECT_EQ(code_of(asked_by("token:build"), rule, vote_of("token:ann"), expiry), "expired");
  for (const ApprovalState state : {ApprovalState::granted, ApprovalState::rejected, ApprovalState::withdrawn,
                                    ApprovalState::expired, ApprovalState::voided}) {
    ApprovalRow over = asked_by("token:build");
    over.state = state;
    EXPECT_EQ(code_of(over, rule, vote_of("token:ann")), "decided");
  }
}

/// Any order of any words by anybody: what is granted in the end was granted by that many different persons, none of
/// whom is its author, all of whom saw this plan.
RC_GTEST_PROP(ApprovalGate, CountsDistinctPersonsWhoAreNotTheAuthorAndSawThisPlan, ()) {
  const auto needed = *rc::gen::inRange<std::uint32_t>(1, 4);
  const auto names = rc::gen::element<std::string>("token:ann", "local:ann", "token:bob", "local:carl", "token:carl",
                                                   "token:dora", "token:build");
  ApprovalRow row = asked_by(*names, needed);
  const access::EnvironmentRule rule{.approvals = needed};
  const auto words = *rc::gen::inRange(1, 20);
  for (int i = 0; i < words && votes_missing(row) > 0; ++i) {
    Vote vote = vote_of(*names);
    vote.who.kind = *rc::gen::weightedElement<Kind>({{8, Kind::person}, {1, Kind::ci}, {1, Kind::ai}});
    vote.plan_hash = *rc::gen::weightedElement<std::string>({{8, "aa"}, {1, "bb"}});
    const auto now = *rc::gen::weightedElement<std::int64_t>({{9, 1}, {1, expiry}});
    if (refuse_vote(row, rule, vote, now)) continue;
    RC_ASSERT(vote.who.kind == Kind::person && vote.plan_hash == "aa" && now < expiry);
    row.votes.push_back({vote.who.name, true, "", now, false});
  }
  std::set<std::string_view> persons;
  for (const model::ApprovalVote& vote : row.votes) {
    RC_ASSERT(access::person_of(vote.approver) != access::person_of(row.author));
    RC_ASSERT(persons.insert(access::person_of(vote.approver)).second);
  }
  RC_ASSERT((votes_missing(row) == 0) == (persons.size() >= needed));
}

TEST(ApprovalGate, TheInverseIsApprovedWhileTheOldSlotIsWarm) {
  model::DeploymentRow done;
  done.state = model::DeploymentState::done;
  done.finished_wall_ms = 1'000;
  EXPECT_TRUE(inverse_is_approved(done, 500, 1'499));
  EXPECT_FALSE(inverse_is_approved(done, 500, 1'500));
  EXPECT_FALSE(inverse_is_approved(done, 0, 1'000));
  done.state = model::DeploymentState::rolled_back;
  EXPECT_FALSE(inverse_is_approved(done, 500, 1'001));
}

}  // namespace
}  // namespace switchyard::engine
