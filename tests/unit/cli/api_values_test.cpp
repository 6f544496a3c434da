#include "cli/api_values.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/request_bodies.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::cli {
namespace {

namespace views = api::views;
using testing::FakeOperations;

TEST(ApiValues, AReasonKeepsItsLinesAndNothingElseThatATerminalObeys) {
  fleet::DeploymentView view = FakeOperations::sample_view();
  view.row.reason = "start failed; its last lines:\n  no configuration\x1b[2J";
  EXPECT_EQ(read_deployment(views::deployment_body(view)).reason.find("its last lines:\n    no configuration"), 14u);
  EXPECT_EQ(read_deployment(views::deployment_body(view)).reason.find('\x1b'), std::string::npos);
}

TEST(ApiValues, AnEntryThatDoesNotSayUndoIsNone) {
  const auto read = [](const std::string& more) {
    const std::string entry =
        R"({"wall_ms":1,"host":"h1","component":"web","what":"step","state":"done","text":"start",)" + more +
        R"("fields":{"detail":"so already"}})";
    return read_timeline(R"({"entries":[)" + entry + R"(],"next":1,"deployment":)" + testing::deployment_json("done") +
                         "}")
        .entries.at(0);
  };
  EXPECT_FALSE(read("").undo);
  EXPECT_TRUE(read(R"("undo":true,)").undo);
  EXPECT_EQ(read("").detail, "so already");
}

TEST(ApiValues, OnlyWhatIsOverSaysWhatBecameOfItsChecks) {
  EXPECT_EQ(read_deployment(views::deployment_body(FakeOperations::sample_view())).checks, "");
  EXPECT_EQ(read_deployment(testing::deployment_json("done")).checks, "") << "nor does an older coordinator";
  const Deployment over = read_deployment(views::deployment_body(FakeOperations::rollback_view()));
  EXPECT_EQ(over.checks, "passed");
  EXPECT_EQ(over.run_tests, "none");
  ASSERT_EQ(over.check_tiers.size(), 3u);
  EXPECT_EQ(over.check_tiers[0].state, "passed");
  EXPECT_EQ(over.check_tiers[0].checks, 2);
  EXPECT_EQ(over.check_tiers[0].warned, 1);
  EXPECT_EQ(over.warnings, std::vector<std::string>{"api on web-1: check disk: nearly full"});
  ASSERT_EQ(over.check_results.size(), 1u);
  EXPECT_EQ(over.check_results[0].check + ": " + over.check_results[0].message, "disk: nearly full");
  EXPECT_EQ(over.check_results[0].status, "fail");
  EXPECT_FALSE(over.check_results[0].critical);
  EXPECT_EQ(over.check_results[0].duration_ms, 40);
  EXPECT_EQ(over.check_results_left_out, 3);
}

/// What the coordinator writes is what this program reads: both ends of the API in one place.
TEST(ApiValues, ReadsEveryAnswerThatTheCoordinatorWrites) {
  const FakeOperations operations;
  const Deployment deployment = read_deployment(views::deployment_body(FakeOperations::sample_view()));
  EXPECT_EQ(deployment.state, "swapping");
  EXPECT_EQ(deployment.progress.at(0), (Progress{"web-1", "api", "swapped", "switch port 5000", ""}));
  EXPECT_EQ(deployment.deferred, std::vector<std::string>{"web-9"});
  EXPECT_EQ(read_deployments(views::deployments_body(operations.deployments({}, 9)), "deployments").size(), 2u);
  EXPECT_EQ(
      read_deployments(views::rollbacks_body({FakeOperations::rollback_view().row}), "rollbacks").at(0).rollback_of,
      testing::known_deployment.str());
  const Timeline timeline = read_timeline(
      views::timeline_body(operations.timeline({}, testing::known_deployment, 0, 9), 2, FakeOperations::sample_view()));
  EXPECT_EQ(timeline.entries.at(1).text, "fetched");
  EXPECT_EQ(timeline.next, 2u);
  EXPECT_EQ(read_plan(views::plan_body({FakeOperations::sample_plan(), FakeOperations::sample_outlook()})).hash,
            testing::release_a);
  EXPECT_EQ(read_hosts(views::hosts_body(operations.hosts({})), "hosts").at(0).labels.at("zone"), "a");
  EXPECT_EQ(read_hosts(views::agents_body(operations.hosts({})), "agents").size(), 1u);
  const Serving serving = read_serving(views::serving_body({FakeOperations::sample_serving()})).at(0);
  EXPECT_EQ(serving.release, testing::release_a);
  EXPECT_EQ(serving.since_ms, 30);
  EXPECT_EQ(serving.owed, testing::known_rollback.str());
  EXPECT_EQ(serving.changing, "");
  EXPECT_EQ(serving.last_seen_ms, 40);
  EXPECT_EQ(serving.now, "different");
  EXPECT_EQ(serving.why, "api@blue.service is inactive");
  EXPECT_EQ(read_token_made(views::token_body({"t", "sy1.x", 9})).enrolment, "sy1.x");
  EXPECT_EQ(
      read_audit(views::audit_body(std::get<std::vector<store::StoredAudit>>(operations.audit({}, 4, 9)))).at(0).seq,
      5);
  const RollbackLineage lineage =
      read_rollback_targets(views::rollback_targets_body({FakeOperations::sample_lineage()})).at(0);
  EXPECT_EQ(lineage.undo, testing::known_deployment.str());
  EXPECT_TRUE(lineage.versions.at(0).last_stable);
  EXPECT_FALSE(lineage.versions.at(0).ready);
  EXPECT_EQ(lineage.versions.at(0).unanswered, std::vector<std::string>{"web-2"});
  EXPECT_EQ(read_missing_chunks(views::missing_chunks_body({0, 2})), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(read_error(views::error_body("code", "message"))->message, "message");
}

TEST(ApiValues, TheCoordinatorReadsEveryBodyThatThisProgramWrites) {
  DeployBody body{"m: 1", "f.yaml", "production",      {{"api", testing::release_a}}, true, true,
                  true,   "smoke",  testing::release_a};
  const fleet::DeployRequest request = api::bodies::deploy_request(write_deploy(body));
  EXPECT_EQ(request.manifest, "m: 1");
  EXPECT_EQ(request.artifacts.at("api").str(), testing::release_a);
  EXPECT_TRUE(request.no_rollback && request.sequential && request.no_monitoring);
  EXPECT_EQ(request.run_tests, "smoke");
  EXPECT_EQ(request.plan_hash, testing::release_a);
  EXPECT_TRUE(request.components.empty() && request.override_freeze.empty());
  EXPECT_TRUE(request.artifact_sizes.empty());
  body.artifact_sizes["api"] = {.bytes = 7, .unpacked_bytes = 20};
  EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).artifact_sizes.at("api").bytes, 7u);
  EXPECT_EQ(api::bodies::simulation_request(write_simulation(body, "")).request.artifact_sizes.at("api").unpacked_bytes,
            20u);
  body.components = {"api"};
  body.override_freeze = "down";
  EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).components, body.components);
  EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).override_freeze, "down");
  EXPECT_TRUE(request.defaults.empty());
  body.defaults = {model::Strategy::rolling, 120, 600, false};
  for (const auto source :
       {model::StrategySource::variable, model::StrategySource::environment, model::StrategySource::option}) {
    body.defaults.strategy_source = source;
    EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).defaults, body.defaults);
    EXPECT_EQ(api::bodies::simulation_request(write_simulation(body, "start api")).request.defaults, body.defaults);
  }
  body.defaults.run_migrations = false;
  EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).defaults, body.defaults);
  EXPECT_EQ(api::bodies::simulation_request(write_simulation(body, "start api")).request.defaults, body.defaults);
  EXPECT_EQ(api::bodies::simulation_request(write_simulation(body, "start api")).fail, "start api");
  body.environment = "";
  EXPECT_EQ(api::bodies::deploy_request(write_deploy(body)).environment, "");
  const fleet::RollbackRequest back =
      api::bodies::rollback_request(write_rollback({"d-1", {"api"}, {"web-2"}, true, "graceful", true, "why", "1.0"}));
  EXPECT_EQ(back.components.at(0), "api");
  EXPECT_EQ(back.without.at(0), HostId("web-2"));
  EXPECT_TRUE(back.to_nothing);
  EXPECT_EQ(back.strategy, model::RollbackStrategy::graceful);
  EXPECT_TRUE(back.verify_after_rollback);
  EXPECT_EQ(back.target_version, "1.0");
  EXPECT_EQ(api::bodies::resolution(write_resolution("web-1", "burnt")).reason, "burnt");
  EXPECT_EQ(api::bodies::new_host(write_new_host("web-1", {{"a", "b"}})).labels.at("a"), "b");
  EXPECT_EQ(api::bodies::token_pattern(write_texts({{"host_pattern", "web-*"}})), "web-*");
  EXPECT_EQ(api::bodies::only_reason(write_texts({{"reason", "why"}})), "why");
  EXPECT_EQ(api::bodies::artifact_label(write_texts({{"component", "api"}, {"version", "1"}})).version, "1");
}

TEST(ApiValues, NothingFromElsewhereIsLeftRaw) {
  const std::string body = testing::timeline_json(testing::entry_json("\\u001b[2Jboo \\u202e"), 1, "preparing");
  EXPECT_EQ(read_timeline(body).entries.at(0).text, "\\x1b[2Jboo \\u202e");
  EXPECT_EQ(read_error(testing::error_json("c", "a\\nb\\u0007"))->message, "a\nb\\x07");
}

TEST(ApiValues, JsonForPeopleAndProgramsIsPlainAscii) {
  const std::string body = "{\"text\":\"gr\xc3\xb6\xc3\x9f\xe2\x80\xae\\u001b\"}";
  const std::string safe = safe_json(body, false);
  for (const char c : safe) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_EQ(nlohmann::json::parse(safe), nlohmann::json::parse(body));
}

TEST(ApiValues, AnAnswerOfAnotherShapeIsAnErrorAndNoCrash) {
  for (const char* bad : {"", "x", "[]", "{}", R"({"entries":1})", R"({"deployments":[{}]})", R"({"missing":["a"]})"}) {
    EXPECT_THROW(read_timeline(bad), DecodeError) << bad;
    EXPECT_THROW(read_deployment(bad), DecodeError) << bad;
    EXPECT_THROW(read_missing_chunks(bad), DecodeError) << bad;
    EXPECT_FALSE(read_error(bad)) << bad;
  }
}

}  // namespace
}  // namespace switchyard::cli
