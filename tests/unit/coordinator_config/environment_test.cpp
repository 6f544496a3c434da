#include "coordinator/config/environment.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace switchyard::config {
namespace {

using switchyard::testing::has;
using switchyard::testing::refusal;

Environment environment_of(const std::string& yaml) {
  return read_environment(yaml, "e/production.yaml", "production");
}
std::string environment_trouble(const std::string& yaml) {
  return refusal([&] { environment_of(yaml); });
}

TEST(EnvironmentFile, LoadsWhatTheUsersDocumentShows) {
  const Environment environment = environment_of(R"(variables:
  db_host: "{{ env('DB_HOST') or 'localhost' }}"
  api_port: 8000
  log_level: "INFO"

secrets:
  db_password: "DB_PASSWORD"
  api_key: "API_KEY"

resource_limits:
  cpu_cores: 4
  memory_gb: 8

security_policies:
  require_mfa: true
  encrypt_at_rest: true
)");
  EXPECT_EQ(environment.name, "production");
  EXPECT_EQ(environment.variables.find("api_port")->kind, ValueKind::number);
  EXPECT_EQ(environment.caller_variables, std::vector<std::string>{"DB_HOST"});
  ASSERT_EQ(environment.secrets.size(), 2U);
  EXPECT_EQ(environment.secrets[0].key + "=" + environment.secrets[0].secret, "db_password=DB_PASSWORD");
  EXPECT_EQ(environment.resource_limits.cpu_millicores, 4'000U);
  EXPECT_EQ(environment.resource_limits.memory_bytes, 8ULL << 30U);
  EXPECT_TRUE(environment.security_policies.require_mfa && environment.security_policies.encrypt_at_rest);
}

TEST(EnvironmentFile, AnEmptyFileIsAnEnvironmentWithoutAnything) {
  const Environment environment = environment_of("");
  EXPECT_TRUE(environment.variables.entries.empty() && environment.secrets.empty());
  EXPECT_FALSE(environment.resource_limits.cpu_millicores || environment.security_policies.require_mfa);
}

TEST(EnvironmentFile, NamesTheCallersVariablesThatTemplatesMayRead) {
  const Environment environment = environment_of(R"(variables:
  a: {deep: ["{{ env( \"B\" ) }}", "{% if env('A') %}x{% endif %}"]}
  b: "{{ my_env('NO1') }}{{ x.env('NO2') }}{{ env(name) }}{{ env('not a name') }}"
  c: "env('NO3') without braces"
environment_variables: [C, A]
)");
  EXPECT_EQ(environment.caller_variables, (std::vector<std::string>{"A", "B", "C"}));
}

TEST(EnvironmentFile, LimitsHaveFractions) {
  const Environment environment = environment_of("resource_limits: {cpu_cores: 0.25, memory_gb: 1.5}");
  EXPECT_EQ(environment.resource_limits.cpu_millicores, 250U);
  EXPECT_EQ(environment.resource_limits.memory_bytes, 3ULL << 29U);
  for (const char* wrong : {"0", "-1", "'4'", "1e3", "4096.001", "1.0001", "many", "1.", ".5", "0x4", "[1]", "1,5"}) {
    EXPECT_TRUE(
        has(environment_trouble("resource_limits: {cpu_cores: " + std::string(wrong) + "}"), "e/production.yaml:1:"))
        << wrong;
  }
}

TEST(EnvironmentFile, RefusalsNameThePlaceAndWhatToDo) {
  EXPECT_TRUE(has(environment_trouble("varables: {}"), "e/production.yaml:1:1: unknown key `varables`"));
  EXPECT_TRUE(has(environment_trouble("varables: {}"), "did you mean `variables`?"));
  EXPECT_TRUE(has(environment_trouble("variables: {a: 1}\nsecrets: {a: KEY}"), "is a secret here and a variable at"));
  EXPECT_TRUE(has(environment_trouble("variables: {a-b: 1}"), "`a-b` in `variables` must be a name"));
  EXPECT_TRUE(has(environment_trouble("variables: {a: 1, a: 2}"), "there twice"));
  EXPECT_TRUE(has(environment_trouble("variables: {a: off}"), "put it in quotes"));
  EXPECT_TRUE(has(environment_trouble("variables: 5"), "must be a map"));
  EXPECT_TRUE(has(environment_trouble("security_policies: {require_mfa: yes}"), "must be true or false"));
  EXPECT_TRUE(has(environment_trouble("security_policies: {require_mfa: 'true'}"), "must be true or false"));
  EXPECT_TRUE(has(environment_trouble("environment_variables: [a b]"), "environment_variables[0]"));
  EXPECT_TRUE(has(refusal([] { read_environment("", "e/My Env.yaml", "My Env"); }), "rename the file"));
}

TEST(EnvironmentFile, ItsStrategyGoesBeforeTheCallersVariable) {
  const model::ManifestDefaults caller{.strategy = model::Strategy::recreate, .test_timeout_s = 9};
  EXPECT_EQ(defaults_in(environment_of("variables: {a: b}"), caller), caller);
  EXPECT_EQ(environment_of("").strategy, std::nullopt);
  for (const auto strategy :
       {model::Strategy::blue_green, model::Strategy::rolling, model::Strategy::recreate, model::Strategy::canary}) {
    const Environment environment = environment_of("strategy: " + std::string(model::strategy_name(strategy)));
    EXPECT_EQ(defaults_in(environment, caller),
              (model::ManifestDefaults{
                  .strategy = strategy, .test_timeout_s = 9, .strategy_source = model::StrategySource::environment}));
  }
  EXPECT_TRUE(has(environment_trouble("strategy: rollling"), "did you mean `rolling`?"));
  EXPECT_TRUE(has(environment_trouble("strategy: [rolling]"), "e/production.yaml:1:11"));
}

TEST(EnvironmentFile, WhatMayBeASecretItselfIsNeverRepeated) {
  const std::string message = environment_trouble("secrets:\n  db_password: hunter-2-is-secret");
  EXPECT_TRUE(has(message, "e/production.yaml:2:16: "));
  EXPECT_TRUE(has(message, "never the secret itself"));
  EXPECT_EQ(message.find("hunter"), std::string::npos);
  EXPECT_TRUE(has(environment_trouble("secrets: {a: }"), "must be the name of a secret"));
}

}  // namespace
}  // namespace switchyard::config
