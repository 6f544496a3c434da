#include "coordinator/api/request_bodies.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"

namespace switchyard::api::bodies {
namespace {

const std::string release(64, 'a');

template <class F>
std::string refusal_of(F parse) {
  try {
    parse();
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(RequestBodies, ReadsAWholeDeployRequest) {
  const auto request = deploy_request(R"({"manifest":"m: 1","file":"a.yaml","environment":"production",
      "artifacts":{"api":")" + release +
                                      R"("},"no_rollback":true,"sequential":true,"no_monitoring":true})");
  EXPECT_EQ(request.manifest, "m: 1");
  EXPECT_EQ(request.file_name, "a.yaml");
  EXPECT_EQ(request.environment, "production");
  EXPECT_EQ(request.artifacts.at("api").str(), release);
  EXPECT_TRUE(request.no_rollback && request.sequential && request.no_monitoring);
}

TEST(RequestBodies, LeavesOutWhatMayBeLeftOut) {
  const auto request = deploy_request(R"({"manifest":"m: 1"})");
  EXPECT_TRUE(request.environment.empty() && request.artifacts.empty());
  EXPECT_FALSE(request.no_rollback || request.sequential || request.no_monitoring);
}

TEST(RequestBodies, RefusesAMemberThatIsThereTwice) {
  EXPECT_EQ(refusal_of([] { deploy_request(R"({"manifest":"m: 1","manifest":"m: 2"})"); }),
            "the member `manifest` is there twice in the body");
  EXPECT_EQ(refusal_of([] { deploy_request(R"({"manifest":"m: 1","artifacts":{"api":"a","api":"b"}})"); }),
            "the member `api` is there twice in the body");
}

TEST(RequestBodies, NamesTheMemberThatIsWrong) {
  const auto says = [](const std::string& text, const char* word) {
    const std::string refusal = refusal_of([&] { deploy_request(text); });
    EXPECT_NE(refusal.find(word), std::string::npos) << text << " -> " << refusal;
  };
  says("", "not JSON");
  says("[]", "object");
  says(R"({"manifest":1e999999})", "number");
  says("{}", "manifest");
  says(R"({"manifest":1})", "manifest");
  says(R"({"manifest":"","no_rolback":true})", "no_rolback");
  says(R"({"manifest":"","no_rollback":"yes"})", "no_rollback");
  says(R"({"manifest":"","environment":"../x"})", "environment");
  says(R"({"manifest":"","components":"api"})", "components");
  says(R"({"manifest":"","components":["../x"]})", "component");
  says(R"({"manifest":"","fail":"x"})", "fail");
  says(R"({"manifest":"","defaults":{"strategy":"any"}})", "strategy");
  says(R"({"manifest":"","defaults":null})", "defaults");
  says(R"({"manifest":"","strategy":"any"})", "strategy");
  says(R"({"manifest":"","strategy":1})", "strategy");
  says(R"({"manifest":"","run_migrations":"no"})", "run_migrations");
  says(R"({"manifest":"","defaults":{"run_migrations":1}})", "run_migrations");
  says(R"({"manifest":"","artifacts":[]})", "artifacts");
  says(R"({"manifest":"","artifacts":{"api":1}})", "artifacts");
  says(R"({"manifest":"","artifacts":{"API":"00"}})", "component");
  says(R"({"manifest":"","artifacts":{"api":"00"}})", "release");
  for (const char* sizes :
       {R"([])", R"({"api":1})", R"({"api":{"bytes":1}})", R"({"api":{"bytes":-1,"unpacked_bytes":1}})",
        R"({"api":{"bytes":1,"unpacked_bytes":1,"more":1}})"}) {
    says(std::string(R"({"manifest":"","artifact_sizes":)") + sizes + "}", "artifact_sizes");
  }
  says(R"({"manifest":"","artifact_sizes":{"API":{"bytes":1,"unpacked_bytes":1}}})", "component");
  says(R"({"manifest":"","artifact_sizes":{"api":{"bytes":9000000000000,"unpacked_bytes":1}}})", "larger than any");
  says(R"({"manifest":"","artifact_sizes":{"api":{"bytes":1,"unpacked_bytes":9000000000}}})", "larger than any");
}

/// Whoever asks for a strategy by name means all that is deployed; what would stand in for silence gives way.
TEST(RequestBodies, AStrategyGoesBeforeThatOfTheDefaults) {
  const auto defaults =
      deploy_request(
          R"({"manifest":"","strategy":"recreate","defaults":{"strategy":"rolling","test_timeout_seconds":9}})")
          .defaults;
  EXPECT_EQ(defaults, (model::ManifestDefaults{.strategy = model::Strategy::recreate,
                                               .test_timeout_s = 9,
                                               .strategy_source = model::StrategySource::option}));
  EXPECT_TRUE(deploy_request(R"({"manifest":"","strategy":""})").defaults.empty());
}

/// Without a word the manifest has it.
TEST(RequestBodies, MigrationsAreRunOrNotAsItIsAsked) {
  EXPECT_EQ(deploy_request(R"({"manifest":""})").defaults.run_migrations, std::nullopt);
  EXPECT_EQ(deploy_request(R"({"manifest":"","run_migrations":false})").defaults.run_migrations, false);
  EXPECT_EQ(deploy_request(R"({"manifest":"","run_migrations":true,"defaults":{"run_migrations":false}})")
                .defaults.run_migrations,
            true);
}

TEST(RequestBodies, ARollbackGoesItsWayOrTheManifests) {
  EXPECT_EQ(rollback_request(R"({"deployment":"d-1"})").strategy, std::nullopt);
  EXPECT_EQ(rollback_request(R"({"deployment":"d-1","strategy":"aggressive"})").strategy,
            model::RollbackStrategy::aggressive);
  EXPECT_NE(refusal_of([] { rollback_request(R"({"deployment":"d-1","strategy":"fast"})"); }).find("immediate, batch"),
            std::string::npos);
}

TEST(RequestBodies, AutoRollbackIsTheOppositeOfNoRollback) {
  EXPECT_TRUE(deploy_request(R"({"manifest":"","auto_rollback":false})").no_rollback);
  EXPECT_FALSE(deploy_request(R"({"manifest":"","auto_rollback":true})").no_rollback);
  EXPECT_NE(refusal_of([] { deploy_request(R"({"manifest":"","auto_rollback":true,"no_rollback":true})"); }), "");
  EXPECT_FALSE(deploy_request(R"({"manifest":"","auto_rollback":true,"no_rollback":false})").no_rollback);
}

TEST(RequestBodies, AHostIsOnlyResolvedAsGoneAndWithAReason) {
  EXPECT_EQ(resolution(R"({"host":"web-1","gone":true,"reason":"burnt"})").host.str(), "web-1");
  EXPECT_NE(refusal_of([] { resolution(R"({"host":"web-1","reason":"x"})"); }).find("gone"), std::string::npos);
  EXPECT_NE(refusal_of([] { resolution(R"({"host":"web-1","gone":true})"); }).find("reason"), std::string::npos);
}

TEST(RequestBodies, TakesNamesAndPrefixesForTokens) {
  EXPECT_EQ(token_pattern("{}"), "");
  EXPECT_EQ(token_pattern(R"({"host_pattern":"web-1"})"), "web-1");
  EXPECT_EQ(token_pattern(R"({"host_pattern":"web-*"})"), "web-*");
  EXPECT_EQ(token_pattern(R"({"host_pattern":"=web-1"})"), "=web-1");
  for (const char* bad : {"*-web", "we*b", "../x", "web **", "-", "=", "==web-1", "=web-*", "=../x"}) {
    const std::string text = std::string(R"({"host_pattern":")") + bad + "\"}";
    EXPECT_NE(refusal_of([&] { token_pattern(text); }), "") << bad;
  }
}

TEST(RequestBodies, BoundsReasonsAndLabels) {
  const std::string long_text(2000, 'x');
  EXPECT_NE(refusal_of([&] { only_reason(R"({"reason":")" + long_text + "\"}"); }), "");
  EXPECT_NE(refusal_of([&] { new_host(R"({"host":"a","labels":{"k":")" + long_text + "\"}}"); }), "");
  EXPECT_EQ(new_host(R"({"host":"a","labels":{"k":"v"}})").labels.at("k"), "v");
}

TEST(RequestBodies, RefusesADeepNestWithoutFalling) {
  const std::string nest = R"({"manifest":)" + std::string(200'000, '[');
  EXPECT_NE(refusal_of([&] { deploy_request(nest); }), "");
}

RC_GTEST_PROP(RequestBodies, NoBytesDoMoreThanBeRefused, (const std::string& bytes)) {
  try {
    deploy_request(bytes);
    rollback_request(bytes);
  } catch (const InputError&) {
    RC_SUCCEED("refused");
  }
}

TEST(RequestBodies, AShareThatIsPromotedIsPartOfTheTraffic) {
  EXPECT_EQ(promoted_share("{}"), std::nullopt);
  EXPECT_EQ(promoted_share(R"({"share":10})"), 10u);
  for (const char* share : {"0", "100", "-1", "1.5", "\"10\"", "4294967306"}) {
    EXPECT_NE(refusal_of([&] { promoted_share(std::string("{\"share\":") + share + "}"); }), "") << share;
  }
}

}  // namespace
}  // namespace switchyard::api::bodies
