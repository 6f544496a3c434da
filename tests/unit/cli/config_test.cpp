#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "cli/command_line.hpp"
#include "cli/run.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/jinja.hpp"

namespace switchyard::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Runs `switchyard config ...` in a directory of its own, with variables of its own.
class ConfigCommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { renderer = std::make_unique<templates::JinjaRenderer>(source_jinja()); }
  static void TearDownTestSuite() { renderer.reset(); }
  static std::unique_ptr<templates::JinjaRenderer> renderer;

  void SetUp() override {
    fs::create_directories(place());
    write("deploy/config/environments/production.yaml", "variables: {region: eu}\nsecrets: {key: API_KEY}\n");
    write(
        "deploy/config/servers/api.yaml",
        "server_type: web\nbase_config: {port: 80}\ntemplates: {key: \"{{ env.key }}\", on: \"{{ config.port }}\"}\n");
  }
  void TearDown() override { fs::remove_all(place()); }

  static fs::path place() {
    return fs::temp_directory_path() / ("switchyard-config-" + std::to_string(::getpid()) + "-" +
                                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  static std::string path(const std::string& file) { return (place() / file).string(); }
  static void write(const std::string& file, const std::string& text) {
    fs::create_directories((place() / file).parent_path());
    std::ofstream(place() / file) << text;
  }

  int run(std::vector<std::string> words) {
    out.str("");
    notes.str("");
    words.insert(words.begin(), "config");
    const auto parsed = cli::parse_command_line(std::move(words));
    if (const auto* usage = std::get_if<cli::Usage>(&parsed)) {
      notes << usage->text;
      return static_cast<int>(usage->status);
    }
    const auto& invocation = std::get<cli::Invocation>(parsed);
    console.json = invocation.global.json;
    console.verbose = invocation.global.verbose;
    const auto environment = [this](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    };
    return static_cast<int>(cli::run_offline(invocation, console, environment, clock, *renderer));
  }
  int run_here(std::vector<std::string> words) {
    words.insert(words.end(), {"--config-dir", path("deploy/config")});
    return run(std::move(words));
  }

  FakeClock clock;
  std::map<std::string, std::string> variables;
  std::ostringstream out, notes;
  cli::Console console{out, notes};
};
std::unique_ptr<templates::JinjaRenderer> ConfigCommandTest::renderer;

TEST_F(ConfigCommandTest, ShowSaysEveryValueAndWhereItComesFrom) {
  ASSERT_EQ(run_here({"show", "api", "production"}), 0) << notes.str();
  const std::string text = out.str();
  EXPECT_NE(text.find("api in production (web)\n"), std::string::npos) << text;
  for (const char* line : {"region ", "variable", "<secret API_KEY>", "template", "servers/api.yaml:3:18",
                           "HEALTH_CHECK_TIMEOUT      60s", "default"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST_F(ConfigCommandTest, SaysWhereItIsInForceAndWhatNothingActsOn) {
  write("deploy/config/environments/production.yaml",
        "variables: {a: b}\nresource_limits: {cpu_cores: 2}\nsecurity_policies: {require_mfa: true}\n");
  variables = {{"ROLLBACK_ENABLED", "false"},
               {"DEPLOYMENT_ENVIRONMENTS", "production"},
               {"DEPLOYMENT_AUDIT_LOG", "/var/log/audit"}};
  write("deploy/config/servers/api.yaml", "base_config: {port: 80}\n");
  ASSERT_EQ(run_here({"show", "api", "production"}), 0) << notes.str();
  for (const char* line :
       {"cpu_cores 2, require_mfa (for deployments with this directory: --config-dir)\n",
        "Each of them waits for an approval with the code of an authenticator app.\n",
        "A component is handed these when its manifest says `service: {configuration: …}`.\n",
        "DEPLOYMENT_ENVIRONMENTS   production        environment  yes\n",
        "ROLLBACK_ENABLED          false             environment  yes\n",
        "HEALTH_CHECK_TIMEOUT      60s               default      yes\n",
        "LOG_ANALYSIS_MODEL        gemini-2.0-flash  default      not yet\n",
        "STAGING_URL               -                 not set      in templates\n",
        "DEPLOYMENT_ADMIN_TOKENS   -                 not set      in the coordinator's environment\n",
        "DEPLOYMENT_AUDIT_LOG      /var/log/audit    environment  in the coordinator's environment\n"}) {
    EXPECT_NE(out.str().find(line), std::string::npos) << line << "\n" << out.str();
  }
}

TEST_F(ConfigCommandTest, ShowInJsonKeepsTypesAndNamesSecrets) {
  ASSERT_EQ(run_here({"show", "api", "production", "--json"}), 0);
  const json shown = json::parse(out.str());
  EXPECT_EQ(shown.at("config"), json({{"region", "eu"}, {"port", 80}, {"key", "<secret API_KEY>"}, {"on", "80"}}));
  EXPECT_EQ(shown.at("valid"), true);
  EXPECT_TRUE(shown.at("strategy").is_null());
  EXPECT_EQ(shown.at("in_force"), json({{"config", true}, {"resource_limits", false}, {"security_policies", false}}));
  for (const json& setting : shown.at("settings")) {
    EXPECT_EQ(setting.at("in_force"), setting.at("acted_on_by") != "") << setting;
  }
  EXPECT_EQ(shown.at("settings").back().at("name"), "DEPLOYMENT_AUDIT_LOG");
  EXPECT_EQ(shown.at("settings").back().at("acted_on_by"), "coordinator");
  EXPECT_EQ(shown.at("values").at(2).at("secret"), true);
  EXPECT_EQ(shown.at("values").at(1).at("from"), "base");
}

TEST_F(ConfigCommandTest, ShowInJsonSaysWhatIsInForceOfWhatIsWritten) {
  write("deploy/config/servers/api.yaml", "server_type: web\n");
  for (const auto& [text, config, limits, policies] :
       {std::tuple{"security_policies: {require_mfa: true}\n", false, false, true},
        std::tuple{"security_policies: {encrypt_at_rest: true, require_mfa: false}\n", false, false, true},
        std::tuple{"security_policies: {encrypt_at_rest: false}\n", false, false, false},
        std::tuple{"resource_limits: {memory_gb: 1}\n", false, true, false},
        std::tuple{"variables: {a: b}\n", true, false, false}}) {
    write("deploy/config/environments/production.yaml", text);
    ASSERT_EQ(run_here({"show", "api", "production", "--json"}), 0) << notes.str();
    EXPECT_EQ(json::parse(out.str()).at("in_force"),
              json({{"config", config}, {"resource_limits", limits}, {"security_policies", policies}}))
        << text;
  }
}

TEST_F(ConfigCommandTest, NoSecretOfTheCallerIsEverShown) {
  variables = {{"API_KEY", "hunter2"}, {"GITHUB_TOKEN", "ghp_hunter2"}, {"DEPLOYMENT_ADMIN_TOKENS", "hunter2,hunter2"}};
  write("deploy/config/environments/production.yaml",
        "secrets: {key: API_KEY}\nvariables: {a: \"{{ env('API_KEY') }}\"}\nenvironment_variables: [API_KEY]\n");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"show", "api", "production"},
                                                {"show", "api", "production", "--json"},
                                                {"validate", "--verbose"},
                                                {"list"}}) {
    EXPECT_EQ(run_here(words), 0) << notes.str();
    EXPECT_EQ((out.str() + notes.str()).find("hunter2"), std::string::npos) << words[0];
  }
}

TEST_F(ConfigCommandTest, WhatCannotBeShownHasAPlaceAndStatus2) {
  write("deploy/config/servers/api.yaml", "templates:\n  key: \"{{ env.nothing }}\"\n");
  EXPECT_EQ(run_here({"show", "api", "production"}), 2);
  EXPECT_NE(notes.str().find("servers/api.yaml:2:8: Template processing failed for 'key': undefined variable "
                             "'env.nothing'"),
            std::string::npos)
      << notes.str();
  EXPECT_EQ(run_here({"show", "apj", "production"}), 2);
  EXPECT_NE(notes.str().find("did you mean `api`?"), std::string::npos);
  EXPECT_EQ(run({"show", "api", "production", "--config-dir", path("nowhere")}), 2);
  EXPECT_NE(notes.str().find("there is no such directory"), std::string::npos);
}

TEST_F(ConfigCommandTest, BrokenRulesAreShownWithTheConfiguration) {
  write("deploy/config/servers/api.yaml", "base_config: {port: x}\nvalidation_rules: ['format:port:^[0-9]+$']\n");
  EXPECT_EQ(run_here({"show", "api", "production"}), 2);
  EXPECT_NE(out.str().find("port"), std::string::npos);
  EXPECT_NE(notes.str().find("servers/api.yaml:2:20: 'port' is \"x\", which does not match"), std::string::npos)
      << notes.str();
}

TEST_F(ConfigCommandTest, ASettingThatCannotBeUsedIsAnError) {
  variables = {{"ROLLBACK_ENABLED", "maybe"}};
  EXPECT_EQ(run_here({"show", "api", "production"}), 2);
  EXPECT_NE(notes.str().find("ROLLBACK_ENABLED must be true or false"), std::string::npos);
  EXPECT_EQ(run_here({"validate"}), 2);
}

TEST_F(ConfigCommandTest, ValidateJudgesDeploymentsWithTheCallersDefaults) {
  write("deploy/deployments/shop.yaml",
        "metadata: {name: shop, environment: production}\ncomponents: [{name: a, ports: {stable: 80}}]\n");
  EXPECT_EQ(run_here({"validate"}), 0) << notes.str();
  variables = {{"DEPLOYMENT_STRATEGY", "blue-green"}};
  EXPECT_EQ(run_here({"validate"}), 2);
  EXPECT_NE(notes.str().find("that of DEPLOYMENT_STRATEGY"), std::string::npos) << notes.str();
}

TEST_F(ConfigCommandTest, TheEnvironmentsStrategyIsShownAndDeploymentsAreJudgedWithIt) {
  write("deploy/config/environments/production.yaml", "variables: {a: b}\nstrategy: canary\n");
  write("deploy/config/servers/api.yaml", "base_config: {port: 80}\n");
  ASSERT_EQ(run_here({"show", "api", "production"}), 0) << notes.str();
  EXPECT_NE(out.str().find("strategy canary (for deployments with this directory"), std::string::npos) << out.str();
  ASSERT_EQ(run_here({"show", "api", "production", "--json"}), 0);
  EXPECT_EQ(json::parse(out.str()).at("strategy"), "canary");

  const std::string head = "metadata: {name: shop, environment: production}\ncomponents: [{name: a, ports: ";
  write("deploy/deployments/shop.yaml", head + "{stable: 80, blue: 81, green: 82}, canary: {weights: [10]}}]\n");
  EXPECT_EQ(run_here({"validate"}), 0) << notes.str();
  EXPECT_EQ(run_here({"list"}), 0);
  EXPECT_EQ(out.str().find("(cannot be used)"), std::string::npos) << out.str();
  variables = {{"DEPLOYMENT_STRATEGY", "recreate"}};
  EXPECT_EQ(run_here({"validate"}), 0) << "the file goes before the variable: " << notes.str();
  write("deploy/deployments/shop.yaml", head + "{stable: 80}}]\n");
  EXPECT_EQ(run_here({"validate"}), 2);
  EXPECT_NE(notes.str().find("that of the environment's file"), std::string::npos) << notes.str();
}

TEST_F(ConfigCommandTest, ValidateFindsWhatIsWrongInEveryKindOfFile) {
  write("deploy/config/environments/staging.yaml", "varibles: {}");
  write("deploy/config/servers/web.yaml", "base_config: {mode: off}");
  write("deploy/config/servers/ignored.txt", "not: [yaml");
  write("deploy/config/servers/.hidden.yaml", "not: [yaml");
  write("deploy/deployments/shop.yaml", "metadata: {name: shop, environment: producton}\ncomponents: [{name: a}]");
  write("deploy/deployments/bad.yml", "metadata: {}");
  write("deploy/health-checks/checks.yaml", "health_checks: [{name: a, type: htpp, config: {}}]");
  EXPECT_EQ(run_here({"validate", "--json"}), 2);
  const json found = json::parse(out.str());
  EXPECT_EQ(found.at("valid"), false);
  EXPECT_EQ(found.at("files"), 7);
  EXPECT_EQ(found.at("resolved"), 1);
  const std::string problems = found.at("problems").dump();
  for (const char* part : {"staging.yaml:1:1: unknown key `varibles`", "web.yaml:1:21: ", "did you mean `production`?",
                           "bad.yml:1:", "checks.yaml:1:", "did you mean `http`?"}) {
    EXPECT_NE(problems.find(part), std::string::npos) << part << "\n" << problems;
  }
  EXPECT_EQ(found.at("problems").size(), 5U);
}

TEST_F(ConfigCommandTest, ValidateSaysWhatItChecked) {
  EXPECT_EQ(run_here({"validate"}), 0) << notes.str();
  EXPECT_NE(out.str().find("is valid: 2 files, 1 configuration\n"), std::string::npos) << out.str();
  fs::remove_all(place() / "deploy/config");
  fs::create_directories(place() / "deploy/config");
  EXPECT_EQ(run_here({"validate"}), 2);
}

TEST_F(ConfigCommandTest, DeploymentEnvironmentsChoosesAndIsChecked) {
  write("deploy/config/environments/staging.yaml", "");
  variables = {{"DEPLOYMENT_ENVIRONMENTS", "production"}};
  EXPECT_EQ(run_here({"show", "api", "staging"}), 2);
  EXPECT_NE(notes.str().find("no environment `staging`"), std::string::npos) << notes.str();
  variables = {{"DEPLOYMENT_ENVIRONMENTS", "production,qa"}};
  EXPECT_EQ(run_here({"validate"}), 2);
  EXPECT_NE(notes.str().find("DEPLOYMENT_ENVIRONMENTS names `qa`"), std::string::npos);
}

TEST_F(ConfigCommandTest, ListNamesWhatIsThere) {
  write("deploy/health-checks/checks.yaml", "health_checks: [{name: a, type: tcp, config: {port: 80}}]");
  write("deploy/deployments/bad.yaml", "nonsense");
  EXPECT_EQ(run_here({"list"}), 0);
  for (const char* part : {"production", "1 variable, 1 secret", "web; no overrides", "checks", "(cannot be used)"}) {
    EXPECT_NE(out.str().find(part), std::string::npos) << part << "\n" << out.str();
  }
  EXPECT_EQ(run({"list", "--json", "--config-dir", path("deploy/config/")}), 0);
  EXPECT_EQ(json::parse(out.str()).at("items").size(), 4U);
}

TEST_F(ConfigCommandTest, RenderPrintsOneRendering) {
  write("t.j2", "{{ name }}: {{ env('A') }} {{ now().year }}\n");
  write("v.json", R"({"name": "x", "env": {"A": "a"}})");
  EXPECT_EQ(run({"render", "--template", path("t.j2"), "--vars", path("v.json")}), 0) << notes.str();
  EXPECT_EQ(out.str().substr(0, 5), "x: a ");
  EXPECT_EQ(out.str().back(), '\n');
  EXPECT_TRUE(notes.str().empty());
  write("t.j2", "{{ random_string(32) }}");
  EXPECT_EQ(run({"render", "--template", path("t.j2"), "--vars", path("v.json"), "--json"}), 0);
  EXPECT_EQ(json::parse(out.str()).at("text").get<std::string>().size(), 32U);
}

TEST_F(ConfigCommandTest, RenderSaysFileAndLine) {
  write("t.j2", "a\n{{ b }}\n");
  write("v.json", "{}");
  EXPECT_EQ(run({"render", "--template", path("t.j2"), "--vars", path("v.json")}), 2);
  EXPECT_EQ(notes.str(), "switchyard: " + path("t.j2") + ":2: Template processing failed: undefined variable 'b'\n");
  EXPECT_EQ(out.str(), "");
  for (const auto& [variables_text, place_of] : {std::pair<std::string, std::string>{"{\"a\": 1,\n}", ":2:1: "},
                                                 {"[1]", ":1:1: "},
                                                 {"", ":1:1: "},
                                                 {"{\"a\" 1}", ":1:6: "}}) {
    write("v.json", variables_text);
    EXPECT_EQ(run({"render", "--template", path("t.j2"), "--vars", path("v.json")}), 2);
    EXPECT_NE(notes.str().find("v.json" + place_of), std::string::npos) << notes.str();
  }
}

TEST_F(ConfigCommandTest, WhatFilesSayReachesNoTerminalRaw) {
  write("deploy/config/servers/api.yaml", "base_config: {\"k\": \"\\e[31mred\"}\n");
  EXPECT_EQ(run_here({"show", "api", "production"}), 0) << notes.str();
  EXPECT_EQ(out.str().find('\x1b'), std::string::npos);
  write("deploy/config/servers/api.yaml", "base_config: {\"\\e[31m\": 1}\n");
  EXPECT_EQ(run_here({"show", "api", "production"}), 2);
  EXPECT_EQ(notes.str().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
