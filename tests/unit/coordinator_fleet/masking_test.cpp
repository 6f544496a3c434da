// What a host prints of a secret, in whichever shape, comes no further than the coordinator's intake.
#include "coordinator/fleet/masked_message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/base64.hpp"
#include "common/hex.hpp"
#include "coordinator/api/check_views.hpp"
#include "coordinator/api/json_views.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

/// With something in it that each kind of writer escapes.
const std::string canary = "cAnAry/7f3a\"+Zq9";

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::vector<std::string> shapes() {
  return {canary,
          to_hex(canary),
          upper(to_hex(canary)),
          "cAnAry%2F7f3a%22%2BZq9",
          "cAnAry%2f7f3a%22%2bZq9",
          "cAnAry/7f3a%22%2BZq9",
          "cAnAry/7f3a\\\"+Zq9",
          "cAnAry\\/7f3a\\\"+Zq9"};
}

/// In base64 and base64url, at each place in what is encoded.
std::vector<std::string> encodings() {
  std::vector<std::string> all;
  for (const std::string before : {"", "x", "xx"}) {
    std::string encoded = base64(before + canary);
    all.push_back(encoded);
    std::replace(encoded.begin(), encoded.end(), '+', '-');
    std::replace(encoded.begin(), encoded.end(), '/', '_');
    all.push_back(encoded);
  }
  return all;
}

std::string printed() {
  std::string text;
  for (const std::string& shape : shapes()) text += " " + shape;
  for (const std::string& encoding : encodings()) text += " " + encoding;
  return text;
}

class MaskingTest : public ::testing::Test {
 protected:
  MaskingTest() {
    FakeAgent& agent = world.add_agent("web-1");
    agent.says = printed();
    agent.fail_prepare = true;
    expect_value(world.operations().set_secret(FleetWorld::caller, {"production", "DB_PASSWORD", SecretText(canary)}));
  }
  static void expect_clean(const std::string& text, const std::string& where) {
    for (const std::string& shape : shapes()) {
      EXPECT_EQ(text.find(shape), std::string::npos) << shape << " is in " << where << ": " << text;
    }
    for (const std::string& encoding : encodings()) {
      // The digits at the edges hold bits of their neighbours, and tell nothing.
      const std::string core = encoding.substr(4, encoding.size() - 8);
      EXPECT_EQ(text.find(core), std::string::npos) << core << " is in " << where << ": " << text;
    }
  }
  void expect_clean(const model::TimelineEntry& entry) {
    expect_clean(entry.text, "the timeline");
    for (const auto& [key, value] : entry.fields) expect_clean(value, "the timeline's " + key);
  }

  void set_of_staging(const std::string& value) {
    expect_value(world.operations().set_secret(FleetWorld::caller, {"staging", "DB_PASSWORD", SecretText(value)}));
  }
  /// Fails on the host, and goes back.
  DeploymentId deploy(const std::string& environment) {
    DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", environment)}});
    request.environment = environment;
    const DeploymentId id = expect_value(world.start(request)).row.id;
    EXPECT_EQ(world.row(id).state, model::DeploymentState::rolled_back);
    return id;
  }
  bool tells(const DeploymentId& id, const std::string& text) {
    const auto timeline = world.operations().timeline(FleetWorld::caller, id, 0, 1'000);
    return std::any_of(timeline.begin(), timeline.end(), [&](const model::TimelineEntry& entry) {
      const auto detail = entry.fields.find("detail");
      return detail != entry.fields.end() && detail->second.find(text) != std::string::npos;
    });
  }
  std::string seen_on(const std::string& host, const std::string& text) {
    return world.now().masks.of(HostId(host)).masked(text);
  }

  FleetWorld world;
};

TEST_F(MaskingTest, NoShapeOfASecretThatAFailingStepPrintsIsStoredOrAnswered) {
  for (const std::string version : {"one", "two"}) {
    const ReleaseId release = world.upload("api", version);
    const DeploymentView started = expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}})));
    const DeploymentId& id = started.row.id;
    const model::DeploymentRow row = world.row(id);
    EXPECT_EQ(row.state, model::DeploymentState::rolled_back);
    expect_clean(row.reason, "the reason");
    ASSERT_FALSE(row.failures.empty());
    for (const model::Failure& failure : row.failures) expect_clean(failure.message, "a failure");
    const auto timeline = world.operations().timeline(FleetWorld::caller, id, 0, 1'000);
    EXPECT_TRUE(std::any_of(timeline.begin(), timeline.end(), [](const model::TimelineEntry& entry) {
      const auto detail = entry.fields.find("detail");
      return detail != entry.fields.end() && detail->second.find("<masked>") != std::string::npos;
    }));
    for (const model::TimelineEntry& entry : timeline) expect_clean(entry);
    const DeploymentView view = expect_value(world.operations().deployment(FleetWorld::caller, id));
    expect_clean(api::views::deployment_body(view), "the answer");
    expect_clean(api::views::timeline_body(timeline, timeline.size(), view), "the live view");
    expect_clean(api::views::audit_body(world.store().audit(0, 1'000)), "the audit");
    world.restart();
    world.connect(world.agent("web-1"));
    world.run(2 * latency_ms);
  }
}

TEST_F(MaskingTest, NoShapeOfASecretThatACheckPrintsIsAnswered) {
  model::ServingRow row;
  row.host = HostId("web-1");
  row.environment = "production";
  row.component = "api";
  row.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
  world.store().commit({store::PutServing{row}});
  const std::string checks = "health_checks:\n  - {name: cache, type: tcp, config: {port: 6379}}\n";
  expect_value(world.now().operations.register_checks(FleetWorld::caller, {"production", "checks.yaml", checks}));
  RunChecksRequest request;
  request.environment = "production";
  request.all = true;
  std::optional<Answer<model::Verdict>> answer;
  world.now().operations.run_checks(FleetWorld::caller, request,
                                    [&](Answer<model::Verdict> given) { answer = std::move(given); });
  world.run_until([&] { return answer.has_value(); });
  const std::string body = api::views::verdict_body(expect_value(*answer));
  EXPECT_NE(body.find("<masked>"), std::string::npos);
  expect_clean(body, "the verdict");
}

/// Whoever may deploy somewhere can have any text printed there: what becomes of it must not tell him whether it is a
/// secret of an environment that he has nothing to do with.
TEST_F(MaskingTest, WhoPrintsGuessesLearnsNothingOfTheSecretsOfAnotherEnvironment) {
  set_of_staging("guess-of-staging");
  world.agent("web-1").says = "guess-of-staging " + canary;
  const DeploymentId id = deploy("production");
  EXPECT_TRUE(tells(id, "guess-of-staging <masked>"));
  expect_clean(world.row(id).reason, "the reason");
  world.restart();
  EXPECT_EQ(seen_on("web-1", "guess-of-staging " + canary), "guess-of-staging <masked>");
}

/// Who deploys there needs the right in all of them, and what lies there can be read by any of them.
TEST_F(MaskingTest, OnAHostOfSeveralEnvironmentsTheSecretsOfEachAreMaskedWhoeverPrintsThem) {
  set_of_staging("secret-of-staging");
  deploy("staging");
  world.agent("web-1").says = "secret-of-staging " + canary;
  const DeploymentId id = deploy("production");
  EXPECT_TRUE(tells(id, "<masked> <masked>"));
  EXPECT_FALSE(tells(id, "secret-of-staging"));
  world.restart();
  EXPECT_EQ(seen_on("web-1", "secret-of-staging " + canary), "<masked> <masked>") << "though neither has ended well";
}

TEST_F(MaskingTest, WhereSomethingServesTheSecretsOfItsEnvironmentAreMaskedAfterARestart) {
  set_of_staging("secret-of-staging");
  model::ServingRow row;
  row.host = HostId("web-1");
  row.environment = "staging";
  row.component = "api";
  world.store().commit({store::PutServing{row}});
  world.restart();
  EXPECT_EQ(seen_on("web-1", "secret-of-staging " + canary), "<masked> " + canary);
  EXPECT_EQ(seen_on("web-2", "secret-of-staging " + canary), "<masked> <masked>") << "nothing is known of that host";
}

TEST_F(MaskingTest, LeavesNamesStatesAndCodes) {
  SecretMask mask;
  mask.add({"web-1", "timeout", "the words"});
  protocol::SchemaFact fact;
  fact.name = "web-1";
  fact.migration = "0002 of the words";
  fact.why_not = "the database said the words";
  protocol::FileSaveResult result;
  result.component = "web-1";
  result.schemas = {fact};
  protocol::Message saved = protocol::FilesSaved{"timeout", {result}, {}};
  mask_texts(saved, mask);
  const protocol::SchemaFact& told = std::get<protocol::FilesSaved>(saved).results.at(0).schemas.at(0);
  EXPECT_EQ(told.name, "web-1");
  EXPECT_EQ(told.migration, "0002 of <masked>");
  EXPECT_EQ(told.why_not, "the database said <masked>");
  protocol::Message message = protocol::Failed{DeploymentId("d-timeout"), {}, "web-1", "timeout", "in the words"};
  mask_texts(message, mask);
  EXPECT_EQ(std::get<protocol::Failed>(message),
            (protocol::Failed{DeploymentId("d-timeout"), {}, "web-1", "timeout", "in <masked>"}));
}

}  // namespace
}  // namespace switchyard::fleet
