#include "coordinator/api/json_views.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::api::views {
namespace {

using nlohmann::json;

TEST(JsonViews, ReplacesBytesThatAreNoText) {
  fleet::DeploymentView view = testing::FakeOperations::sample_view();
  view.row.reason = "bad \xff byte";
  EXPECT_EQ(json::parse(deployment_body(view))["reason"], "bad \xEF\xBF\xBD byte");
}

TEST(JsonViews, ATimeThatHasNotComeIsNull) {
  const json value = json::parse(deployment_body(testing::FakeOperations::sample_view()));
  EXPECT_TRUE(value["finished_ms"].is_null());
  EXPECT_TRUE(value["rollback_of"].is_null());
  EXPECT_EQ(value["created_ms"], 1);
}

TEST(JsonViews, APlanSaysWhatEachHostIsToldAndNoContentsOfFiles) {
  model::Plan plan = testing::FakeOperations::sample_plan();
  protocol::Step file;
  file.title = "write the configuration";
  file.action = protocol::EnsureFile{"/etc/api.conf", "password=hunter2", 0600, "", false};
  plan.slices.begin()->second.components[0].steps.push_back(file);
  const std::string body = plan_body({plan, testing::FakeOperations::sample_outlook()});
  EXPECT_EQ(body.find("hunter2"), std::string::npos);
  const json steps = json::parse(body)["hosts"][0]["components"][0]["steps"];
  EXPECT_EQ(steps[0]["action"], "ensure_unit");
  EXPECT_EQ(steps[0]["undo"], "ensure_unit");
  EXPECT_EQ(steps[1]["action"], "ensure_file");
  EXPECT_TRUE(steps[1]["undo"].is_null());
}

TEST(JsonViews, APlanSaysOfWhichHostsNothingIsKnown) {
  forecast::Outlook outlook = testing::FakeOperations::sample_outlook();
  outlook.changes.push_back({HostId("web-9"), "api", "not known: the host does not answer", false, {}});
  const json changes = json::parse(plan_body({testing::FakeOperations::sample_plan(), outlook}))["outlook"]["changes"];
  EXPECT_EQ(changes[0]["known"], true);
  EXPECT_EQ(changes[1]["known"], false) << "no difference is not that nothing changes";
}

TEST(JsonViews, AgentsAreTheHostsThatHaveAKey) {
  const auto hosts = testing::FakeOperations().hosts({});
  EXPECT_EQ(json::parse(hosts_body(hosts))["hosts"].size(), 2u);
  EXPECT_EQ(json::parse(agents_body(hosts))["agents"].size(), 1u);
}

TEST(JsonViews, AnUndoneStepIsMarked) {
  model::TimelineEntry entry;
  entry.what = "step";
  model::TimelineEntry undone = entry;
  model::mark_undo(undone, true);
  const json value = json::parse(timeline_body({entry, undone}, 2, testing::FakeOperations::sample_view()));
  EXPECT_EQ(value["entries"][0]["undo"], false);
  EXPECT_EQ(value["entries"][1]["undo"], true);
}

TEST(JsonViews, ADeploymentThatIsOverSaysWhatCameOfItAndWhatProvesIt) {
  fleet::DeploymentView over = testing::FakeOperations::rollback_view();
  over.row.created_wall_ms = 10;
  over.progress = {{HostId("web-1"), "api", "committed", {}, {}},
                   {HostId("web-2"), "api", "committed", {}, {}},
                   {HostId("web-2"), "web", "committed", {}, {}},
                   {HostId("web-9"), {}, "deferred", {}, {}}};
  over.checks->findings.push_back({.host = HostId("web-2"), .component = "api", .check = "answers"});
  const json value = json::parse(deployment_body(over));
  EXPECT_EQ(value["success"], true);
  EXPECT_EQ(value["duration_ms"], 20);
  EXPECT_EQ(value["components_deployed"], (json{"api", "web"}));
  EXPECT_EQ(value["rollback_performed"], false);
  EXPECT_EQ(value["previous_version"], "1.2");
  EXPECT_EQ(value["check_results"][0], (json{{"host", "web-1"},
                                             {"component", "api"},
                                             {"check", "disk"},
                                             {"tier", 0},
                                             {"critical", false},
                                             {"status", "fail"},
                                             {"message", "nearly full"},
                                             {"duration_ms", 40},
                                             {"at_ms", 20}}));
  EXPECT_EQ(value["check_results"][1]["status"], "inconclusive");
  EXPECT_TRUE(value["check_results"][1]["duration_ms"].is_null());
  EXPECT_TRUE(value["check_results"][1]["at_ms"].is_null());
  EXPECT_EQ(value["check_results_left_out"], 3);
  over.row.state = model::DeploymentState::rolled_back;
  const json back = json::parse(deployment_body(over));
  EXPECT_EQ(back["success"], false);
  EXPECT_EQ(back["components_deployed"], json::array());
  EXPECT_EQ(back["rollback_performed"], true);
}

TEST(JsonViews, ADeploymentThatIsUnderWayHasNotSucceededYet) {
  const json value = json::parse(deployment_body(testing::FakeOperations::sample_view()));
  EXPECT_TRUE(value["success"].is_null());
  EXPECT_TRUE(value["duration_ms"].is_null());
  EXPECT_EQ(value["components_deployed"], json::array());
  EXPECT_EQ(value["check_results"], json::array());
  EXPECT_EQ(value["check_results_left_out"], 0);
  EXPECT_TRUE(value["previous_version"].is_null());
}

TEST(JsonViews, AnErrorNamesTheCheckThatFailed) {
  fleet::DeploymentView view = testing::FakeOperations::sample_view();
  model::Failure failure;
  failure.code = "probe_failed";
  view.row.failures = {failure, failure};
  view.row.failures[0].check = "answers";
  const json errors = json::parse(deployment_body(view))["errors"];
  EXPECT_EQ(errors[0]["check"], "answers");
  EXPECT_TRUE(errors[1]["check"].is_null());
}

TEST(JsonViews, AnEmptyListIsAList) {
  EXPECT_EQ(deployments_body({}), R"({"deployments":[]})");
  EXPECT_EQ(missing_chunks_body({}), R"({"missing":[]})");
}

}  // namespace
}  // namespace switchyard::api::views
