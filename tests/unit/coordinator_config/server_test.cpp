#include "coordinator/config/server.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace switchyard::config {
namespace {

using switchyard::testing::has;
using switchyard::testing::refusal;

Server server_of(const std::string& yaml) { return read_server(yaml, "s/brave-search.yaml", "brave-search"); }
std::string server_trouble(const std::string& yaml) {
  return refusal([&] { server_of(yaml); });
}
Value config_of(const std::string& yaml) { return read_value(read_yaml(yaml, "c.yaml"), SourceKind::base); }
Judgement judged(const std::string& rule, const std::string& config) {
  const Server server = server_of("validation_rules: ['" + rule + "']");
  return judge(server.rules.at(0), config_of(config));
}

TEST(ServerFile, LoadsWhatTheUsersDocumentShows) {
  const Server server = server_of(R"(name: brave-search
server_type: search

base_config:
  timeout_seconds: 30
  retry_attempts: 3
  api:
    rate_limit_per_minute: 100

environment_overrides:
  production:
    timeout_seconds: 15
    api:
      rate_limit_per_minute: 500

templates:
  api_key: "{{ env.brave_api_key }}"
  timeout: "{{ config.timeout_seconds }}"

validation_rules:
  - "required:api_key"
  - "format:timeout_seconds:^[0-9]+$"
)");
  EXPECT_EQ(server.name + " " + server.server_type, "brave-search search");
  EXPECT_EQ(server.base.find_path("api.rate_limit_per_minute")->text, "100");
  EXPECT_EQ(server.find_override("production")->find("timeout_seconds")->text, "15");
  EXPECT_EQ(server.find_override("staging"), nullptr);
  EXPECT_EQ(server.templates.entries.size(), 2U);
  ASSERT_EQ(server.rules.size(), 2U);
  EXPECT_EQ(server.rules[1].key + " " + server.rules[1].pattern, "timeout_seconds ^[0-9]+$");
}

TEST(ServerFile, RefusalsNameThePlaceAndWhatToDo) {
  EXPECT_TRUE(
      has(server_trouble("name: other"), "s/brave-search.yaml:1:7: `name` is \"other\", but the file is called"));
  EXPECT_TRUE(has(server_trouble("base_confg: {}"), "did you mean `base_config`?"));
  EXPECT_TRUE(has(server_trouble(""), "must be a map"));
  EXPECT_TRUE(has(server_trouble("base_config: [1]"), "must be a map"));
  EXPECT_TRUE(has(server_trouble("environment_overrides: {Production: {}}"), "is no name of an environment"));
  EXPECT_TRUE(has(server_trouble("environment_overrides: {production: 5}"), "must be a map"));
  EXPECT_TRUE(has(server_trouble("validation_rules: ['requird:a']"), "did you mean `required`?"));
  EXPECT_TRUE(has(server_trouble("validation_rules: ['required:']"), "names no key"));
  EXPECT_TRUE(has(server_trouble("validation_rules: ['format:a']"), "has no pattern"));
  EXPECT_TRUE(has(server_trouble("validation_rules: ['format:a:[0-9']"), "a `[` has no `]`"));
  EXPECT_TRUE(has(refusal([] { read_server("{}", "s/No Name.yaml", "No Name"); }), "rename the file"));
}

TEST(ValidationRule, WhatIsRequiredMustHaveAValue) {
  EXPECT_EQ(judged("required:a", "a: 0").result, RuleResult::kept);
  EXPECT_EQ(judged("required:a.b", "a: {b: false}").result, RuleResult::kept);
  EXPECT_TRUE(has(judged("required:a", "b: 1").message, "s/brave-search.yaml:1:20: required key 'a' is missing"));
  EXPECT_TRUE(has(judged("required:a", "a:").message, "has no value (c.yaml:1:"));
  EXPECT_EQ(judged("required:a", "a: ''").result, RuleResult::broken);
}

TEST(ValidationRule, AFormatJudgesTheTextOfAValue) {
  EXPECT_EQ(judged("format:a:^[0-9]+$", "a: 15").result, RuleResult::kept);
  EXPECT_EQ(judged("format:a:^(true|false)$", "a: true").result, RuleResult::kept);
  EXPECT_EQ(judged("format:a:^https?://", "a: 'http://x'").result, RuleResult::kept);
  EXPECT_EQ(judged("format:a:^x$", "b: 1").result, RuleResult::kept);
  EXPECT_TRUE(has(judged("format:a:^[0-9]+$", "a: fast").message, "'a' is \"fast\", which does not match ^[0-9]+$"));
  EXPECT_TRUE(has(judged("format:a:x", "a: [1]").message, "is a list or a map"));
  EXPECT_TRUE(has(judged("format:a:x", "a: " + std::string(5'000, 'x')).message, "is checked up to 4096"));
}

TEST(ValidationRule, ASecretIsRequiredButItsFormatIsNotJudged) {
  Value config;
  config.kind = ValueKind::map;
  Value sealed;
  sealed.kind = ValueKind::sealed;
  sealed.pieces = {{templates::Piece::Kind::secret, "KEY", 0, 0, 0}};
  config.entries.push_back({"a", sealed});
  const Server server = server_of("validation_rules: ['required:a', 'format:a:^x$']");
  EXPECT_EQ(judge(server.rules[0], config).result, RuleResult::kept);
  EXPECT_EQ(judge(server.rules[1], config).result, RuleResult::not_judged);
}

}  // namespace
}  // namespace switchyard::config
