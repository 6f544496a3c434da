#include "coordinator/planner/caller_defaults.hpp"

#include <gtest/gtest.h>

#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "coordinator/planner/plan_text.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

constexpr const char* two_servers = R"(
metadata: {name: shop, environment: production}
health_checks:
  - {name: patient, type: tcp, deadline_seconds: 90, config: {port: "${port}"}}
  - {name: stubborn, type: tcp, timeout_seconds: 2, retry_attempts: 4, config: {port: "${port}"}}
  - {name: suite, type: command, tier: 2, config: {command: [/t]}}
  - {name: short_suite, type: command, tier: 2, timeout_seconds: 20, config: {command: [/t]}}
components:
  - name: api
    hosts: [h1]
    artifact: {directory: api}
    service: {command: [bin/server]}
    ports: {stable: 1000, blue: 1001, green: 1002}
    health_checks: [http_health, patient, stubborn, suite, short_suite]
  - name: web
    hosts: [h1]
    artifact: {directory: web}
    service: {command: [bin/server]}
    strategy: blue-green
    ports: {stable: 2000, blue: 2001, green: 2002}
)";

model::Manifest read_with(const model::ManifestDefaults& defaults, const std::string& settings = "") {
  return read_manifest(two_servers + settings, "f.yaml", defaults);
}
const protocol::ProbeSpec& check_of(const model::Manifest& manifest, const std::string& name) {
  for (const model::HealthCheck& check : manifest.components.at(0).health_checks) {
    if (check.probe.name == name) return check.probe;
  }
  throw std::out_of_range(name);
}

}  // namespace

TEST(CallerDefaults, SayNothingWhereNobodyHasSetThem) {
  EXPECT_EQ(read_with({}), read_manifest(two_servers, "f.yaml"));
  EXPECT_TRUE(caller_defaults(read_with({})).empty());
}

TEST(CallerDefaults, TheStrategyIsOfComponentsThatNameNone) {
  const model::Manifest manifest = read_with({.strategy = model::Strategy::rolling});
  EXPECT_EQ(manifest.components.at(0).strategy, model::Strategy::rolling);
  EXPECT_EQ(manifest.components.at(1).strategy, model::Strategy::blue_green);
  EXPECT_EQ(caller_defaults(manifest), (std::vector<std::string>{"DEPLOYMENT_STRATEGY=rolling for api"}));
}

/// It would be a downtime, or a switch of all at once, that nobody has asked for.
TEST(CallerDefaults, AComponentThatCannotFollowTheStrategyIsRefusedByName) {
  const auto trouble = [](const std::string& component, model::Strategy strategy) {
    return refusal([&] {
      read_manifest("metadata: {name: x}\ncomponents:\n  - {name: a, " + component + "}\n", "f.yaml",
                    {.strategy = strategy});
    });
  };
  const std::string without = trouble("ports: {stable: 80}", model::Strategy::blue_green);
  EXPECT_TRUE(has(without, "f.yaml:3:")) << without;
  EXPECT_TRUE(has(without, "needs a traffic switch")) << without;
  EXPECT_TRUE(has(without, "that of DEPLOYMENT_STRATEGY")) << without;
  const std::string two_ports = "ports: {stable: 80, blue: 81, green: 82}";
  EXPECT_TRUE(has(trouble(two_ports, model::Strategy::canary), "weights: [10, 50]"));
  EXPECT_TRUE(has(trouble(two_ports, model::Strategy::recreate), "DEPLOYMENT_STRATEGY"));
  EXPECT_EQ(trouble(two_ports + ", canary: {weights: [10]}", model::Strategy::canary), "(accepted)");
  EXPECT_EQ(trouble("strategy: recreate, ports: {stable: 80}", model::Strategy::blue_green), "(accepted)");
}

namespace {

model::ManifestDefaults strategy_by(model::StrategySource source, model::Strategy strategy) {
  return {.strategy = strategy, .strategy_source = source};
}
constexpr auto by_file = model::StrategySource::environment;
constexpr auto by_option_source = model::StrategySource::option;
std::vector<model::Strategy> strategies_of(const model::Manifest& manifest) {
  std::vector<model::Strategy> strategies;
  for (const model::Component& component : manifest.components) strategies.push_back(component.strategy);
  return strategies;
}

}  // namespace

TEST(CallerDefaults, TheEnvironmentFilesStrategyIsOfComponentsThatNameNone) {
  const model::Manifest manifest = read_with(strategy_by(by_file, model::Strategy::rolling));
  EXPECT_EQ(strategies_of(manifest), (std::vector{model::Strategy::rolling, model::Strategy::blue_green}));
  EXPECT_EQ(caller_defaults(manifest), (std::vector<std::string>{"strategy=rolling for api"}));
  const std::string trouble = refusal([&] {
    read_manifest("metadata: {name: x}\ncomponents: [{name: a, ports: {stable: 80}}]\n", "f.yaml",
                  strategy_by(by_file, model::Strategy::blue_green));
  });
  EXPECT_TRUE(has(trouble, "that of the environment's file, since the component names none"));
}

TEST(CallerDefaults, AStrategyByOptionIsOfAllComponents) {
  const model::Manifest manifest = read_with(strategy_by(by_option_source, model::Strategy::rolling));
  EXPECT_EQ(strategies_of(manifest), (std::vector{model::Strategy::rolling, model::Strategy::rolling}));
  EXPECT_EQ(caller_defaults(manifest), (std::vector<std::string>{"--strategy=rolling for api, web"}));
  // Where the file says the same it decides nothing.
  EXPECT_EQ(caller_defaults(read_with(strategy_by(by_option_source, model::Strategy::blue_green))),
            (std::vector<std::string>{"--strategy=blue-green for api"}));
  EXPECT_NO_THROW(choose_components(manifest, {}));
}

/// The use of it: a canary, or batches, that shall not be waited for this time.
TEST(CallerDefaults, WhatTheFileSaysForItsOwnStrategyAloneMeansNothingThen) {
  const std::string text =
      "metadata: {name: x}\ncomponents:\n"
      "  - {name: a, strategy: canary, canary: {weights: [10]}, ports: {stable: 80, blue: 81, green: 82}}\n"
      "  - {name: b, hosts: [h1, h2], strategy: rolling, min_healthy: 1, min_healthy_seconds: 9, ports: {stable: 90, "
      "blue: "
      "91, green: 92}}\n";
  const model::Manifest manifest =
      read_manifest(text, "f.yaml", strategy_by(by_option_source, model::Strategy::blue_green));
  EXPECT_EQ(strategies_of(manifest), (std::vector{model::Strategy::blue_green, model::Strategy::blue_green}));
  EXPECT_TRUE(manifest.components.at(0).canary.weights.empty());
  EXPECT_EQ(manifest.components.at(1).min_healthy + manifest.components.at(1).min_healthy_ms, 0U);
  EXPECT_NO_THROW(choose_components(manifest, {}));
  // What is wrong there is wrong all the same.
  EXPECT_TRUE(has(refusal([&] {
                    read_manifest(
                        "metadata: {name: x}\ncomponents: [{name: a, strategy: canary, canary: {weights: "
                        "[50, 10]}, ports: {stable: 80, blue: 81, green: 82}}]\n",
                        "f.yaml", strategy_by(by_option_source, model::Strategy::blue_green));
                  }),
                  "larger than the one before"));
}

TEST(CallerDefaults, WhatCannotFollowAStrategyByOptionIsRefusedOnlyWhenItIsDeployed) {
  const std::string text =
      "metadata: {name: x}\ncomponents:\n"
      "  - {name: web, ports: {stable: 80, blue: 81, green: 82}}\n"
      "  - {name: worker}\n"
      "  - {name: db, strategy: recreate, ports: {stable: 5432}}\n";
  const model::Manifest manifest =
      read_manifest(text, "f.yaml", strategy_by(by_option_source, model::Strategy::blue_green));
  EXPECT_EQ(strategies_of(manifest),
            (std::vector{model::Strategy::blue_green, model::Strategy::recreate, model::Strategy::recreate}))
      << "what cannot follow has what its file says";
  for (const std::vector<std::string>& chosen : {std::vector<std::string>{}, {"worker"}, {"web", "worker"}}) {
    const std::string trouble = refusal([&] { choose_components(manifest, chosen); });
    EXPECT_TRUE(has(trouble, "f.yaml:4:"));
    EXPECT_TRUE(has(trouble, "component `worker` is blue-green, which needs a traffic switch"));
    EXPECT_TRUE(has(trouble, "(the strategy is that of --strategy; deploy what cannot follow it by itself"));
  }
  EXPECT_TRUE(has(refusal([&] { choose_components(manifest, {"db"}); }), "component `db` is blue-green"));
  EXPECT_EQ(refusal([&] { choose_components(manifest, {"web"}); }), "(accepted)");
  const model::Manifest recreated =
      read_manifest(text, "f.yaml", strategy_by(by_option_source, model::Strategy::recreate));
  EXPECT_TRUE(has(refusal([&] { choose_components(recreated, {"web"}); }), "f.yaml:3:"));
  EXPECT_EQ(refusal([&] { choose_components(recreated, {"worker", "db"}); }), "(accepted)");
}

/// Shares are the manifest's to say: a canary by option is one where the file has them ready.
TEST(CallerDefaults, ACanaryByOptionTakesTheSharesOfTheFile) {
  const auto read = [&](const std::string& component) {
    return read_manifest(
        "metadata: {name: x}\ncomponents: [{name: a, ports: {stable: 80, blue: 81, green: 82}" + component + "}]\n",
        "f.yaml", strategy_by(by_option_source, model::Strategy::canary));
  };
  const model::Manifest ready = read(", canary: {weights: [10, 50]}");
  EXPECT_EQ(strategies_of(ready), std::vector{model::Strategy::canary});
  EXPECT_EQ(ready.components.at(0).canary.weights, (std::vector<std::uint32_t>{10, 50}));
  EXPECT_NO_THROW(choose_components(ready, {}));
  for (const char* without : {"", ", strategy: blue-green", ", strategy: rolling"}) {
    EXPECT_TRUE(has(refusal([&] { choose_components(read(without), {}); }), "set `canary: {weights: [10, 50]}`"));
  }
}

TEST(CallerDefaults, WithAStrategyByOptionTheFileIsCheckedAsEver) {
  const auto trouble = [&](const std::string& component) {
    return refusal([&] {
      read_manifest("metadata: {name: x}\ncomponents: [" + component + "]\n", "f.yaml",
                    strategy_by(by_option_source, model::Strategy::rolling));
    });
  };
  EXPECT_TRUE(has(trouble("{name: a, stratgy: rolling}"), "did you mean `strategy`?"));
  EXPECT_TRUE(has(trouble("{name: a, strategy: fast}"), "f.yaml:2:"));
  EXPECT_TRUE(has(trouble("{name: a, strategy: blue-green}"), "needs a traffic switch")) << "by its own word";
  EXPECT_FALSE(has(trouble("{name: a, strategy: blue-green}"), "--strategy"));
  EXPECT_TRUE(has(trouble("5"), "f.yaml:2:"));
}

TEST(CallerDefaults, TheEnvironmentIsFoundInAFileThatNeedsItsDefaultsToBeRead) {
  const std::string text =
      "metadata: {name: x, environment: staging}\n"
      "components: [{name: a, canary: {weights: [10]}, ports: {stable: 80, blue: 81, green: 82}}]\n";
  EXPECT_TRUE(has(refusal([&] { read_manifest(text, "f.yaml"); }), "set `strategy: canary`"));
  EXPECT_EQ(read_environment_name(text, "f.yaml"), "staging");
  EXPECT_EQ(strategies_of(read_manifest(text, "f.yaml", strategy_by(by_file, model::Strategy::canary))),
            std::vector{model::Strategy::canary});
  EXPECT_EQ(read_environment_name("metadata: {name: x}\n", "f.yaml"), "");
  EXPECT_TRUE(has(refusal([] { read_environment_name("metadata: {nam: x}\n", "f.yaml"); }), "f.yaml:1:"));
}

TEST(CallerDefaults, TheDeadlineIsOfChecksThatSayNoTime) {
  const model::Manifest manifest = read_with({.check_deadline_s = 7});
  EXPECT_EQ(check_of(manifest, "http_health").deadline_ms, 7'000U);
  EXPECT_EQ(check_of(manifest, "patient").deadline_ms, 90'000U);
  EXPECT_EQ(check_of(manifest, "stubborn").deadline_ms, 10'000U);
  EXPECT_EQ(check_of(manifest, "suite"), check_of(read_with({}), "suite"));
  // web has no checks, and is asked whether it listens.
  EXPECT_EQ(caller_defaults(manifest), (std::vector<std::string>{"HEALTH_CHECK_TIMEOUT=7s for api, web"}));
  EXPECT_TRUE(caller_defaults(read_with({.check_deadline_s = 7}, "deployment_settings: {health_checks_enabled: false}"))
                  .empty());
}

TEST(CallerDefaults, ADeadlineThatIsTooShortForACheckNamesItsSource) {
  const std::string text =
      "metadata: {name: x}\nhealth_checks: [{name: a, type: tcp, healthy_seconds: 20, config: {port: 1}}]\n"
      "components: [{name: a}]\n";
  EXPECT_EQ(refusal([&] { read_manifest(text, "f.yaml"); }), "(accepted)");
  EXPECT_TRUE(has(refusal([&] { read_manifest(text, "f.yaml", {.check_deadline_s = 20}); }), "HEALTH_CHECK_TIMEOUT"));
}

TEST(CallerDefaults, TheTestsTimeIsOfTestsThatSayNone) {
  const model::Manifest manifest = read_with({.test_timeout_s = 30});
  EXPECT_EQ(check_of(manifest, "suite").timeout_ms, 30'000U);
  EXPECT_GT(check_of(manifest, "suite").deadline_ms, 30'000U);
  EXPECT_EQ(check_of(manifest, "short_suite").timeout_ms, 20'000U);
  EXPECT_EQ(check_of(manifest, "http_health"), check_of(read_with({}), "http_health"));
  EXPECT_EQ(caller_defaults(manifest), (std::vector<std::string>{"INTEGRATION_TEST_TIMEOUT=30s for api"}));
  EXPECT_TRUE(caller_defaults(read_with({.test_timeout_s = 30}, "deployment_settings: {run_tests: smoke}")).empty());
}

TEST(CallerDefaults, RollbackIsWhatTheManifestSaysIfItDoes) {
  const model::ManifestDefaults off{.rollback_on_failure = false};
  const auto goes_back = [&](const std::string& settings) {
    return read_with(off, settings).settings.rollback_on_failure;
  };
  EXPECT_FALSE(goes_back(""));
  EXPECT_FALSE(goes_back("deployment_settings: {rollback_strategy: graceful}"));
  EXPECT_TRUE(goes_back("deployment_settings: {rollback_on_failure: true}"));
  EXPECT_TRUE(goes_back("deployment_settings: {auto_rollback: true}"));
  const model::ManifestDefaults on{.rollback_on_failure = true};
  EXPECT_FALSE(read_with(on, "deployment_settings: {rollback_strategy: manual}").settings.rollback_on_failure);
  EXPECT_EQ(caller_defaults(read_with(off)), (std::vector<std::string>{"ROLLBACK_ENABLED=false"}));
  EXPECT_TRUE(caller_defaults(read_with(off, "deployment_settings: {auto_rollback: true}")).empty());
}

/// Who approves approves where the values come from, too.
TEST(CallerDefaults, ThePlanSaysThemAndItsHashCoversThem) {
  const auto plan_with = [](const model::ManifestDefaults& defaults) {
    const model::Manifest manifest = read_with(defaults);
    return plan_deployment(manifest, switchyard::testing::facts_for(manifest), {});
  };
  const model::Plan plain = plan_with({});
  // As long as the default of docs/health.md: only the source is another.
  const model::Plan plan = plan_with({.check_deadline_s = 60});
  EXPECT_EQ(plan.slices, plain.slices);
  EXPECT_NE(plan.hash, plain.hash);
  EXPECT_TRUE(has(plan_text(plan), "  HEALTH_CHECK_TIMEOUT=60s for api, web: from the caller's environment"));
  EXPECT_FALSE(has(plan_text(plain), "caller's environment"));
  EXPECT_NE(plan_with({.check_deadline_s = 7}).slices, plain.slices);
  // The same strategy as by the ports, with another source each.
  for (const auto& [source, words] :
       {std::pair{by_file,
                  "  strategy=blue-green for api: from the environment's file, where the manifest says nothing"},
        {by_option_source, "  --strategy=blue-green for api: asked for, in place of what the manifest says"}}) {
    const model::Plan by = plan_with(strategy_by(source, model::Strategy::blue_green));
    EXPECT_EQ(by.slices, plain.slices);
    EXPECT_NE(by.hash, plain.hash);
    EXPECT_TRUE(has(plan_text(by), words));
  }
}

}  // namespace switchyard::planner
