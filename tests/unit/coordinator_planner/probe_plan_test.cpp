#include "coordinator/planner/probe_plan.hpp"

#include <gtest/gtest.h>

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

ProbePlan plan_of(const model::Component& component, bool enabled = true) {
  const SlotPlace place =
      place_in_slot(component, "green", switchyard::testing::release_of("api", '2'), {"/srv", "/u"});
  return plan_probes(component, place, enabled);
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
  const ProbePlan plan = plan_of(component_with({built_in_checks().at("http_health")}), false);
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

}  // namespace switchyard::planner
