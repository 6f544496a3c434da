#include "coordinator/access/environment_rule.hpp"

#include <gtest/gtest.h>

namespace switchyard::access {
namespace {

constexpr StartTerms by_admin{.administers = true};
constexpr StartTerms by_other{};
constexpr StartTerms by_admin_with_codes{.administers = true, .require_mfa = true};
constexpr StartTerms by_other_with_codes{.require_mfa = true};

EnvironmentRule started_in(const EnvironmentRule& rule, const StartTerms& terms) {
  return rule_for_start(rule, "live", terms).rule;
}
std::string reason_of(const EnvironmentRule& rule, const StartTerms& terms) {
  return rule_for_start(rule, "live", terms).why;
}

TEST(StartRule, ProductionTakesAnAdminOrSomebodyElsesApproval) {
  EnvironmentRule production;
  production.production = true;
  EXPECT_EQ(started_in(production, by_admin).approvals, 0u);
  EXPECT_EQ(started_in(production, by_other).approvals, 1u);
  EXPECT_EQ(started_in(production, by_other).self_approval, SelfApproval::never);
  EXPECT_FALSE(started_in(production, by_other).require_mfa);
  EXPECT_NE(reason_of(production, by_other).find("`live` is production"), std::string::npos);
  EXPECT_EQ(started_in(EnvironmentRule{}, by_other).approvals, 0u) << "staging takes any token";
  EXPECT_NE(reason_of(EnvironmentRule{}, by_other).find("asks for none"), std::string::npos);
}

TEST(StartRule, APlanMayAskForMoreAndNeverForLess) {
  const EnvironmentRule rule{.approvals = 1, .approve_configuration = 2, .approve_high_risk = 3};
  const StartRule asked = rule_for_start(rule, "live", by_admin);
  EXPECT_EQ(rule_for_plan(asked, "live", {}).rule.approvals, 1u);
  EXPECT_EQ(rule_for_plan(asked, "live", {}).why, asked.why);
  const StartRule configured = rule_for_plan(asked, "live", {.changes_configuration = true});
  EXPECT_EQ(configured.rule.approvals, 2u);
  EXPECT_EQ(configured.why, "it changes what components are configured with, for which `live` asks for 2");
  const StartRule risky = rule_for_plan(
      asked, "live", {.changes_configuration = true, .high_risks = {"keep_old_zero", "rollback_disabled"}});
  EXPECT_EQ(risky.rule.approvals, 3u);
  EXPECT_EQ(risky.why, "its risk is high (keep_old_zero, rollback_disabled), for which `live` asks for 3");
  const StartRule strict = rule_for_start({.approvals = 4, .approve_high_risk = 3}, "live", by_admin);
  EXPECT_EQ(rule_for_plan(strict, "live", {.high_risks = {"keep_old_zero"}}).rule.approvals, 4u);
  EXPECT_EQ(rule_for_plan(strict, "live", {.high_risks = {"keep_old_zero"}}).why, strict.why);
  EXPECT_EQ(rule_for_return(asked, "live").rule.approvals, 3u);
  EXPECT_EQ(rule_for_return(asked, "live").why,
            "it brings something else back than what served before, for which `live` asks for 3");
  EXPECT_EQ(rule_for_return(strict, "live").rule.approvals, 4u);
  EXPECT_TRUE(EnvironmentRule{.approve_high_risk = 1}.asks_for_any());
  EXPECT_TRUE(EnvironmentRule{.approve_configuration = 1}.asks_for_any());
  EXPECT_FALSE(EnvironmentRule{}.asks_for_any());
  const StartRule nothing = rule_for_start({}, "live", by_admin);
  EXPECT_EQ(rule_for_plan(nothing, "live", {true, {"keep_old_zero"}}).rule.approvals, 0u);
}

TEST(StartRule, WhatIsConfiguredIsNeitherMoreNorLess) {
  EnvironmentRule two;
  two.approvals = 2;
  two.production = true;
  EXPECT_EQ(started_in(two, by_admin), two);
  EXPECT_EQ(started_in(two, by_other), two);
  EXPECT_NE(reason_of(two, by_other).find("asks for 2"), std::string::npos);
  EnvironmentRule none;
  none.production = true;
  none.none_for_anybody = true;
  EXPECT_EQ(started_in(none, by_other), none);
}

TEST(StartRule, TheEnvironmentFilesCodesComeWithAnApproval) {
  const EnvironmentRule asked = started_in(EnvironmentRule{}, by_other_with_codes);
  EXPECT_EQ(asked.approvals, 1u);
  EXPECT_EQ(asked.self_approval, SelfApproval::with_totp);
  EXPECT_TRUE(asked.require_mfa);
  EXPECT_NE(reason_of(EnvironmentRule{}, by_other_with_codes).find("`require_mfa`"), std::string::npos);

  EnvironmentRule none;
  none.production = true;
  none.none_for_anybody = true;
  EXPECT_EQ(started_in(none, by_admin_with_codes).approvals, 1u) << "the file may ask for more than the coordinator";
}

TEST(StartRule, WhoLiftsWhatIsRememberedIsItsAdminOrWaitsForSomebodyElse) {
  constexpr StartTerms lifts_as_other{.lifts = true};
  constexpr StartTerms lifts_as_admin{.administers = true, .lifts = true};
  constexpr StartTerms lifts_codes_as_other{.require_mfa = true, .lifts = true};
  constexpr StartTerms lifts_codes_as_admin{.administers = true, .require_mfa = true, .lifts = true};
  EXPECT_EQ(started_in(EnvironmentRule{}, lifts_as_admin).approvals, 0u);
  EXPECT_EQ(started_in(EnvironmentRule{}, lifts_as_other).approvals, 1u);
  EXPECT_EQ(started_in(EnvironmentRule{}, lifts_as_other).self_approval, SelfApproval::never);
  EXPECT_NE(reason_of(EnvironmentRule{}, lifts_as_other).find("asks for less than `live` is remembered to"),
            std::string::npos);
  EXPECT_EQ(started_in(EnvironmentRule{}, lifts_codes_as_other).self_approval, SelfApproval::never)
      << "his own code is not somebody else's word";
  EXPECT_TRUE(started_in(EnvironmentRule{}, lifts_codes_as_other).require_mfa);
  EXPECT_EQ(started_in(EnvironmentRule{}, lifts_codes_as_admin).self_approval, SelfApproval::with_totp)
      << "what holds is lifted by its own means";
  EnvironmentRule none;
  none.none_for_anybody = true;
  EXPECT_EQ(started_in(none, lifts_as_other).approvals, 1u) << "that was said of deployments, and not of policies";
  EnvironmentRule own;
  own.approvals = 2;
  own.self_approval = SelfApproval::with_totp;
  EXPECT_EQ(started_in(own, lifts_as_other).approvals, 2u);
  EXPECT_EQ(started_in(own, lifts_as_other).self_approval, SelfApproval::never) << "nor is it there";
}

TEST(StartRule, TheEnvironmentFileNeverAsksForLess) {
  EnvironmentRule strict;
  strict.approvals = 2;
  const EnvironmentRule asked = started_in(strict, by_admin_with_codes);
  EXPECT_EQ(asked.approvals, 2u);
  EXPECT_EQ(asked.self_approval, SelfApproval::never) << "the coordinator did not say that authors may";
  EXPECT_TRUE(asked.require_mfa);

  EnvironmentRule production;
  production.production = true;
  EXPECT_EQ(started_in(production, by_other_with_codes).self_approval, SelfApproval::never);
  EXPECT_TRUE(started_in(production, by_other_with_codes).require_mfa);
  EXPECT_EQ(started_in(production, by_admin_with_codes).self_approval, SelfApproval::with_totp);
}

}  // namespace
}  // namespace switchyard::access
