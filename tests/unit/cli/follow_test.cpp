#include <gtest/gtest.h>

#include "cli/follow.hpp"
#include "common/limits.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"

namespace switchyard::testing {
namespace {

class FollowTest : public CommandTest {
 protected:
  void news(const std::string& entries, std::size_t next, const std::string& state) {
    coordinator.answer(timeline_json(entries, next, state));
  }
  int follow() { return run({"deploy", "status", "d-1", "--follow"}); }
  std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (std::size_t at = notes.str().find(text); at != std::string::npos; at = notes.str().find(text, at + 1)) ++found;
    return found;
  }
};

TEST_F(FollowTest, PrintsEveryEntryOnceAndAsksOnFromTheLast) {
  news(entry_json("one") + "," + entry_json("two"), 2, "preparing");
  news(entry_json("three"), 3, "done");
  news("", 3, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_EQ(count("one") + count("two") + count("three"), 3u);
  EXPECT_EQ(asked(1), "GET /v1/deployments/d-1/timeline?after=2&wait_ms=20000");
  EXPECT_EQ(asked(2), "GET /v1/deployments/d-1/timeline?after=3&wait_ms=0");
  EXPECT_EQ(out.str(), "Deployment d-1 is done: 1 component on 2 hosts in 42.0 s.\n");
}

TEST_F(FollowTest, TheStatusTellsHowItEnded) {
  const std::pair<const char*, int> ends[] = {
      {"done", 0}, {"rolled_back", 3}, {"stuck", 4}, {"paused", 4}, {"rejected", 6}};
  for (const auto& [state, status] : ends) {
    news("", 0, state);
    EXPECT_EQ(follow(), status) << state;
  }
  EXPECT_NE(out.str().find("failed and was undone: probe failed on web-2"), std::string::npos);
  EXPECT_NE(out.str().find("switchyard deploy resolve d-1 --host HOST --gone"), std::string::npos);
  EXPECT_NE(out.str().find("switchyard deploy resume d-1"), std::string::npos);
}

TEST_F(FollowTest, WhoWatchesOneThatWaitsForApprovalWaitsToo) {
  news(entry_json("waits"), 1, "draft");
  news(entry_json("approved"), 2, "approved");
  news("", 2, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_EQ(asked(1), "GET /v1/deployments/d-1/timeline?after=1&wait_ms=20000");
}

TEST_F(FollowTest, WhoStartsOneThatHasToBeApprovedIsToldSoAndWaitsOnlyIfHeWantsTo) {
  coordinator.answer(201, deployment_json("draft"));
  news("", 0, "draft");
  EXPECT_EQ(run({"rollback", "start", "d-1", "--reason", "r"}), 4);
  EXPECT_NE(out.str().find("switchyard approvals show d-1"), std::string::npos);
  coordinator.answer(201, deployment_json("draft"));
  news(entry_json("waits"), 1, "draft");
  news("", 1, "rejected");
  EXPECT_EQ(run({"rollback", "start", "d-1", "--reason", "r", "--wait-approval"}), 6);
  EXPECT_NE(out.str().find("never began"), std::string::npos);
}

TEST_F(FollowTest, OfWhatHasEndedTheTimeIsItsOwn) {
  console.live = true;
  news("", 0, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_NE(notes.str().find("  done  42.0 s"), std::string::npos) << notes.str();
}

TEST_F(FollowTest, OfWhatWentOnBeforeItWasWatchedTheTimeIsItsOwn) {
  console.live = true;
  clock.jump_wall(1'000 + 90'000 - clock.wall_ms());  // 90 s after the deployment was made
  news("", 0, "swapping");
  news("", 0, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_NE(notes.str().find("  swapping  1 m 30 s"), std::string::npos) << notes.str();
}

TEST_F(FollowTest, WaitsForACoordinatorThatRestarts) {
  news("", 0, "swapping");
  for (int i = 0; i < 30; ++i) coordinator.be_away(i % 2 == 0);
  coordinator.answer(503, error_json("store_unavailable", "starting"));
  news("", 0, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_EQ(count("Trying again"), 1u);
  EXPECT_EQ(count("The coordinator is back"), 1u);
}

TEST_F(FollowTest, GivesUpOnACoordinatorThatStaysAwayAndDoesNotGuess) {
  news("", 0, "swapping");
  coordinator.go_away();
  EXPECT_EQ(follow(), 5);
  EXPECT_LE(coordinator.calls.size(),
            static_cast<std::size_t>(limits::cli_unreachable_ms_max / limits::cli_retry_ms + 3));
  EXPECT_TRUE(out.str().empty());
}

TEST_F(FollowTest, CtrlCLeavesItRunningAndSaysHowToComeBack) {
  coordinator.answer([this](const cli::HttpCall&) -> cli::HttpReply {
    interrupt.is_pressed = true;
    throw cli::InterruptedError();
  });
  EXPECT_EQ(follow(), 130);
  EXPECT_EQ(count("switchyard deploy status d-1 --follow"), 1u);
  EXPECT_EQ(coordinator.calls.size(), 1u);  // and nothing was cancelled
}

TEST_F(FollowTest, InAPipeBeginningStepsAreSaidOnlyWhenAskedFor) {
  news(entry_json("fetch", "step", "started") + "," + entry_json("fetch", "step", "done"), 2, "done");
  news("", 2, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_EQ(count("fetch"), 1u);
  news(entry_json("fetch", "step", "started"), 1, "done");
  news("", 1, "done");
  EXPECT_EQ(run({"--verbose", "deploy", "status", "d-1", "--follow"}), 0);
  EXPECT_EQ(count("fetch"), 2u);
}

TEST_F(FollowTest, OnATerminalTheHostsAreDrawnAndTheStepsAreNotListed) {
  console.live = true;
  news(entry_json("fetch", "step", "done") + "," + entry_json("broken", "step", "failed"), 2, "swapping");
  news("", 2, "done");
  EXPECT_EQ(follow(), 0);
  EXPECT_EQ(count("fetch"), 0u);
  EXPECT_GE(count("broken"), 1u);
  EXPECT_GE(count("verify port 5000"), 1u);
  EXPECT_EQ(asked(1), "GET /v1/deployments/d-1/timeline?after=2&wait_ms=1000");
  EXPECT_EQ(notes.str().substr(notes.str().size() - 3), "\x1b[J");  // nothing half-drawn stays
}

TEST_F(FollowTest, InJsonTheResultIsTheDeploymentAlone) {
  news(entry_json("one"), 1, "done");
  news("", 1, "done");
  coordinator.answer(deployment_json("done"));
  EXPECT_EQ(run({"deploy", "status", "d-1", "--follow", "--json"}), 0);
  EXPECT_EQ(out.str().substr(0, 1), "{");
  EXPECT_EQ(out.str().find('\n'), out.str().size() - 1);
}

}  // namespace
}  // namespace switchyard::testing
