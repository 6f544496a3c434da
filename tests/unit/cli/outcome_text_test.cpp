#include "cli/outcome_text.hpp"

#include <gtest/gtest.h>

namespace switchyard::testing {
namespace {

TEST(OutcomeText, WhatAPersonCancelledDidNotFail) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "rolled_back";
  deployment.reason = "cancelled: no longer wanted";
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 was undone: cancelled: no longer wanted\nEverything runs what it ran before.\n");
}

TEST(OutcomeText, ARestoreIsCalledOne) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.kind = "restore";
  deployment.state = "done";
  EXPECT_EQ(cli::outcome_text(deployment), "Restore d-1 is done: there was nothing to do.\n");
}

TEST(OutcomeText, ADeploymentWithoutAnythingToDoCountsNothing) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "done";
  EXPECT_EQ(cli::outcome_text(deployment), "Deployment d-1 is done: there was nothing to do.\n");
}

TEST(OutcomeText, AHostThatWasDeclaredGoneIsNamedOnce) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "done";
  deployment.progress = {{"web-1", "api", "committed", "", ""}, {"web-2", "", "gone", "", ""}};
  deployment.gone = {"web-2"};
  deployment.deferred = {"web-2"};
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 is done: 1 component on 1 of 2 hosts.\n"
            "Declared gone, and not counted: web-2. Should it come back, it follows.\n");
  deployment.deferred = {"web-2", "web-3"};
  EXPECT_NE(cli::outcome_text(deployment).find("to follow when they come back: web-3.\n"), std::string::npos);
}

TEST(OutcomeText, ADeploymentWhoseOnlyHostIsGoneClaimsNothing) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.kind = "converge";
  deployment.state = "done";
  deployment.progress = {{"web-2", "", "gone", "", ""}};
  deployment.gone = {"web-2"};
  deployment.deferred = {"web-2"};
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 is over, on 0 of 1 host: nothing is known to have changed.\n"
            "Declared gone, and not counted: web-2. Should it come back, it follows.\n");
}

TEST(OutcomeText, WhatWasRolledBackSinceIsSaid) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "done";
  deployment.progress = {{"web-1", "api", "committed", "", "undone by rollback d-2"}};
  deployment.rolled_back_by = "d-2";
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 is done: 1 component on 1 host.\n"
            "It was rolled back since, by d-2: switchyard deploy status d-2\n");
}

cli::Deployment done_with_checks(const std::string& checks) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "done";
  deployment.progress = {{"web-1", "api", "committed", "", ""}};
  deployment.checks = checks;
  return deployment;
}

TEST(OutcomeText, ADeploymentSaysWhatWasCheckedAndWhatWasNot) {
  cli::Deployment deployment = done_with_checks("passed");
  deployment.run_tests = "smoke";
  deployment.check_tiers = {{0, "passed", 3, 2, 1, 0}, {1, "none", 0, 0, 0, 0}, {2, "not_asked", 0, 0, 0, 0}};
  deployment.warnings = {"api on web-1: check disk: nearly full"};
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 is done: 1 component on 1 host.\n"
            "Health checks: passed (integrity 2 of 3, 1 warned; smoke none; end to end not asked; run_tests: smoke).\n"
            "Warning: api on web-1: check disk: nearly full\n");
}

TEST(OutcomeText, WhereChecksAreOffNothingIsSaidToHavePassed) {
  cli::Deployment deployment = done_with_checks("off");
  deployment.run_tests = "full";
  deployment.check_tiers = {{0, "off", 0, 0, 0, 0}, {1, "off", 0, 0, 0, 0}, {2, "off", 0, 0, 0, 0}};
  EXPECT_EQ(cli::outcome_text(deployment),
            "Deployment d-1 is done: 1 component on 1 host.\n"
            "Health checks: off.\n");
}

TEST(OutcomeText, AFailureInTheWatchWindowIsNamedBesideTheChecksThatHadPassed) {
  cli::Deployment deployment = done_with_checks("failed");
  deployment.state = "rolled_back";
  deployment.check_tiers = {{0, "failed", 2, 2, 0, 0}, {1, "failed", 2, 1, 0, 1}};
  EXPECT_NE(cli::outcome_text(deployment)
                .find("Health checks: failed (integrity 2 of 2, and failed in another way; smoke 1 of 2, 1 failed).\n"),
            std::string::npos)
      << cli::outcome_text(deployment);
}

cli::Deployment paused(const std::string& reason) {
  cli::Deployment deployment;
  deployment.id = "d-1";
  deployment.state = "paused";
  deployment.reason = reason;
  deployment.progress = {{"web-1", "api", "swapped", "", ""}, {"web-2", "api", "staged", "", ""}};
  return deployment;
}

TEST(OutcomeText, WhatIsHeldSaysWhatServesNowAndWhatWillAfterEachWayOn) {
  EXPECT_EQ(cli::outcome_text(paused("held: lunch")),
            "Deployment d-1 is paused: held: lunch\n"
            "It stands still: 1 of 2 places serves the new release, all else what it served.\n"
            "Go on, until all is new: switchyard deploy resume d-1\n"
            "Undo it, until all is as it was before: switchyard deploy abandon d-1\n");
}

TEST(OutcomeText, WhatFailedIsTriedAgainByResume) {
  EXPECT_NE(cli::outcome_text(paused("web-2: no"))
                .find("Try again what failed, until all is new (a command that has run is not run again): switchyard "
                      "deploy resume d-1\n"),
            std::string::npos);
}

TEST(OutcomeText, WhatHasAShareOfTheTrafficIsNotCountedAsSwitched) {
  cli::Deployment deployment = paused("held: lunch");
  deployment.progress[0].state = "swapping";
  EXPECT_NE(cli::outcome_text(deployment)
                .find("0 of 2 places serve the new release, 1 is between both, all else what it served."),
            std::string::npos);
}

TEST(OutcomeText, OfAHostThatIsAwayNothingIsSaidForSure) {
  cli::Deployment deployment = paused("held: lunch");
  deployment.progress[0].may_have_gone_back = true;
  EXPECT_NE(cli::outcome_text(deployment)
                .find("1 of 2 places serves the new release, all else what it served.\nOf these 1 place is on hosts "
                      "that are away, and may have gone back to what served before.\n"),
            std::string::npos)
      << cli::outcome_text(deployment);
}

TEST(OutcomeText, WhatWasHeldBeforeAnythingSwitchedServesAsBefore) {
  cli::Deployment deployment = paused("held: lunch");
  deployment.progress[0].state = "staged";
  EXPECT_NE(cli::outcome_text(deployment).find("Nothing is switched: everything serves what it served.\n"),
            std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
