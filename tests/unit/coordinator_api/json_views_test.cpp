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
  const std::string body = plan_body(plan);
  EXPECT_EQ(body.find("hunter2"), std::string::npos);
  const json steps = json::parse(body)["hosts"][0]["components"][0]["steps"];
  EXPECT_EQ(steps[0]["action"], "ensure_unit");
  EXPECT_EQ(steps[0]["undo"], "ensure_unit");
  EXPECT_EQ(steps[1]["action"], "ensure_file");
  EXPECT_TRUE(steps[1]["undo"].is_null());
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

TEST(JsonViews, AnEmptyListIsAList) {
  EXPECT_EQ(deployments_body({}), R"({"deployments":[]})");
  EXPECT_EQ(missing_chunks_body({}), R"({"missing":[]})");
}

}  // namespace
}  // namespace switchyard::api::views
