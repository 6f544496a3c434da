// What is said of a deployment before it is started: what to expect of its plan, and what it would come to.
#include <gtest/gtest.h>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class ForecastsTest : public ::testing::Test {
 protected:
  ForecastsTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeployRequest request(const std::string& text) {
    return world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", text)}});
  }
  PlanView plan(const DeployRequest& wanted) {
    std::optional<Answer<PlanView>> answer;
    world.operations().plan(FleetWorld::caller, wanted, [&](Answer<PlanView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer);
  }
  Answer<SimulationView> simulate(const DeployRequest& wanted, const std::string& fail = {}) {
    std::optional<Answer<SimulationView>> answer;
    world.operations().simulate(FleetWorld::caller, wanted, fail,
                                [&](Answer<SimulationView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  /// As if the agents had reported that each step of it took so long.
  void measure(const DeploymentId& id, std::int64_t ms) {
    store::Transaction writes;
    const model::Plan plan = world.store().plan(id).value();
    for (const auto& [host, slice] : plan.slices) {
      for (const auto& component : slice.components) {
        for (const auto& step : component.steps) {
          model::TimelineEntry entry;
          entry.deployment = id;
          entry.host = host;
          entry.component = component.name;
          entry.what = "step";
          entry.state = "done";
          entry.fields = {{"step", step.id.str()}, {"ms", std::to_string(ms)}};
          writes.push_back(store::AppendTimeline{entry});
        }
      }
    }
    world.store().commit(writes);
  }
  FleetWorld world;
};

TEST_F(ForecastsTest, AFirstPlanSaysThatNothingWasMeasuredYet) {
  const forecast::Outlook outlook = plan(request("v1")).outlook;
  EXPECT_FALSE(outlook.duration.spread.has_value());
  EXPECT_FALSE(outlook.duration.unmeasured.empty());
  ASSERT_EQ(outlook.changes.size(), 2u);
  EXPECT_EQ(outlook.changes.front().serves, "nothing");
  EXPECT_EQ(outlook.risks.front().kind, planner::RiskKind::first_deployment);
  EXPECT_EQ(outlook.approvals.count, 0u);
}

TEST_F(ForecastsTest, ALaterOneIsEstimatedByWhatTheEarlierOneTook) {
  const DeploymentId first = expect_value(world.start(request("v1"))).row.id;
  measure(first, 100);
  const DeploymentId second = expect_value(world.start(request("v2"))).row.id;
  measure(second, 300);
  const PlanView view = plan(request("v3"));
  ASSERT_TRUE(view.outlook.duration.spread.has_value()) << forecast::estimate_text(view.outlook.duration);
  EXPECT_GT(view.outlook.duration.spread->p90_ms, view.outlook.duration.spread->p10_ms);
  EXPECT_EQ(view.plan.hash, plan(request("v3")).plan.hash);
}

TEST_F(ForecastsTest, ASimulationChangesNothingAndSendsNothing) {
  expect_value(world.start(request("v1")));
  const DeployRequest wanted = request("v2");
  const auto commits = world.store().commits();
  const std::size_t heard = world.agent("web-1").heard.size();
  const SimulationView view = expect_value(simulate(wanted));
  EXPECT_EQ(view.simulation.end, model::DeploymentState::done);
  EXPECT_EQ(world.store().commits(), commits);
  EXPECT_EQ(world.agent("web-1").heard.size(), heard + 1) << "it was asked what serves";
  EXPECT_EQ(view.plan_hash, plan(wanted).plan.hash);
}

TEST_F(ForecastsTest, AFailingStepBringsEveryHostBack) {
  expect_value(world.start(request("v1")));
  const SimulationView view = expect_value(simulate(request("v2"), "web-2/switch api to green"));
  EXPECT_EQ(view.simulation.end, model::DeploymentState::rolled_back);
  EXPECT_EQ(view.simulation.reverts.size(), 2u);
  for (const forecast::SimulatedEnd& end : view.simulation.standing) EXPECT_EQ(end.serves, "old");
}

TEST_F(ForecastsTest, AStepThatIsNotThereIsRefused) {
  const Refusal refusal = expect_refusal(simulate(request("v1"), "switch api to purple"));
  EXPECT_EQ(refusal.code, "cannot_simulate");
}

std::string two_components() {
  return "metadata: {name: shop, environment: production}\ncomponents:\n"
         "  - {name: db, hosts: [web-1], artifact: {directory: x}, service: {command: [bin/db]}, ports: {stable: "
         "5432}}\n"
         "  - {name: api, hosts: [web-2], artifact: {directory: x}, service: {command: [bin/api]}, dependencies: "
         "[db],\n"
         "     ports: {stable: 8080, blue: 5002, green: 5003}}\n";
}

TEST_F(ForecastsTest, OnlyTheChosenComponentsAreDeployed) {
  DeployRequest wanted =
      world.request(two_components(), {{"db", world.upload("db", "v1")}, {"api", world.upload("api", "v1")}});
  wanted.components = {"api"};
  const Refusal refusal = expect_refusal(world.start(wanted, 1'000));
  EXPECT_EQ(refusal.code, "cannot_plan");
  EXPECT_NE(refusal.message.find("depends on `db`"), std::string::npos) << refusal.message;
  wanted.components = {"db"};
  expect_value(world.start(wanted));
  EXPECT_FALSE(world.agent("web-1").serving["db"].release.empty());
  EXPECT_TRUE(world.agent("web-2").serving["api"].release.empty());
  wanted.components = {"api"};
  const DeploymentId second = expect_value(world.start(wanted)).row.id;
  EXPECT_EQ(world.row(second).state, model::DeploymentState::done) << world.row(second).reason;
  EXPECT_EQ(world.store().plan(second)->slices.size(), 1u);
  EXPECT_EQ(world.store().source(second)->components, wanted.components);
  EXPECT_EQ(world.store().source(second)->artifacts.size(), 1u) << "db's was sent along, and not deployed";
}

TEST_F(ForecastsTest, AHostOfADependencyThatTheFleetHasNotIsNamedWithItsLine) {
  std::string manifest = two_components();
  manifest.replace(manifest.find("hosts: [web-1]"), 14, "hosts: [wep-1]");
  DeployRequest wanted = world.request(manifest, {{"api", world.upload("api", "v1")}});
  wanted.components = {"api"};
  const Refusal refusal = expect_refusal(world.start(wanted, 1'000));
  EXPECT_EQ(refusal.code, "unknown_host");
  EXPECT_NE(refusal.message.find("deploy.yaml:3"), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("web-1"), std::string::npos) << refusal.message;
}

TEST_F(ForecastsTest, ADependencyThatIsBeingChangedIsNotReliedUpon) {
  DeployRequest wanted =
      world.request(two_components(), {{"db", world.upload("db", "v1")}, {"api", world.upload("api", "v1")}});
  wanted.components = {"db"};
  const DeploymentId first = expect_value(world.start(wanted, 0)).row.id;
  wanted.components = {"api"};
  const Refusal refusal = expect_refusal(world.start(wanted, 0));
  EXPECT_EQ(refusal.code, "locked");
  EXPECT_EQ(refusal.details.at("holder"), first.str());
}

TEST_F(ForecastsTest, AnUnknownComponentIsRefused) {
  DeployRequest wanted = request("v1");
  wanted.components = {"apo"};
  EXPECT_NE(expect_refusal(world.start(wanted, 0)).message.find("did you mean `api`?"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::fleet
