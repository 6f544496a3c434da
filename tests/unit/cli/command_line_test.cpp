#include "cli/command_line.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::cli {
namespace {

using Words = std::vector<std::string>;

template <class T>
T parsed(const Words& words) {
  auto result = parse_command_line(words);
  auto* invocation = std::get_if<Invocation>(&result);
  if (invocation == nullptr) {
    ADD_FAILURE() << std::get<Usage>(result).text;
    return {};
  }
  auto* command = std::get_if<T>(&invocation->command);
  if (command == nullptr) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return *command;
}
ExitStatus usage_of(const Words& words) {
  const auto result = parse_command_line(words);
  const auto* usage = std::get_if<Usage>(&result);
  EXPECT_NE(usage, nullptr) << "was taken";
  return usage == nullptr ? ExitStatus::internal : usage->status;
}

TEST(CommandLine, TakesEveryFlagOfDeployStart) {
  const auto start = parsed<DeployStart>({"deploy", "start", "a.yaml", "--environment", "staging", "--dry-run",
                                          "--no-rollback", "--no-monitoring", "--sequential", "--detach"});
  EXPECT_EQ(start.file, "a.yaml");
  EXPECT_EQ(start.environment, "staging");
  EXPECT_TRUE(start.dry_run && start.no_rollback && start.no_monitoring && start.sequential && start.detach);
}

TEST(CommandLine, OneFileAloneIsDeployStart) {
  EXPECT_EQ(parsed<DeployStart>({"a.yaml"}).file, "a.yaml");
  EXPECT_EQ(parsed<DeployStart>({"dir/manifest"}).file, "dir/manifest");
  EXPECT_EQ(parsed<DeployStart>({"/etc/hostname"}).file, "/etc/hostname");
  const auto start = parsed<DeployStart>({"--verbose", "--dry-run", "a.yaml", "--environment", "staging"});
  EXPECT_TRUE(start.dry_run);
  EXPECT_EQ(start.environment, "staging");
}

TEST(CommandLine, AnOptionsValueIsNotTakenForTheFile) {
  const auto start = parsed<DeployStart>({"--environment", "hosts", "--socket", "deploy", "a.yaml"});
  EXPECT_EQ(start.file, "a.yaml");
  EXPECT_EQ(start.environment, "hosts");
}

TEST(CommandLine, TakesGlobalOptionsAnywhere) {
  for (const Words& words : {Words{"--json", "--verbose", "--socket", "/s", "agents", "token", "create"},
                             Words{"agents", "--json", "token", "--verbose", "create", "--socket", "/s"}}) {
    const auto result = parse_command_line(words);
    ASSERT_TRUE(std::holds_alternative<Invocation>(result));
    const auto& global = std::get<Invocation>(result).global;
    EXPECT_TRUE(global.json && global.verbose);
    EXPECT_EQ(global.socket, "/s");
  }
}

TEST(CommandLine, KnowsEveryVerb) {
  EXPECT_EQ(parsed<PlanShow>({"plan", "a.yaml", "--sequential"}).deployment.sequential, true);
  EXPECT_EQ(parsed<Validate>({"validate", "a.yaml"}).file, "a.yaml");
  EXPECT_EQ(parsed<ConfigShow>({"config", "show", "api", "production"}).config_dir, "deploy/config");
  const auto show = parsed<ConfigShow>({"config", "show", "--config-dir", "c", "api", "production"});
  EXPECT_EQ(show.server + show.environment + show.config_dir, "apiproductionc");
  EXPECT_EQ(parsed<ConfigValidate>({"config", "validate", "--config-dir", "c"}).config_dir, "c");
  EXPECT_EQ(parsed<ConfigList>({"config", "list"}).config_dir, "deploy/config");
  const auto render = parsed<ConfigRender>({"config", "render", "--template", "t.j2", "--vars", "v.json"});
  EXPECT_EQ(render.template_file + render.variables_file, "t.j2v.json");
  EXPECT_EQ(parsed<DeployStatus>({"deploy", "status", "d-1", "--follow"}).follow, true);
  EXPECT_EQ(parsed<DeployList>({"deploy", "list"}).limit, 20u);
  EXPECT_EQ(parsed<DeployList>({"deploy", "list", "--limit", "7"}).limit, 7u);
  EXPECT_EQ(parsed<DeployCancel>({"deploy", "cancel", "d-1", "--reason", "why"}).reason, "why");
  EXPECT_EQ(parsed<DeployResume>({"deploy", "resume", "d-1"}).id, "d-1");
  const auto gone = parsed<DeployResolve>({"deploy", "resolve", "d-1", "--host", "h", "--gone", "--reason", "burnt"});
  EXPECT_EQ(gone.host + gone.reason, "hburnt");
  EXPECT_EQ(parsed<RollbackStatus>({"rollback", "status", "d-2"}).id, "d-2");
  EXPECT_EQ(parsed<RollbackList>({"rollback", "list", "--limit", "3"}).limit, 3u);
  parsed<AgentsList>({"agents", "list"});
  EXPECT_EQ(parsed<AgentsTokenCreate>({"agents", "token", "create", "--host", "web-*"}).host, "web-*");
  EXPECT_TRUE(parsed<AgentsTokenCreate>({"agents", "token", "create", "--host", "web-1", "--new-key"}).new_key);
  EXPECT_EQ(parsed<AgentsRevoke>({"agents", "revoke", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<HostsList>({"hosts", "list", "--all"}).all, true);
  EXPECT_EQ(parsed<HostsReplace>({"hosts", "replace", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<HostsRemove>({"hosts", "remove", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<AuditList>({"audit", "list", "--after", "9"}).after, 9u);
}

TEST(CommandLine, ServersIsTheOldNameOfComponents) {
  const Words expected = {"api", "web"};
  EXPECT_EQ(parsed<RollbackStart>({"rollback", "start", "d-1", "--servers", "api,web"}).components, expected);
  EXPECT_EQ(parsed<RollbackStart>({"rollback", "start", "d-1", "--components", "api,web"}).components, expected);
  EXPECT_TRUE(parsed<RollbackStart>({"rollback", "start", "d-1"}).components.empty());
}

TEST(CommandLine, TakesLabelsAsPairs) {
  const auto add = parsed<HostsAdd>({"hosts", "add", "web-1", "--label", "zone=a", "--label", "note=a=b"});
  EXPECT_EQ(add.labels, (std::map<std::string, std::string>{{"zone", "a"}, {"note", "a=b"}}));
  EXPECT_EQ(usage_of({"hosts", "add", "web-1", "--label", "zone"}), ExitStatus::bad_input);
}

TEST(CommandLine, WrongUsageHasItsOwnStatus) {
  for (const Words& words : {Words{}, Words{"deploy"}, Words{"dploy", "list"}, Words{"deploy", "start"},
                             Words{"deploy", "list", "--limit", "0"}, Words{"deploy", "list", "--limit", "x"},
                             Words{"deploy", "list", "extra"}, Words{"deploy", "status"},
                             Words{"deploy", "resolve", "d-1", "--host", "h", "--reason", "r"}, Words{"--unknown"},
                             Words{"--socket", "/s", "--url", "http://x", "hosts", "list"}, Words{"agents", "token"}}) {
    EXPECT_EQ(usage_of(words), ExitStatus::bad_input);
  }
}

std::string message_of(const Words& words) {
  const auto result = parse_command_line(words);
  const auto* usage = std::get_if<Usage>(&result);
  EXPECT_NE(usage, nullptr) << "was taken";
  return usage == nullptr ? std::string() : usage->text;
}

TEST(CommandLine, NamesTheWordThatIsNoCommandAndTheNearestOne) {
  EXPECT_EQ(message_of({"dploy", "list"}),
            "switchyard: `dploy` is no command, and no file that could be deployed; did you mean `deploy`?\n"
            "More: switchyard --help\n");
  EXPECT_NE(message_of({"--socket", "/s", "deploy", "lst"})
                .find("`lst` is no command of `switchyard deploy`; did you "
                      "mean `list`?"),
            std::string::npos);
  EXPECT_NE(message_of({"deploy", "bogus"})
                .find("`bogus` is no command of `switchyard deploy`; there are: start, "
                      "status, list, cancel, resume, promote, resolve"),
            std::string::npos);
  EXPECT_NE(message_of({"agents", "token", "crate"})
                .find("`crate` is no command of `switchyard agents token`; did you "
                      "mean `create`?"),
            std::string::npos);
  EXPECT_NE(message_of({"nonsense"}).find("`nonsense` is no command"), std::string::npos);
  EXPECT_EQ(message_of({"\x1b[2Jx"}).find('\x1b'), std::string::npos);
}

TEST(CommandLine, SaysWhichWordIsMissingAndWhereHelpIs) {
  EXPECT_EQ(message_of({"deploy"}),
            "switchyard: `switchyard deploy` needs one more word that says what to do: start, status, list, cancel, "
            "resume, promote, resolve\nMore: switchyard deploy --help\n");
  EXPECT_EQ(message_of({"deploy", "list", "--limit", "x"}).find("switchyard: --limit"), 0u);
  EXPECT_NE(message_of({"deploy", "list", "--limit", "x"}).find("More: switchyard deploy list --help"),
            std::string::npos);
  EXPECT_NE(message_of({}).find("deploy, rollback, status, agents, hosts, audit, plan, validate"), std::string::npos);
}

TEST(CommandLine, AWordThatIsNoCommandIsNoHelp) {
  EXPECT_EQ(usage_of({"bogus", "--help"}), ExitStatus::bad_input);
  EXPECT_EQ(usage_of({"deploy", "bogus", "--help"}), ExitStatus::bad_input);
}

TEST(CommandLine, AnEmptyWordIsRefusedAndItsPlaceNamed) {
  EXPECT_EQ(message_of({"deploy", "status", ""}),
            "switchyard: the word after `status` is empty; is a variable of your script not set?\n"
            "More: switchyard deploy status --help\n");
  EXPECT_NE(message_of({"deploy", "start", "a.yaml", "--environment", ""}).find("after `--environment`"),
            std::string::npos);
  EXPECT_EQ(parsed<DeployCancel>({"deploy", "cancel", "d-1", "--reason", ""}).reason, "");
}

TEST(CommandLine, HelpAndVersionAreNoFailure) {
  EXPECT_EQ(usage_of({"--help"}), ExitStatus::done);
  EXPECT_EQ(usage_of({"deploy", "start", "--help"}), ExitStatus::done);
  EXPECT_EQ(usage_of({"--version"}), ExitStatus::done);
  EXPECT_NE(std::get<Usage>(parse_command_line({"--help"})).text.find("Exit status"), std::string::npos);
}

RC_GTEST_PROP(CommandLine, NoWordsBreakIt, (const Words& words)) {
  const auto result = parse_command_line(words);
  RC_ASSERT(result.index() < 2u);
}

}  // namespace
}  // namespace switchyard::cli
