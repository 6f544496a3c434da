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
  SecretMask mask;
  Prober prober{services, clock, mask};
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

// A process that began anew has told that it doubts everything.
TEST_F(Watch, TellsTheFirstGoodLookAtWhatItHasNotSeenYet) {
  make("a");
  watch.start({deployment, "app", {probe("a")}, true});
  ASSERT_TRUE(run_until([&] { return told.size() == 1; }));
  EXPECT_TRUE(told[0].healthy);
  EXPECT_EQ(told[0].detail, "");
  let_rounds_pass();
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(Watch, TellsWhatWasNotGoodAtTheFirstLookAtWhatItHasNotSeenYet) {
  watch.start({deployment, "app", {probe("a")}, true});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  EXPECT_TRUE(told[0].healthy) << "a bad look is forgiven, but not hidden";
  EXPECT_TRUE(told[0].detail.starts_with("a: ")) << told[0].detail;
  EXPECT_FALSE(told[1].healthy);
}

TEST_F(Watch, TellsTheFirstLookAlsoWhenTheProbesHaveChangedMeanwhile) {
  make("b");
  watch.start({deployment, "app", {probe("a")}, true});
  watch.start({deployment, "app", {probe("b")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 1; }));
  EXPECT_TRUE(told[0].healthy);
  EXPECT_EQ(told[0].detail, "");
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
  HealthWatch slow{loop, *pool, prober, [this](HealthChanged changed) { told.push_back(std::move(changed)); }, 400};
  slow.start({deployment, "app", {probe("a")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 1; }));
  run_until([] { return false; }, 600);  // the second bad round; half a round of time until the third
  make("a");
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
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

/// How much memory is asked for says whether it is good.
protocol::ProbeSpec resources(std::uint64_t memory_mb) {
  protocol::ProbeSpec spec;
  spec.name = "room";
  spec.kind = protocol::ResourcesProbe{0, memory_mb, 0, "/"};
  return spec;
}

TEST_F(Watch, WhatIsCostlyCountsAsMuchAsTheRest) {
  make("a");
  watch.start({deployment, "app", {probe("a"), resources(limits::resource_mb_max)}});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  EXPECT_TRUE(told[0].healthy) << "a doubt comes first";
  EXPECT_FALSE(told[1].healthy);
  EXPECT_TRUE(told[1].detail.starts_with("room: ")) << told[1].detail;
}

TEST_F(Watch, WhatIsCostlyAndGoodDisturbsNobody) {
  make("a");
  watch.start({deployment, "app", {probe("a"), resources(1)}});
  let_rounds_pass();
  EXPECT_TRUE(told.empty());
}

TEST(WatchRounds, AskWhatIsCostlyInEveryThirdAndInEachAsLongAsTheLastLookWasBad) {
  protocol::ProbeSpec store = resources(1);
  store.kind = protocol::StorageProbe{"http://127.0.0.1:9000/uploads", "r", "k", "c"};
  protocol::ProbeSpec port;
  port.kind = protocol::TcpProbe{"127.0.0.1", 80};
  protocol::ProbeSpec directory;
  directory.kind = protocol::FileSystemProbe{"/srv", true, true, 0};
  const std::vector<protocol::ProbeSpec> all = {port, store, resources(1), directory};
  const std::vector<protocol::ProbeSpec> cheap = {port, directory};
  for (const unsigned round : {0u, 3u, 6u}) EXPECT_EQ(due_probes(all, round, false), all) << round;
  for (const unsigned round : {1u, 2u, 4u, 5u}) {
    EXPECT_EQ(due_probes(all, round, false), cheap) << round;
    EXPECT_EQ(due_probes(all, round, true), all) << round;
  }
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

TEST_F(Watch, HoldsOnToWhatItSawWhenTheProbesChange) {
  watch.start({deployment, "app", {probe("a")}});
  ASSERT_TRUE(run_until([&] { return told.size() == 2; }));
  watch.start({deployment, "app", {probe("b")}});
  let_rounds_pass();
  EXPECT_EQ(told.size(), 2u) << "it was ill, and is";
  make("b");
  ASSERT_TRUE(run_until([&] { return told.size() == 3; }));
  EXPECT_TRUE(told[2].healthy);
  let_rounds_pass();
  EXPECT_EQ(told.size(), 3u) << "one watch, not two";
}

}  // namespace
}  // namespace switchyard::agent
