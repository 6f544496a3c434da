// From what a deployment was asked with to what its hosts are sent.
#include "coordinator/fleet/configurations.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/configuration_box.hpp"
#include "protocol/enrolment.hpp"
#include "tests/support/curve_key.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::ConfigurationPiece;

constexpr const char* canary = "cAnAry\"7f3a";

ConfigurationPiece text(const std::string& of) { return {ConfigurationPiece::Kind::text, of}; }
ConfigurationPiece secret(const std::string& name) { return {ConfigurationPiece::Kind::secret, name}; }

class ConfigurationsTest : public ::testing::Test {
 protected:
  ConfigurationsTest() {
    world.add_agent("web-1");
    manifest.file_name = "m.yaml";
    manifest.environment = "production";
    model::Component api;
    api.name = "api";
    api.where = "m.yaml:3:5";
    api.hosts = {HostId("web-1")};
    api.service.configuration = {model::ConfigurationFormat::json, "app.json"};
    manifest.components = {api};
    asked.environment = "production";
    asked.components["api"] = {model::ConfigurationFormat::json,
                               {{"", {text("{\"pw\": \"")}}, {"pw", {secret("DB_PASSWORD")}}, {"", {text("\"}")}}}};
    set(canary);
  }
  void set(const std::string& value) {
    expect_value(world.operations().set_secret(FleetWorld::caller, {"production", "DB_PASSWORD", SecretText(value)}));
  }
  model::ConfigurationDelivery delivery(const model::Configuration& configuration) {
    model::Manifest copy = manifest;
    world.now().configurations.apply(configuration, copy);
    return *copy.components[0].service.delivery;
  }
  std::string trouble(const model::Configuration& configuration) {
    try {
      delivery(configuration);
      return {};
    } catch (const InputError& error) {
      return error.what();
    }
  }
  /// A host whose agent's secret key the test knows.
  void enrol(const std::string& host, const std::string& key) {
    const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, host));
    world.deliver(protocol::enrolment_peer(token.id), protocol::Channel::control, std::string(16, 'e'),
                  protocol::Enrol{host, testing::curve_key(x25519_public(key)), "0.1.0"});
    world.run(100);
  }

  /// With a text in place of the secret that is drawn for a template of this name.
  model::Configuration drawing(const std::string& of) const {
    ConfigurationPiece random{ConfigurationPiece::Kind::random, of};
    random.length = 24;
    return with_pieces({random});
  }
  /// With these in place of the secret.
  model::Configuration with_pieces(std::vector<ConfigurationPiece> pieces) const {
    model::Configuration configuration = asked;
    configuration.components["api"].parts[1].pieces = std::move(pieces);
    return configuration;
  }
  std::string drawn(const model::Configuration& configuration) {
    return world.now().configurations.drawn_texts(configuration).at(0).value;
  }
  DeployRequest configured(const model::Configuration& configuration) {
    std::string yaml = api_manifest("web-1");
    const std::string command = "service: {command: [bin/api]";
    yaml.replace(yaml.find(command), command.size(), command + ", configuration: {format: json, file: app.json}");
    DeployRequest request = world.request(yaml, {{"api", world.upload("api", "v1")}});
    request.configuration = configuration;
    return request;
  }

  FleetWorld world;
  model::Manifest manifest;
  model::Configuration asked;
};

TEST_F(ConfigurationsTest, PutsSecretsInAsTheFormatWritesThem) {
  const std::string key(32, 'k');
  enrol("web-9", key);
  manifest.components[0].hosts = {HostId("web-9")};
  const model::ConfigurationDelivery made = delivery(asked);
  const protocol::EnsureConfiguration box{"api", made.digest, "app.json", false, made.boxes.at("web-9"), {}};
  const auto opened = protocol::open_configuration(testing::curve_key(key), box);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->text, R"({"pw": "cAnAry\"7f3a"})");
  EXPECT_EQ(opened->secrets, std::vector<std::string>{canary});
}

TEST_F(ConfigurationsTest, IsTheSameForTheSameAndAnotherForANewVersion) {
  const model::ConfigurationDelivery first = delivery(asked);
  world.restart();
  EXPECT_EQ(delivery(asked), first) << "a plan that is made anew is the same plan";
  const model::Configuration then = world.now().configurations.pinned(asked);
  set("another");
  EXPECT_NE(delivery(asked).digest, first.digest);
  EXPECT_NE(delivery(asked).keys.at("pw"), first.keys.at("pw"));
  EXPECT_EQ(delivery(then), first) << "what is brought to a host later is what was asked for";
}

TEST_F(ConfigurationsTest, TellNothingOfASecret) {
  const model::ConfigurationDelivery made = delivery(asked);
  EXPECT_EQ(made.boxes.at("web-1").find("cAnAry"), std::string::npos);
  EXPECT_EQ(made.keys.at("pw").size(), 16u);
  EXPECT_NE(made.keys.at("pw"), sha256_hex(canary).substr(0, 16));
}

/// Whoever may plan could find a secret by trying else: the plan says which values are others.
TEST_F(ConfigurationsTest, ThatHaveAGuessInThePlaceOfASecretAreOthersThoughItIsRight) {
  const std::string key(32, 'k');
  enrol("web-9", key);
  manifest.components[0].hosts = {HostId("web-9")};
  const auto text_of = [&](const model::ConfigurationDelivery& made) {
    const protocol::EnsureConfiguration box{"api", made.digest, "app.json", false, made.boxes.at("web-9"), {}};
    return protocol::open_configuration(testing::curve_key(key), box).value().text;
  };
  const model::ConfigurationDelivery made = delivery(asked);
  const model::ConfigurationDelivery guessed = delivery(with_pieces({text("cAnAry\\\"7f3a")}));
  ASSERT_EQ(text_of(guessed), text_of(made)) << "the guess is right";
  EXPECT_NE(guessed.keys.at("pw"), made.keys.at("pw"));
  EXPECT_NE(guessed.digest, made.digest);
}

TEST_F(ConfigurationsTest, ThatNameAnotherSecretAreOthersThoughItHasTheSameValue) {
  expect_value(world.operations().set_secret(FleetWorld::caller, {"production", "OTHER", SecretText(canary)}));
  const model::ConfigurationDelivery made = delivery(asked);
  const model::ConfigurationDelivery other = delivery(with_pieces({secret("OTHER")}));
  EXPECT_NE(other.keys.at("pw"), made.keys.at("pw"));
  EXPECT_NE(other.digest, made.digest);
}

TEST_F(ConfigurationsTest, AreOthersWhenASecretIsSetAnewThoughItIsTheSame) {
  const model::ConfigurationDelivery made = delivery(asked);
  set(canary);
  const model::ConfigurationDelivery again = delivery(asked);
  EXPECT_NE(again.keys.at("pw"), made.keys.at("pw")) << "who may set it could try what it was";
  EXPECT_NE(again.digest, made.digest);
}

TEST_F(ConfigurationsTest, WithoutSecretsAreTheSameHoweverTheirTextsWereCut) {
  EXPECT_EQ(delivery(with_pieces({text("he"), text("llo")})), delivery(with_pieces({text("hello")})));
  EXPECT_NE(delivery(with_pieces({text("hello")})).digest, delivery(with_pieces({text("hello!")})).digest);
}

TEST_F(ConfigurationsTest, AreMaskedWithTheTextsThatAreDrawnForThemOnceTheyAreDeployed) {
  const model::Configuration configuration = drawing("pw");
  const std::string text = drawn(configuration);
  const DeployRequest request = configured(configuration);
  std::optional<Answer<PlanView>> looked;
  world.operations().plan(FleetWorld::caller, request, [&](Answer<PlanView> given) { looked = std::move(given); });
  world.run_until([&] { return looked.has_value(); });
  EXPECT_FALSE(expect_value(*looked).plan.slices.empty());
  EXPECT_EQ(world.mask().masked("drawn: " + text), "drawn: " + text) << "it has come to no host yet";
  expect_value(world.start(request));
  EXPECT_EQ(world.mask().masked("drawn: " + text), "drawn: <masked>");
  world.restart();
  EXPECT_EQ(world.mask().masked("drawn: " + text), "drawn: <masked>") << "what serves is known from the beginning";
}

TEST_F(ConfigurationsTest, ThatNobodyDeploysLeaveNothingBehind) {
  const auto known = world.mask().patterns();
  for (int i = 0; i < 50; ++i) delivery(drawing("pw" + std::to_string(i)));
  DeployRequest other = configured(drawing("pw"));
  other.plan_hash = std::string(64, '0');
  EXPECT_EQ(expect_refusal(world.start(other)).code, "plan_changed");
  Caller rehearsing = FleetWorld::caller;
  rehearsing.rehearses = true;
  expect_refusal(world.start(configured(drawing("pw")), 0, rehearsing));
  EXPECT_EQ(world.mask().patterns(), known);
}

TEST_F(ConfigurationsTest, ThatWaitForApprovalAreMaskedWhenTheyBegin) {
  world.restart_with({{"production", {.approvals = 1}}});
  world.connect(world.agent("web-1"));
  world.run(100);
  const model::Configuration configuration = drawing("pw");
  const auto proposed = expect_value(world.start(configured(configuration), 1'000));
  ASSERT_EQ(proposed.row.state, model::DeploymentState::draft);
  EXPECT_EQ(world.mask().masked(drawn(configuration)), drawn(configuration));
  const Caller ann{"token:ann", "test", {"token:ann", access::Kind::person, {{access::Role::approver, "production"}}}};
  std::optional<Answer<ApprovalView>> answer;
  world.operations().decide_approval(ann, {proposed.row.id, true, proposed.row.plan_hash, {}, {}},
                                     [&](Answer<ApprovalView> given) { answer = std::move(given); });
  world.run_until([&] { return answer.has_value(); });
  expect_value(*answer);
  EXPECT_EQ(world.mask().masked(drawn(configuration)), "<masked>");
}

TEST_F(ConfigurationsTest, NameTheSecretThatIsNotSet) {
  expect_value(world.operations().remove_secret(FleetWorld::caller, "production", "DB_PASSWORD"));
  EXPECT_NE(trouble(asked).find("switchyard secrets set DB_PASSWORD --environment production"), std::string::npos);
  const model::Configuration old = [&] {
    model::Configuration pinned = asked;
    pinned.components["api"].parts[1].pieces[0].version = 1;
    return pinned;
  }();
  EXPECT_NE(trouble(old).find("not kept any more"), std::string::npos);
}

TEST_F(ConfigurationsTest, AreRefusedWhenTheyDoNotFit) {
  EXPECT_NE(trouble({}).find("--config-dir"), std::string::npos);
  model::Configuration other = asked;
  other.environment = "staging";
  EXPECT_NE(trouble(other).find("resolved for staging"), std::string::npos);
  model::Configuration large = asked;
  large.components["api"].parts.push_back({"", {text(std::string(limits::configuration_bytes_max, 'a'))}});
  EXPECT_NE(trouble(large).find("bytes"), std::string::npos);
  model::Configuration env = asked;
  env.encrypt_at_rest = true;
  EXPECT_TRUE(delivery(env).encrypted);
  env.components["api"].format = model::ConfigurationFormat::env;
  manifest.components[0].service.configuration = {model::ConfigurationFormat::env, "environment"};
  EXPECT_NE(trouble(env).find("encrypt_at_rest"), std::string::npos);
}

TEST_F(ConfigurationsTest, DrawRandomTextsOncePerName) {
  const std::string one = text_drawn_for("key", "a", 64);
  EXPECT_EQ(one.size(), 64u);
  EXPECT_EQ(text_drawn_for("key", "a", 64), one);
  EXPECT_NE(text_drawn_for("key", "b", 64), one);
  EXPECT_NE(text_drawn_for("yek", "a", 64), one);
  EXPECT_EQ(one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
}

/// It would refuse the step in the middle of the deployment, and all would go back.
TEST_F(ConfigurationsTest, AreNotSentToAnAgentThatKnowsNoneOfThem) {
  FakeAgent& old = world.agent("web-1");
  world.lose(old);
  old.features = {"inventory", "stages", "traffic-haproxy", "traffic-nftables"};
  world.connect(old);
  world.run(100);
  std::string yaml = api_manifest("web-1");
  const std::string command = "service: {command: [bin/api]";
  const DeployRequest plain = world.request(yaml, {{"api", world.upload("api", "v1")}});
  yaml.replace(yaml.find(command), command.size(), command + ", configuration: {format: json, file: app.json}");
  DeployRequest request = world.request(yaml, {{"api", world.upload("api", "v1")}});
  request.configuration = asked;
  const Refusal refusal = expect_refusal(world.start(request));
  EXPECT_EQ(refusal.code, "old_agent");
  EXPECT_EQ(refusal.status, 409);
  EXPECT_NE(refusal.message.find("web-1 does not know `configuration`"), std::string::npos) << refusal.message;
  EXPECT_TRUE(world.store().deployments(10).empty());
  expect_value(world.start(plain));
}

TEST_F(ConfigurationsTest, ReachTheHostWithItsPlanAndNoRowOfTheStoreInClear) {
  const ReleaseId release = world.upload("api", "v1");
  std::string yaml = api_manifest("web-1");
  const std::string command = "service: {command: [bin/api]";
  yaml.replace(yaml.find(command), command.size(), command + ", configuration: {format: json, file: app.json}");
  DeployRequest request = world.request(yaml, {{"api", release}});
  EXPECT_EQ(expect_refusal(world.start(request)).code, "cannot_configure");
  request.configuration = asked;
  const DeploymentView done = expect_value(world.start(request));
  EXPECT_EQ(world.row(done.row.id).state, model::DeploymentState::done);
  const auto plan = world.store().plan(done.row.id);
  bool provided = false;
  for (const protocol::Step& step : plan->slices.at(HostId("web-1")).components[0].steps) {
    provided = provided || std::holds_alternative<protocol::EnsureConfiguration>(step.action);
  }
  EXPECT_TRUE(provided);
  EXPECT_EQ(protocol::encode_slice(plan->slices.at(HostId("web-1"))).find("cAnAry"), std::string::npos);
  const auto source = world.store().source(done.row.id);
  EXPECT_EQ(source->configuration.components.at("api").parts[1].pieces[0].version, 1u);

  // Nothing is another: nothing is done. A new version of the secret is.
  EXPECT_TRUE(world.store().plan(expect_value(world.start(request)).row.id)->slices.empty());
  set("another");
  EXPECT_FALSE(world.store().plan(expect_value(world.start(request)).row.id)->slices.empty());
}

}  // namespace
}  // namespace switchyard::fleet
