// Registered health checks: who may register them, where they are run, and what is made of the answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "coordinator/fleet/check_registry.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using protocol::CheckState;

const Caller keeper = caller_named("token:keeper", access::Kind::person, access::Role::admin);
const Caller helper_robot = caller_named("token:helper_robot", access::Kind::ai, access::Role::operator_);

const std::string web_checks = R"(
health_checks:
  - {name: web, type: http, tags: [core], config: {url: "http://localhost:8000/"}}
  - {name: cache, type: tcp, critical: false, tags: [slow], config: {port: 6379}}
  - {name: mail, type: tcp, component: mailer, config: {port: 25}}
)";
const std::string program_check = R"(
health_checks:
  - {name: stock, type: custom, config: {command: [/checks/stock]}}
)";

class CheckRunsTest : public ::testing::Test {
 protected:
  CheckRunsTest() {
    for (const char* host : {"web-1", "web-2", "web-3"}) world.add_agent(host);
    serve("web-1", "production", "api");
    serve("web-2", "production", "api");
    serve("web-2", "production", "mailer");
    serve("web-3", "staging", "api");
    expect_value(put(keeper, web_checks));
  }
  void serve(const std::string& host, const std::string& environment, const std::string& component) {
    model::ServingRow row;
    row.host = HostId(host);
    row.environment = environment;
    row.component = component;
    row.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), component + "@blue.service"};
    world.store().commit({store::PutServing{row}});
  }
  Answer<std::vector<std::string>> put(const Caller& who, const std::string& text) {
    return world.now().guarded.register_checks(who, {"production", "checks.yaml", text});
  }
  Answer<model::Verdict> run(RunChecksRequest request, const Caller& who = build) {
    request.environment = "production";
    std::optional<Answer<model::Verdict>> answer;
    world.now().guarded.run_checks(who, request, [&](Answer<model::Verdict> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  static RunChecksRequest all() {
    RunChecksRequest request;
    request.all = true;
    return request;
  }
  static std::vector<std::string> places(const model::Verdict& verdict) {
    std::vector<std::string> found;
    for (const model::Evidence& one : verdict.evidence) found.push_back(one.check + "@" + one.host.str());
    return found;
  }
  std::size_t audited(const std::string& operation) {
    const auto rows = world.store().audit(0, 1'000);
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.entry.operation == operation; }));
  }
  FleetWorld world;
};

TEST_F(CheckRunsTest, RunsEachCheckWhereItsEnvironmentAndComponentServe) {
  const model::Verdict verdict = expect_value(run(all()));
  EXPECT_EQ(verdict.outcome, model::Outcome::pass) << verdict.reason;
  EXPECT_EQ(places(verdict),
            (std::vector<std::string>{"cache@web-1", "cache@web-2", "mail@web-2", "web@web-1", "web@web-2"}));
  EXPECT_EQ(verdict.evidence[0].detail, "seen cache");
  EXPECT_EQ(world.agent("web-3").count<protocol::RunChecks>(), 0u);
  EXPECT_EQ(audited("health.run"), 1u);
}

TEST_F(CheckRunsTest, SaysAtOnceWhichAgentIsTooOldToBeAsked) {
  FakeAgent& old = world.agent("web-1");
  world.lose(old);
  old.features = {"inventory"};
  world.connect(old);
  world.run(100);
  const model::Verdict verdict = expect_value(run(all()));
  const auto found = std::find_if(verdict.evidence.begin(), verdict.evidence.end(),
                                  [](const model::Evidence& one) { return one.host == HostId("web-1"); });
  ASSERT_NE(found, verdict.evidence.end());
  EXPECT_NE(found->detail.find("older version"), std::string::npos) << found->detail;
}

TEST_F(CheckRunsTest, ChoosesByNameTagAndHost) {
  RunChecksRequest request;
  request.names = {"mail"};
  request.tags = {"core"};
  request.hosts = {HostId("web-2")};
  EXPECT_EQ(places(expect_value(run(request))), (std::vector<std::string>{"mail@web-2", "web@web-2"}));
  request = {};
  request.names = {"wep"};
  const Refusal unknown = expect_refusal(run(request));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.message.find("did you mean `web`"), std::string::npos) << unknown.message;
  request.names.clear();
  request.tags = {"none"};
  EXPECT_EQ(expect_refusal(run(request)).status, 404);
}

TEST_F(CheckRunsTest, FailsOnACriticalFailureAndWarnsOfOthers) {
  world.agent("web-1").checks["cache"] = CheckState::failed;
  EXPECT_EQ(expect_value(run(all())).outcome, model::Outcome::pass);
  world.agent("web-2").checks["web"] = CheckState::failed;
  const model::Verdict verdict = expect_value(run(all()));
  EXPECT_EQ(verdict.outcome, model::Outcome::fail);
  EXPECT_NE(verdict.reason.find("web on web-2: seen web"), std::string::npos) << verdict.reason;
}

TEST_F(CheckRunsTest, SayHowManyTriesTheyTook) {
  expect_value(put(keeper, "health_checks:\n  - {name: web, type: tcp, retry_attempts: 2, config: {port: 8000}}\n"));
  EXPECT_EQ(expect_value(run(all())).evidence.back().tries, 1u);
  world.agent("web-2").checks["web"] = CheckState::failed;
  const model::Verdict verdict = expect_value(run(all()));
  EXPECT_EQ(verdict.evidence.back().tries, 3u);
  EXPECT_NE(verdict.reason.find("seen web (3 tries)"), std::string::npos) << verdict.reason;
}

TEST_F(CheckRunsTest, OverTlsAreNotOrderedFromAnAgentThatWouldAskInClear) {
  FakeAgent& old = world.agent("web-1");
  world.lose(old);
  std::erase(old.features, "database-tls");
  world.connect(old);
  world.run(100);
  expect_value(put(keeper, "health_checks:\n  - {name: web, type: database, config: {sslmode: require}}\n"));
  RunChecksRequest request;
  request.names = {"web"};
  const model::Verdict verdict = expect_value(run(request));
  ASSERT_EQ(verdict.evidence.size(), 2u);
  EXPECT_NE(verdict.evidence[0].detail.find("older version"), std::string::npos) << verdict.evidence[0].detail;
  EXPECT_EQ(verdict.evidence[1].state, CheckState::passed);
  EXPECT_EQ(old.count<protocol::RunChecks>(), 0u);
}

TEST_F(CheckRunsTest, ThatNobodyAnswersAreInconclusive) {
  world.agent("web-2").deaf = true;
  const model::Verdict verdict = expect_value(run(all()));
  EXPECT_EQ(verdict.outcome, model::Outcome::inconclusive);
  world.lose(world.agent("web-1"));
  const model::Verdict away = expect_value(run(all()));
  EXPECT_EQ(away.outcome, model::Outcome::inconclusive);
  EXPECT_NE(away.evidence[0].detail.find("not connected"), std::string::npos) << away.evidence[0].detail;
}

TEST_F(CheckRunsTest, WhereNothingServesAreInconclusive) {
  RunChecksRequest request = all();
  request.hosts = {HostId("web-3")};
  EXPECT_EQ(expect_value(run(request)).outcome, model::Outcome::inconclusive) << "nothing was checked";
}

TEST_F(CheckRunsTest, AreNotRunAgainWhereAnOldAnswerWillDo) {
  expect_value(run(all()));
  world.run(4'000);
  const std::size_t before = world.agent("web-1").count<protocol::RunChecks>();
  RunChecksRequest request = all();
  request.cached_ms = 60'000;
  const model::Verdict known = expect_value(run(request));
  EXPECT_EQ(known.evidence.size(), 5u);
  EXPECT_GE(known.evidence[0].age_ms, 4'000);
  EXPECT_EQ(world.agent("web-1").count<protocol::RunChecks>(), before);
  EXPECT_EQ(audited("health.run"), 1u) << "no host did anything";
  // A check that was changed has no old answer.
  expect_value(put(keeper, "health_checks:\n  - {name: web, type: tcp, config: {port: 8000}}\n"));
  const model::Verdict anew = expect_value(run(request));
  EXPECT_EQ(world.agent("web-1").count<protocol::RunChecks>(), before + 1);
  EXPECT_EQ(anew.evidence.size(), 5u);
  request.cached_ms = 1'000;
  world.run(2'000);
  EXPECT_EQ(expect_value(run(request)).evidence[0].age_ms, 0);
}

TEST_F(CheckRunsTest, ProgramsAreRegisteredByAdministratorsOnly) {
  EXPECT_EQ(expect_refusal(put(build, program_check)).status, 403);
  EXPECT_EQ(expect_refusal(put(helper_robot, program_check)).status, 403);
  EXPECT_EQ(expect_refusal(put(ann, web_checks)).status, 403) << "an approver operates nothing";
  expect_value(put(build, web_checks));
  expect_value(put(keeper, program_check));
  EXPECT_TRUE(registers_programs({"production", "f", program_check}));
  EXPECT_FALSE(registers_programs({"production", "f", web_checks}));
  const std::string with_password = "health_checks:\n  - {name: q, type: queue, config: {credential: redis}}\n";
  EXPECT_TRUE(registers_programs({"production", "f", with_password})) << "it would be sent to any host that is named";
}

TEST_F(CheckRunsTest, AreNotRunOnHostsThatServeForOthersToo) {
  serve("web-2", "staging", "api");
  const Refusal refusal = expect_refusal(run(all()));
  EXPECT_EQ(refusal.status, 403);
  EXPECT_NE(refusal.message.find("web-2"), std::string::npos) << refusal.message;
}

TEST_F(CheckRunsTest, SurviveARestartUntilTheyAreRemoved) {
  world.restart();
  EXPECT_EQ(world.now().guarded.registered_checks(build).size(), 3u);
  EXPECT_TRUE(world.now().guarded.registered_checks(caller_named("x", access::Kind::ci, access::Role::viewer)).size() ==
              3u);
  expect_value(world.now().guarded.remove_check(build, "production", "cache"));
  EXPECT_EQ(expect_refusal(world.now().guarded.remove_check(build, "production", "cache")).status, 404);
  EXPECT_EQ(world.now().guarded.registered_checks(build).size(), 2u);
  EXPECT_EQ(audited("health.remove"), 1u);
}

TEST_F(CheckRunsTest, OfAFileThatIsWrongAreNotRegistered) {
  const Refusal refusal = expect_refusal(put(build, "health_checks:\n  - {name: web, type: htpt, config: {}}\n"));
  EXPECT_EQ(refusal.status, 400);
  EXPECT_NE(refusal.message.find("checks.yaml:2:"), std::string::npos) << refusal.message;
  EXPECT_EQ(
      expect_refusal(put(build, "health_checks:\n  - {name: w, type: http, config: {url: \"http://h:${port}/\"}}\n"))
          .status,
      400)
      << "a variable belongs to a slot";
}

TEST(Verdict, OfNoEvidenceOrNoKnowledgeIsInconclusive) {
  EXPECT_EQ(model::judge({}).outcome, model::Outcome::inconclusive);
  model::Evidence one;
  one.critical = false;
  EXPECT_EQ(model::judge({one}).outcome, model::Outcome::inconclusive) << "no data is never a pass";
  one.state = CheckState::failed;
  EXPECT_EQ(model::judge({one}).outcome, model::Outcome::pass) << "a warning";
  one.critical = true;
  model::Evidence unknown;
  EXPECT_EQ(model::judge({unknown, one}).outcome, model::Outcome::fail) << "a failure is known, whatever is not";
  one.state = CheckState::passed;
  EXPECT_EQ(model::judge({unknown, one}).outcome, model::Outcome::inconclusive);
  EXPECT_EQ(model::judge({one}).outcome, model::Outcome::pass);
}

}  // namespace
}  // namespace switchyard::fleet
