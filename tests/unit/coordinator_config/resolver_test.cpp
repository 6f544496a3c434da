#include "coordinator/config/resolver.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/jinja.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_config/no_renderer.hpp"

namespace switchyard::config {
namespace {

using switchyard::testing::has;
using switchyard::testing::refusal;

class ResolverTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    renderer = std::make_unique<templates::JinjaRenderer>(switchyard::testing::source_jinja());
  }
  static void TearDownTestSuite() { renderer.reset(); }
  static std::unique_ptr<templates::JinjaRenderer> renderer;

  Resolved resolved() const {
    return resolve(read_server(server, "servers/api.yaml", "api"),
                   read_environment(environment, "environments/production.yaml", "production"),
                   {[this](const std::string& name) -> std::optional<std::string> {
                      asked.push_back(name);
                      const auto found = caller.find(name);
                      return found == caller.end() ? std::nullopt : std::optional(found->second);
                    },
                    1'763'690'096'789},
                   *renderer);
  }
  std::string trouble() const {
    return refusal([this] { resolved(); });
  }
  /// `path=value [kind line]` of every value.
  std::string all() const {
    std::string text;
    const Resolved result = resolved();
    for (const auto& [path, value] : leaves(result.config)) {
      text += path + "=" + shown(*value) + " [" + source_name(value->source.kind) + " " +
              std::to_string(value->source.line) + "]\n";
    }
    return text;
  }

  std::string server = "{}";
  std::string environment;
  std::map<std::string, std::string> caller;
  mutable std::vector<std::string> asked;
};
std::unique_ptr<templates::JinjaRenderer> ResolverTest::renderer;

TEST_F(ResolverTest, LaysLayerUponLayer) {
  environment = "variables:\n  log_level: INFO\n  region: eu\n";
  server = R"(base_config:
  region: us
  timeout: 30
  api: {limit: 100, burst: 5}
  list: [1, 2]
environment_overrides:
  production:
    timeout: 15
    api: {limit: 500}
    list: [3]
  staging:
    timeout: 1
templates:
  timeout_text: "{{ config.timeout }}s"
)";
  EXPECT_EQ(all(),
            "log_level=INFO [variable 2]\n"
            "region=us [base 2]\n"
            "timeout=15 [override 8]\n"
            "api.limit=500 [override 9]\n"
            "api.burst=5 [base 4]\n"
            "list=[3] [override 10]\n"
            "timeout_text=15s [template 14]\n");
}

TEST_F(ResolverTest, WhatHasNoTemplatesNeedsNoRenderer) {
  testing::NoRenderer none;
  const Resolved result = resolve(read_server("base_config: {a: '{ b }'}\ntemplates: {c: plain}", "s.yaml", "s"),
                                  read_environment("variables: {d: text}", "e.yaml", "e"),
                                  {[](const std::string&) { return std::nullopt; }, 0}, none);
  EXPECT_EQ(result.config.entries.size(), 3U);
}

TEST_F(ResolverTest, BaseAndOverridesAreTakenAsTheyStand) {
  server = "base_config: {greeting: '{{ user }}'}";
  EXPECT_TRUE(has(all(), "greeting={{ user }} [base 1]"));
}

TEST_F(ResolverTest, VariablesReadTheCallerAndThoseAboveThem) {
  environment = R"(variables:
  db_host: "{{ env('DB_HOST') or 'localhost' }}"
  db_url: "pg://{{ env.db_host }}/{{ environment }}"
)";
  EXPECT_TRUE(has(all(), "db_url=pg://localhost/production"));
  caller = {{"DB_HOST", "db.internal"}, {"HOME", "/root"}};
  EXPECT_TRUE(has(all(), "db_url=pg://db.internal/production"));
}

TEST_F(ResolverTest, NothingOfTheCallerIsReadThatTheEnvironmentDoesNotName) {
  environment = "variables: {a: \"{{ env('A') or 'none' }}\"}\nenvironment_variables: [B]";
  caller = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
  server = "templates: {x: \"{{ env('B') }}\"}";
  EXPECT_TRUE(has(all(), "x=2"));
  EXPECT_EQ(asked, (std::vector<std::string>{"A", "B"}));
  server = "templates:\n  x: \"{{ env('C') }}\"";
  EXPECT_TRUE(has(trouble(),
                  "servers/api.yaml:2:6: Template processing failed for 'x': undefined variable 'env.C'; "
                  "define `C` in `variables` or `secrets` of environments/production.yaml"));
}

TEST_F(ResolverTest, AnUndefinedVariableIsSaidAsTheUsersDocumentSaysIt) {
  server = "templates:\n  api_key: \"{{ env.brave_api_key }}\"\n";
  EXPECT_TRUE(has(trouble(),
                  "servers/api.yaml:2:12: Template processing failed for 'api_key': undefined variable "
                  "'env.brave_api_key'; define `brave_api_key` in"));
  server = "templates:\n  t:\n    deep: |\n      first\n      {{ config.nothing }}\n";
  EXPECT_TRUE(has(trouble(),
                  "servers/api.yaml:5: Template processing failed for 't.deep': undefined variable "
                  "'config.nothing'; base_config"));
  environment = "variables:\n  a: \"{{ env('UNSET') }}\"";
  EXPECT_TRUE(has(trouble(),
                  "environments/production.yaml:2:6: Template processing failed for 'a': undefined variable "
                  "'UNSET': it is not set"));
  EXPECT_TRUE(has(trouble(), "{{ env('UNSET') or '...' }}"));
}

TEST_F(ResolverTest, SecretsAreNamedAndNeverRead) {
  environment = R"(secrets:
  db_password: DB_PASSWORD
variables:
  db_url: "pg://app:{{ env.db_password }}@db"
  again: "{{ env('DB_PASSWORD') }}"
)";
  caller = {{"DB_PASSWORD", "hunter2"}};
  server = R"(templates:
  url: "{{ env.db_url }}/x"
  header: "{{ base64_encode(env.db_password) }}"
  session: "{{ random_string(16) }}"
  from_config: "{{ config.db_url }}"
)";
  const std::string text = all();
  EXPECT_TRUE(has(text, "url=pg://app:<secret DB_PASSWORD>@db/x"));
  EXPECT_TRUE(has(text, "again=<secret DB_PASSWORD>"));
  EXPECT_TRUE(has(text, "header=<secret DB_PASSWORD in base64>"));
  EXPECT_TRUE(has(text, "session=<random 16>"));
  EXPECT_TRUE(has(text, "from_config=pg://app:<secret DB_PASSWORD>@db"));
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_TRUE(asked.empty());  // what is a secret is never read from the caller
}

TEST_F(ResolverTest, TheTimeIsThePlans) {
  server = "templates: {t: '{{ now().isoformat() }}'}";
  EXPECT_TRUE(has(all(), "t=2025-11-21T01:54:56.789000+00:00"));
}

TEST_F(ResolverTest, EqualInputsGiveEqualConfigurations) {
  environment = "secrets: {k: KEY}\nvariables: {a: '{{ 1 }}'}";
  server = "templates: {s: '{{ random_string(8) }}{{ now() }}{{ env.k }}'}";
  EXPECT_EQ(resolved().config, resolved().config);
}

TEST_F(ResolverTest, BrokenRulesAreResultsAndNotErrors) {
  environment = "secrets: {k: KEY}";
  server = R"(base_config: {timeout: fast}
templates: {key: "{{ env.k }}"}
validation_rules: ["required:missing", "format:timeout:^[0-9]+$", "required:key", "format:key:^sk-"]
)";
  const Resolved result = resolved();
  EXPECT_FALSE(result.valid());
  ASSERT_EQ(result.judgements.size(), 3U);
  EXPECT_EQ(result.judgements[2].result, RuleResult::not_judged);
}

TEST_F(ResolverTest, ACallersVariableThatIsNoTextIsRefused) {
  environment = "environment_variables: [A]";
  caller = {{"A", "\xff"}};
  EXPECT_TRUE(has(trouble(), "the environment variable A, which environments/production.yaml names, is no UTF-8"));
}

TEST_F(ResolverTest, AZeroByteIsNoResult) {
  server = "templates:\n  a: '{{ \"%c\" | format(0) }}'";
  EXPECT_TRUE(has(trouble(), "servers/api.yaml:2:6: Template processing failed for 'a': the result has a zero byte"));
}

TEST_F(ResolverTest, LimitsAndPoliciesComeAlong) {
  environment = "resource_limits: {cpu_cores: 2}\nsecurity_policies: {require_mfa: true}";
  const Resolved result = resolved();
  EXPECT_EQ(result.resource_limits.cpu_millicores, 2'000U);
  EXPECT_TRUE(result.security_policies.require_mfa);
  EXPECT_FALSE(result.security_policies.encrypt_at_rest);
}

}  // namespace
}  // namespace switchyard::config
