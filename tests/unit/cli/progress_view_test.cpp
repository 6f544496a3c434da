#include "cli/progress_view.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "cli/live_screen.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {
namespace {

Deployment two_hosts() {
  Deployment deployment;
  deployment.id = "d-1";
  deployment.name = "shop";
  deployment.version = "1.2";
  deployment.environment = "production";
  deployment.state = "swapping";
  deployment.progress = {{"web-1", "api", "swapping", "switch port 5000", ""}, {"web-2", "api", "staged", "", ""}};
  return deployment;
}

class ProgressViewTest : public ::testing::Test {
 protected:
  /// The line, its time of day included.
  std::string line_of(std::int64_t wall_ms, const char* host, const char* component, const char* what,
                      const char* state, const char* text, bool undo = false) const {
    return timeline_line(console, {wall_ms, host, component, what, state, text, undo, ""});
  }
  std::ostringstream out, notes;
  Console console{out, notes};
};

TEST_F(ProgressViewTest, ShowsEveryHostWithStepAndTime) {
  ProgressView view;
  view.update(two_hosts(), 1'000, 0);
  const auto lines = view.lines(console, 4'200);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "d-1  shop 1.2 to production  swapping  3.2 s");
  EXPECT_EQ(lines[1], "  web-1  api        swapping    3.2 s      switch port 5000");
  EXPECT_EQ(lines[2].substr(0, 26), "  web-2  api        staged");
}

TEST_F(ProgressViewTest, TimeRunsFromTheLastChangeOfStateOrStep) {
  ProgressView view;
  Deployment deployment = two_hosts();
  view.update(deployment, 0, 0);
  view.update(deployment, 5'000, 0);
  EXPECT_NE(view.lines(console, 6'000)[1].find("6.0 s"), std::string::npos);
  deployment.progress[0].step = "verify";
  view.update(deployment, 7'000, 0);
  EXPECT_NE(view.lines(console, 8'000)[1].find("1.0 s"), std::string::npos);
}

TEST_F(ProgressViewTest, ColoursOnlyWhereTheyAreWanted) {
  ProgressView view;
  view.update(two_hosts(), 0, 0);
  for (const std::string& line : view.lines(console, 0)) EXPECT_EQ(line.find('\x1b'), std::string::npos);
  console.colours = true;
  EXPECT_NE(view.lines(console, 0)[1].find("\x1b[36mswapping"), std::string::npos);
}

TEST_F(ProgressViewTest, ALargeFleetFitsTheScreenAndTheRestIsCounted) {
  Deployment deployment = two_hosts();
  deployment.progress.clear();
  for (int i = 0; i < 100; ++i) {
    deployment.progress.push_back({"web-" + std::to_string(i), "api", i == 50 ? "swapping" : "staged", "", ""});
  }
  ProgressView view;
  view.update(deployment, 0, 0);
  const auto lines = view.lines(console, 0);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[1].find("web-50"), std::string::npos);
  EXPECT_EQ(lines[2], "  … and 99 more");
}

RC_GTEST_PROP(ProgressViewProperty, EveryFrameFitsTheTerminal, ()) {
  std::ostringstream out, notes;
  Console console{out, notes};
  console.width = *rc::gen::inRange<std::size_t>(10, 200);
  console.height = *rc::gen::inRange<std::size_t>(5, 60);
  Deployment deployment = two_hosts();
  const auto count = *rc::gen::inRange(0, 80);
  const auto states = std::vector<std::string>{"pending", "swapping", "committed", "stuck"};
  for (int i = 0; i < count; ++i) {
    deployment.progress.push_back({"host-" + std::to_string(i), "c", *rc::gen::elementOf(states),
                                   printable(*rc::gen::arbitrary<std::string>()), ""});
  }
  ProgressView view;
  view.update(deployment, 0, 0);
  const auto lines = view.lines(console, 10'000);
  RC_ASSERT(lines.size() < console.height);
  for (std::size_t i = 1; i < lines.size(); ++i) RC_ASSERT(width_of(lines[i]) <= console.width);
}

TEST_F(ProgressViewTest, AnEventIsOneLine) {
  const std::string line = line_of(1'790'000'000'000, "web-1", "api", "step", "failed", "no answer");
  EXPECT_EQ(line.substr(8), " web-1 api: failed no answer");
  EXPECT_EQ(line_of(0, "", "", "state", "done", "done in 3 s").substr(8), " coordinator: done in 3 s");
  EXPECT_EQ(line_of(0, "", "", "state", "preparing", "").substr(8), " coordinator: preparing");
  EXPECT_EQ(line_of(0, "", "", "state", "aborting", "h3 is ill").substr(8), " coordinator: aborting: h3 is ill");
  EXPECT_EQ(line_of(0, "h1", "", "host", "idle", "staged api").substr(8), " h1: staged api");
}

TEST_F(ProgressViewTest, AnUndoneStepReadsAsUndoneAndNotAsDone) {
  const auto line = [&](const char* state) {
    return line_of(0, "h1", "web", "step", state, "start web@blue.service", true).substr(8);
  };
  EXPECT_EQ(line("started"), " h1 web: undoing start web@blue.service");
  EXPECT_EQ(line("done"), " h1 web: undone start web@blue.service");
  EXPECT_EQ(line("skipped"), " h1 web: undone start web@blue.service");
  EXPECT_EQ(line("failed"), " h1 web: undo failed: start web@blue.service");
}

TEST_F(ProgressViewTest, AStepWhoseTitleHoldsTheWordDoneStillSaysItsState) {
  EXPECT_EQ(line_of(0, "h1", "abandoned", "step", "done", "start abandoned.service").substr(8),
            " h1 abandoned: done start abandoned.service");
}

TEST_F(ProgressViewTest, TheScreenIsDrawnInPlaceAndNotAtAllInAPipe) {
  {
    LiveScreen screen(console);
    screen.draw({"a", "b"});
    screen.print("stays");
  }
  EXPECT_EQ(notes.str(), "stays\n");
  notes.str("");
  console.live = true;
  {
    LiveScreen screen(console);
    screen.draw({"a", "b"});
    EXPECT_EQ(notes.str(), "a\x1b[K\nb\x1b[K\n\x1b[J");
    notes.str("");
    screen.draw({"c"});
    EXPECT_EQ(notes.str(), "\x1b[2Fc\x1b[K\n\x1b[J");
    notes.str("");
  }
  EXPECT_EQ(notes.str(), "\x1b[1F\x1b[J");
}

}  // namespace
}  // namespace switchyard::cli
