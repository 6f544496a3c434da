#include "coordinator/config/caller_settings.hpp"

#include <gtest/gtest.h>

#include <map>

#include "common/error.hpp"

namespace switchyard::config {
namespace {

CallerSetting setting(const std::string& name, const std::map<std::string, std::string>& caller) {
  for (const CallerSetting& one : read_caller_settings([&](const std::string& asked) -> std::optional<std::string> {
         const auto found = caller.find(asked);
         return found == caller.end() ? std::nullopt : std::optional(found->second);
       })) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no setting " << name;
  return {};
}
std::string shown_as(const std::string& name, const std::string& value) {
  const CallerSetting one = setting(name, {{name, value}});
  EXPECT_TRUE(one.is_set);
  return one.problem.empty() ? one.value : "refused";
}

TEST(CallerSettings, EveryVariableOfTheUsersDocumentsIsKnown) {
  std::vector<std::string> names;
  for (const CallerSetting& one : read_caller_settings([](const std::string&) { return std::nullopt; })) {
    names.push_back(one.name);
    EXPECT_FALSE(one.is_set);
    EXPECT_TRUE(one.problem.empty());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"DEPLOYMENT_ENVIRONMENTS", "DEPLOYMENT_STRATEGY", "HEALTH_CHECK_TIMEOUT",
                                             "ROLLBACK_ENABLED", "LOG_ANALYSIS_MODEL", "INTEGRATION_TEST_TIMEOUT",
                                             "STAGING_URL", "PRODUCTION_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY",
                                             "DEPLOYMENT_ADMIN_TOKENS", "DEPLOYMENT_AUDIT_LOG"}));
}

/// What the coordinator reads is there in its own environment; all else is not said to act before it does.
TEST(CallerSettings, WhoActsOnThemIsSaid) {
  for (const CallerSetting& one : read_caller_settings([](const std::string&) { return std::nullopt; })) {
    const bool coordinator = one.name == "DEPLOYMENT_ADMIN_TOKENS" || one.name == "DEPLOYMENT_AUDIT_LOG";
    const bool nobody =
        one.name == "LOG_ANALYSIS_MODEL" || one.name == "GITHUB_TOKEN" || one.name == "GITHUB_REPOSITORY";
    const bool templates = one.name == "STAGING_URL" || one.name == "PRODUCTION_URL";
    EXPECT_EQ(one.reader, coordinator ? SettingReader::coordinator
                          : nobody    ? SettingReader::nobody_yet
                          : templates ? SettingReader::templates
                                      : SettingReader::command)
        << one.name;
  }
}

/// Those of the users' documents, except where another has always been in force (docs/configuration.md).
TEST(CallerSettings, DefaultsAreThoseThatHold) {
  EXPECT_EQ(setting("HEALTH_CHECK_TIMEOUT", {}).value, "60s");
  EXPECT_EQ(setting("ROLLBACK_ENABLED", {}).value, "true");
  EXPECT_EQ(setting("INTEGRATION_TEST_TIMEOUT", {}).value, "600s");
  EXPECT_EQ(setting("LOG_ANALYSIS_MODEL", {}).value, "gemini-2.0-flash");
  EXPECT_EQ(setting("ROLLBACK_ENABLED", {{"ROLLBACK_ENABLED", ""}}).value, "true");
}

TEST(CallerSettings, ValuesAreChecked) {
  EXPECT_EQ(shown_as("DEPLOYMENT_ENVIRONMENTS", "staging, production"), "staging,production");
  EXPECT_EQ(shown_as("DEPLOYMENT_ENVIRONMENTS", "staging,,production"), "refused");
  EXPECT_EQ(shown_as("DEPLOYMENT_STRATEGY", "canary"), "canary");
  EXPECT_EQ(shown_as("DEPLOYMENT_STRATEGY", "bluegreen"), "refused");
  EXPECT_EQ(shown_as("HEALTH_CHECK_TIMEOUT", "120"), "120s");
  EXPECT_EQ(shown_as("HEALTH_CHECK_TIMEOUT", "5m"), "300s");
  for (const char* wrong : {"0", "-1", "5h", "86401", "1441m", "ten", "5 s", "99999999999"}) {
    EXPECT_EQ(shown_as("HEALTH_CHECK_TIMEOUT", wrong), "refused") << wrong;
  }
  EXPECT_EQ(shown_as("INTEGRATION_TEST_TIMEOUT", "60m"), "3600s");
  EXPECT_EQ(shown_as("INTEGRATION_TEST_TIMEOUT", "3601"), "refused") << "no check may take longer";
  EXPECT_EQ(shown_as("ROLLBACK_ENABLED", "0"), "false");
  EXPECT_EQ(shown_as("ROLLBACK_ENABLED", "off"), "refused");
  EXPECT_EQ(shown_as("STAGING_URL", "https://staging.example.com/x"), "https://staging.example.com/x");
  for (const char* wrong : {"staging.example.com", "ftp://x", "http://", "https:///x", "http://a b"}) {
    EXPECT_EQ(shown_as("PRODUCTION_URL", wrong), "refused") << wrong;
  }
  EXPECT_EQ(shown_as("GITHUB_REPOSITORY", "owner/repo"), "owner/repo");
  EXPECT_EQ(shown_as("GITHUB_REPOSITORY", "owner"), "refused");
  EXPECT_EQ(shown_as("DEPLOYMENT_AUDIT_LOG", "/var/log/deployments.log"), "/var/log/deployments.log");
  EXPECT_EQ(shown_as("DEPLOYMENT_AUDIT_LOG", "deployments.log"), "refused");
}

TEST(CallerSettings, ARefusalNamesTheVariableAndTheNearestWord) {
  const std::string problem = setting("DEPLOYMENT_STRATEGY", {{"DEPLOYMENT_STRATEGY", "blue-gren"}}).problem;
  EXPECT_EQ(problem,
            "the environment variable DEPLOYMENT_STRATEGY must be one of blue-green, rolling, canary, recreate; "
            "did you mean `blue-green`?");
}

TEST(CallerSettings, WhatIsSetStandsInForManifests) {
  const auto defaults = [](std::map<std::string, std::string> caller) {
    return manifest_defaults(read_caller_settings([&](const std::string& name) -> std::optional<std::string> {
      const auto found = caller.find(name);
      return found == caller.end() ? std::nullopt : std::optional(found->second);
    }));
  };
  EXPECT_TRUE(defaults({}).empty()) << "a default of ours decides nothing";
  EXPECT_TRUE(defaults({{"HEALTH_CHECK_TIMEOUT", ""}, {"STAGING_URL", "no address"}}).empty());
  EXPECT_EQ(defaults({{"DEPLOYMENT_STRATEGY", "rolling"},
                      {"HEALTH_CHECK_TIMEOUT", "2m"},
                      {"INTEGRATION_TEST_TIMEOUT", "900"},
                      {"ROLLBACK_ENABLED", "0"}}),
            (model::ManifestDefaults{model::Strategy::rolling, 120, 900, false}));
  EXPECT_THROW(defaults({{"HEALTH_CHECK_TIMEOUT", "soon"}}), InputError);
  EXPECT_THROW(defaults({{"ROLLBACK_ENABLED", "maybe"}}), InputError);
}

TEST(CallerSettings, NoSecretIsShown) {
  EXPECT_EQ(shown_as("GITHUB_TOKEN", "ghp_abc"), "<set>");
  EXPECT_EQ(shown_as("DEPLOYMENT_ADMIN_TOKENS", "token1,token2"), "<2 set>");
  EXPECT_EQ(shown_as("DEPLOYMENT_ADMIN_TOKENS", "token1, ,"), "<1 set>") << "as the coordinator counts them";
  EXPECT_EQ(shown_as("DEPLOYMENT_ADMIN_TOKENS", " ,"), "refused");
  EXPECT_EQ(shown_as("STAGING_URL", "https://user:pass@staging/x"), "https://***@staging/x");
  for (const char* name : {"GITHUB_TOKEN", "DEPLOYMENT_ADMIN_TOKENS", "STAGING_URL"}) {
    const CallerSetting one = setting(name, {{name, "wrong secret"}});
    EXPECT_EQ((one.value + one.problem).find("wrong secret"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace switchyard::config
