#include "agent/link/health_watch.hpp"

#include <gtest/gtest.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <fstream>
#include <future>

#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_link/names.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent {
namespace {

/// Rounds of 5 ms over real probes: healthy is that a file is there.
class Watch : public ::testing::Test {
 protected:
  ~Watch() override { pool.reset(); }

  protocol::ProbeSpec probe(const std::string& name, bool critical = true) {
    protocol::ProbeSpec spec;
    spec.name = name;
    spec.kind = protocol::FileSystemProbe{(root.path() / name).string(), true, false, 0};
    spec.critical = critical;
    return spec;
  }
  void make(const std::string& name) { std::ofstream(root.path() / name) << "alive"; }
  void remove(const std::string& name) { std::filesystem::remove(root.path() / name); }
  bool run_until(const std::function<bool()>& reached, std::int64_t ms = 5'000) {
    const std::int64_t end = clock.boot_ms() + ms;
    while (!reached() && clock.boot_ms() < end) loop.context().run_one_for(std::chrono::milliseconds(1));
    return reached();
  }
  /// Long enough for ten rounds.
  void let_rounds_pass() {
    run_until([] { return false; }, 100);
  }

  SystemClock clock;
  testing::ScratchRoot root;
  EventLoop loop;
  switchyard::testing::FakeServiceManager services;
  Prober prober{services, clock};
  std::vector<HealthChanged> told;
  std::optional<WorkerPool> pool{std::in_place, 2u, 10u};
  HealthWatch watch{loop, *pool, prober, [this](HealthChanged changed) { told.push_back(std::move(changed)); }, 5};
};

TEST_F(Watch, SaysNothingOfAComponentThatStaysHealthy) {
  make("a");
  watch.start({deployment, "app", {probe("a")}});
  let_rounds_pass();
  EXPECT_TRUE(told.empty());
}

TEST_F(Watch, TellsOnceThatItBecameUnhealthyAndOnceThatItIsHealthyAgain) {
  make("a");
  watch.start({deployment, "app", {probe("a")}});
  let_rounds_pass();
  remove("a");
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  EXPECT_TRUE(told[0].healthy) << "a doubt comes first";
  EXPECT_EQ(told[1].deployment, deployment);
  EXPECT_EQ(told[1].component, "app");
  EXPECT_FALSE(told[1].healthy);
  EXPECT_TRUE(told[1].detail.starts_with("a: ")) << told[1].detail;
  let_rounds_pass();
  EXPECT_EQ(told.size(), 2u);
  make("a");
  ASSERT_TRUE(run_until([&] { return told.size() == 3; }));
  EXPECT_TRUE(told[2].healthy);
  EXPECT_EQ(told[2].detail, "");
}

TEST_F(Watch, ForgivesTwoBadRoundsAndSaysThatItDoubts) {
  pool.emplace(1, 10);
  HealthWatch slow{loop, *pool, prober, [this](HealthChanged changed) { told.push_back(std::move(changed)); }, 100};
  slow.start({deployment, "app", {probe("a")}});
  run_until([] { return false; }, 250);  // rounds at 100 and 200 ms are bad
  make("a");
  run_until([] { return false; }, 300);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[0].healthy);
  EXPECT_TRUE(told[0].detail.starts_with("a: ")) << told[0].detail;
  EXPECT_TRUE(told[1].healthy);
  EXPECT_EQ(told[1].detail, "");
}

TEST_F(Watch, DoubtsALookThatTakesLong) {
  pool.emplace(1, 10);
  make("a");
  std::promise<void> end;
  ASSERT_TRUE(pool->submit([ended = end.get_future().share()] { ended.wait(); }));
  watch.start({deployment, "app", {probe("a")}});
  const bool doubted = run_until([&] { return told.size() == 1; });
  end.set_value();
  ASSERT_TRUE(doubted);
  EXPECT_TRUE(told[0].healthy);
  EXPECT_EQ(told[0].detail, "the look at it takes long");
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  EXPECT_TRUE(told[1].healthy);
  EXPECT_EQ(told[1].detail, "");
}

// It dies and is well again within a second, for as long as one likes to watch.
TEST_F(Watch, DoesNotForgiveAServiceThatBecameAnotherProcess) {
  pool.emplace(1, 10);
  services.define_running("app@green.service");
  protocol::ProbeSpec runs;
  runs.name = "unit_active";
  runs.kind = protocol::UnitProbe{"app@green.service"};
  watch.start({deployment, "app", {runs}});
  let_rounds_pass();
  EXPECT_TRUE(told.empty());
  std::promise<void> idle;  // the only worker has ended its look, and while the loop rests it gets no other
  ASSERT_TRUE(pool->submit([&] { idle.set_value(); }));
  idle.get_future().wait();
  ++services.unit("app@green.service").status.main_pid;
  ASSERT_TRUE(run_until([&] { return told.size() == 1; }));
  EXPECT_FALSE(told[0].healthy);
  let_rounds_pass();
  EXPECT_EQ(told.size(), 1u) << "it does not become healthy again";
}

TEST_F(Watch, JudgesByCriticalProbesOnly) {
  make("a");
  watch.start({deployment, "app", {probe("a"), probe("missing", false)}});
  watch.start({deployment, "worker", {probe("missing", false)}});
  let_rounds_pass();
  EXPECT_TRUE(told.empty());
}

TEST_F(Watch, NeedsEveryCriticalProbe) {
  make("a");
  watch.start({deployment, "app", {probe("a"), probe("missing")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  EXPECT_FALSE(told[1].healthy);
  EXPECT_TRUE(told[1].detail.starts_with("missing: ")) << told[1].detail;
}

TEST_F(Watch, StopsAllComponentsOfADeploymentAndNoOther) {
  const DeploymentId other("d-fedcba9876543210");
  watch.start({deployment, "app", {probe("a")}});
  watch.start({deployment, "worker", {probe("a")}});
  watch.start({other, "app", {probe("a")}});
  watch.stop({deployment});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  let_rounds_pass();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].deployment, other);
  EXPECT_EQ(told[1].deployment, other);
}

TEST_F(Watch, BeginsAnewWithACleanSlate) {
  watch.start({deployment, "app", {probe("a")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  watch.start({deployment, "app", {probe("a")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 4; })) << "it was healthy when it began";
  EXPECT_FALSE(told[3].healthy);
  make("a");
  ASSERT_TRUE(run_until([&] { return told.size() == 5; }));
  let_rounds_pass();
  EXPECT_EQ(told.size(), 5u) << "one watch, not two";
}

}  // namespace
}  // namespace switchyard::agent
