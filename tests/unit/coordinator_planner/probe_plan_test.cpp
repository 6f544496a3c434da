#include "coordinator/planner/probe_plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "coordinator/planner/health_check_reader.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

model::HealthCheck http(const std::string& url) {
  model::HealthCheck check;
  check.probe.name = "web";
  check.probe.kind = protocol::HttpProbe{url, {}, {}, {}};
  check.probe.min_healthy_ms = 3'000;
  return check;
}

ProbePlan plan_of(const model::Component& component, const ProbeWishes& wishes = {}) {
  const SlotPlace place =
      place_in_slot(component, "green", switchyard::testing::release_of("api", '2'), {"/srv", "/u"});
  return plan_probes(component, place, wishes);
}

model::Component component_with(std::vector<model::HealthCheck> checks) {
  model::Component component = switchyard::testing::manifest_from_text("api@h1").components[0];
  component.health_checks = std::move(checks);
  return component;
}

std::string url_of(const protocol::ProbeSpec& probe) { return std::get<protocol::HttpProbe>(probe.kind).url; }

}  // namespace

TEST(ProbePlan, AsksTheSlotFirstAndTheStablePortAfterTheSwitch) {
  const ProbePlan plan = plan_of(component_with({built_in_checks().at("http_health")}));
  ASSERT_EQ(plan.slot.size(), 2U);
  EXPECT_EQ(std::get<protocol::UnitProbe>(plan.slot[0].kind).unit, "api@green.service");
  EXPECT_EQ(url_of(plan.slot[1]), "http://127.0.0.1:10002/health");
  ASSERT_EQ(plan.stable.size(), 1U);
  EXPECT_EQ(url_of(plan.stable[0]), "http://127.0.0.1:10000/health");
  ASSERT_EQ(plan.watch.size(), 2U);
  EXPECT_EQ(url_of(plan.watch[1]), "http://127.0.0.1:10000/health");
}

TEST(ProbePlan, AsksAComponentWithoutChecksWhetherItListensForAsLongAsTheCallerSays) {
  EXPECT_EQ(plan_of(component_with({})).slot.at(1).deadline_ms, 60'000U);
  EXPECT_EQ(plan_of(component_with({}), {.deadline_s = 7}).slot.at(1).deadline_ms, 7'000U);
}

TEST(ProbePlan, TakesTheOwnStablePortInACheckForTheSlotsPort) {
  for (const std::string host : {"localhost", "127.0.0.1", "[::1]"}) {
    const ProbePlan plan = plan_of(component_with({http("http://" + host + ":10000/health?x=1")}));
    EXPECT_EQ(url_of(plan.slot[1]), "http://" + host + ":10002/health?x=1");
    EXPECT_EQ(url_of(plan.stable[0]), "http://" + host + ":10000/health?x=1");
  }
  for (const std::string other : {"http://localhost:10001/", "http://elsewhere:10000/", "http://localhost/"}) {
    EXPECT_EQ(url_of(plan_of(component_with({http(other)})).slot[1]), other);
  }
  model::Component component = component_with({http("http://localhost/")});
  component.ports.stable = 80;
  EXPECT_EQ(url_of(plan_of(component).slot[1]), "http://localhost:10002/");
  model::HealthCheck tcp;
  tcp.probe.kind = protocol::TcpProbe{"localhost", 10'000};
  EXPECT_EQ(std::get<protocol::TcpProbe>(plan_of(component_with({tcp})).slot[1].kind).port, 10'002);
}

TEST(ProbePlan, ConfirmsQuicklyAfterTheSwitch) {
  const ProbePlan plan = plan_of(component_with({http("http://127.0.0.1:${port}/")}));
  EXPECT_EQ(plan.slot[1].min_healthy_ms, 3'000U);
  EXPECT_EQ(plan.stable[0].min_healthy_ms, 0U);
  EXPECT_EQ(plan.stable[0].successes, 1U);
  EXPECT_LE(plan.stable[0].deadline_ms, 10'000U);
}

TEST(ProbePlan, AtLeastSeesThatTheServiceListens) {
  const ProbePlan plan = plan_of(component_with({}));
  ASSERT_EQ(plan.slot.size(), 2U);
  EXPECT_EQ(std::get<protocol::TcpProbe>(plan.slot[1].kind).port, 10'002);
}

TEST(ProbePlan, WatchesOnlyTheUnitWhenHealthChecksAreOff) {
  const ProbePlan plan = plan_of(component_with({built_in_checks().at("http_health")}),
                                 {.enabled = false, .run_tests = model::RunTests::full});
  EXPECT_EQ(plan.slot.size(), 1U);
  EXPECT_TRUE(plan.stable.empty());
  EXPECT_EQ(plan.watch.size(), 1U);
}

TEST(ProbePlan, NamesTheCheckThatNeedsAPort) {
  model::Component component = component_with({built_in_checks().at("tcp_connectivity")});
  component.traffic = model::TrafficKind::none;
  component.ports = {};
  EXPECT_TRUE(has(refusal([&] { plan_of(component); }), "health check `tcp_connectivity`: it connects to `${port}`"));
}

namespace {

model::HealthCheck test_of(std::uint32_t tier, model::TestScope scope = model::TestScope::critical) {
  model::HealthCheck check = http("http://127.0.0.1:${port}/");
  check.probe.name = "tier-" + std::to_string(tier) + "-" + std::to_string(static_cast<int>(scope));
  if (tier > 0) check.probe.tier = tier;
  check.scope = scope;
  return check;
}

}  // namespace

TEST(ProbePlan, TestsAreAskedOnceAtTheSlotAfterWhatIsAskedOfItsIntegrity) {
  const ProbePlan plan = plan_of(component_with({test_of(2), test_of(1), test_of(0)}));
  ASSERT_EQ(plan.slot.size(), 4U);
  EXPECT_EQ(plan.slot[1].tier, std::nullopt);
  EXPECT_EQ(plan.slot[2].tier, 1U);
  EXPECT_EQ(plan.slot[3].tier, 2U);
  EXPECT_EQ(plan.stable.size(), 1U);
  EXPECT_EQ(plan.watch.size(), 2U);
}

/// The deadline that the attempts were made into is what a deployment goes by, and a plan of before keeps its bytes.
TEST(ProbePlan, HoldsNoAttempts) {
  model::HealthCheck check = http("http://localhost:10000/");
  check.probe.retry_attempts = 3;
  const ProbePlan plan = plan_of(component_with({check}));
  for (const auto& probes : {plan.slot, plan.stable, plan.watch}) {
    for (const protocol::ProbeSpec& probe : probes) EXPECT_EQ(probe.retry_attempts, std::nullopt) << probe.name;
  }
}

TEST(ProbePlan, WatchesWhatTheServiceNeedsAllTheTime) {
  const std::vector<decltype(protocol::ProbeSpec::kind)> kinds = {
      protocol::DatabaseProbe{"127.0.0.1", 5432, "u", "d", "SELECT 1", ""},
      protocol::QueueProbe{"127.0.0.1", 6379, "", ""},
      protocol::StorageProbe{"http://127.0.0.1:9000/uploads", "r", "k", "c"},
      protocol::FileSystemProbe{"/srv/api/shared", true, true, 0},
      protocol::ResourcesProbe{90, 0, 0, "/"},
  };
  for (const auto& kind : kinds) {
    model::HealthCheck needed;
    needed.probe.name = "needed";
    needed.probe.kind = kind;
    const ProbePlan plan = plan_of(component_with({needed}));
    ASSERT_EQ(plan.watch.size(), 2U) << kind.index();
    EXPECT_EQ(plan.watch[1].kind, kind);
    EXPECT_EQ(plan.watch[1].name, "needed");
    EXPECT_TRUE(plan.stable.empty()) << "no port leads there";
    needed.probe.tier = 1;
    EXPECT_EQ(plan_of(component_with({needed})).watch.size(), 1U) << "a test is asked once";
  }
}

// Feature: deployment-mcp, Property 2: Health Check Completeness
// Every check of every tier that is wanted is in what a deployment has to pass, exactly once at the slot; none other
// is.
RC_GTEST_PROP(ProbePlanProperty, AsksExactlyTheChecksOfTheTiersThatAreWanted, ()) {
  std::vector<model::HealthCheck> checks;
  const int count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) {
    checks.push_back(
        test_of(*rc::gen::inRange(0U, 3U),
                *rc::gen::element(model::TestScope::critical, model::TestScope::changed, model::TestScope::full)));
    checks.back().probe.name += "-" + std::to_string(i);
    checks.back().probe.critical = *rc::gen::arbitrary<bool>();
  }
  const auto tests =
      *rc::gen::element(model::RunTests::none, model::RunTests::smoke, model::RunTests::e2e, model::RunTests::full);
  const ProbePlan plan = plan_of(component_with(checks), {.enabled = true, .run_tests = tests});
  for (const model::HealthCheck& check : checks) {
    const std::uint32_t tier = check.probe.tier.value_or(0);
    const bool wanted = tier == 0 || (tier == 1 && tests != model::RunTests::none) ||
                        (tier == 2 && (tests == model::RunTests::full ||
                                       (tests == model::RunTests::e2e && check.scope != model::TestScope::full)));
    const auto found = std::count_if(plan.slot.begin(), plan.slot.end(), [&](const protocol::ProbeSpec& probe) {
      return probe.name == check.probe.name && probe.critical == check.probe.critical;
    });
    RC_ASSERT(found == (wanted ? 1 : 0));
  }
}

}  // namespace switchyard::planner
