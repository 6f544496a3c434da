#include "cli/command_line.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "tests/support/source_tree.hpp"

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
  EXPECT_TRUE(start.no_rollback && start.no_monitoring && start.sequential && start.detach);
}

TEST(CommandLine, TakesAStrategyForWhateverIsDeployed) {
  EXPECT_EQ(parsed<DeployStart>({"deploy", "start", "a.yaml", "--strategy", "rolling"}).strategy, "rolling");
  EXPECT_EQ(parsed<DeployStart>({"--strategy", "canary", "a.yaml"}).strategy, "canary");
  EXPECT_EQ(parsed<PlanShow>({"plan", "a.yaml", "--strategy", "recreate"}).deployment.strategy, "recreate");
  EXPECT_EQ(parsed<DeploySimulate>({"deploy", "simulate", "a.yaml", "--strategy", "blue-green"}).deployment.strategy,
            "blue-green");
  EXPECT_EQ(parsed<DeployStart>({"a.yaml"}).strategy, "");
  EXPECT_EQ(usage_of({"plan", "a.yaml", "--strategy", "graceful"}), ExitStatus::bad_input) << "that is a rollback's";
}

TEST(CommandLine, LeavesMigrationsOutOfWhateverIsDeployed) {
  EXPECT_TRUE(parsed<DeployStart>({"deploy", "start", "a.yaml", "--no-migrations"}).no_migrations);
  EXPECT_TRUE(parsed<DeployStart>({"--no-migrations", "a.yaml"}).no_migrations);
  EXPECT_TRUE(parsed<PlanShow>({"plan", "a.yaml", "--no-migrations"}).deployment.no_migrations);
  EXPECT_TRUE(parsed<DeploySimulate>({"deploy", "simulate", "a.yaml", "--no-migrations"}).deployment.no_migrations);
  EXPECT_FALSE(parsed<DeployStart>({"a.yaml"}).no_migrations);
  EXPECT_EQ(usage_of({"rollback", "start", "d-1", "--no-migrations"}), ExitStatus::bad_input) << "a rollback runs none";
}

TEST(CommandLine, OneFileAloneIsDeployStart) {
  EXPECT_EQ(parsed<DeployStart>({"a.yaml"}).file, "a.yaml");
  EXPECT_EQ(parsed<DeployStart>({"dir/manifest"}).file, "dir/manifest");
  EXPECT_EQ(parsed<DeployStart>({"/etc/hostname"}).file, "/etc/hostname");
  const auto start = parsed<DeployStart>({"--verbose", "--dry-run", "a.yaml", "--environment", "staging"});
  EXPECT_EQ(start.environment, "staging");
}

TEST(CommandLine, TakesDryRunOnlyWhereSomethingWouldChange) {
  const auto rehearsed = [](const Words& words) {
    const auto result = parse_command_line(words);
    const auto* invocation = std::get_if<Invocation>(&result);
    return invocation != nullptr && invocation->global.dry_run;
  };
  EXPECT_TRUE(rehearsed({"deploy", "start", "a.yaml", "--dry-run"}));
  EXPECT_TRUE(rehearsed({"--dry-run", "a.yaml"}));
  EXPECT_TRUE(rehearsed({"deploy", "abandon", "d-1", "--dry-run"}));
  EXPECT_TRUE(rehearsed({"hosts", "remove", "--dry-run", "web-1"}));
  EXPECT_TRUE(rehearsed({"snapshot", "restore", "s-1", "--reason", "r", "--dry-run"}));
  EXPECT_FALSE(rehearsed({"hosts", "remove", "web-1"}));
  EXPECT_EQ(usage_of({"hosts", "list", "--dry-run"}), ExitStatus::bad_input);
  EXPECT_EQ(usage_of({"deploy", "status", "d-1", "--dry-run"}), ExitStatus::bad_input);
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
  EXPECT_TRUE(parsed<PlanShow>({"plan", "a.yaml", "--dot"}).dot);
  EXPECT_EQ(parsed<PlanShow>({"plan", "a.yaml", "--components", "a,b"}).deployment.components, Words({"a", "b"}));
  const auto simulate =
      parsed<DeploySimulate>({"deploy", "simulate", "a.yaml", "--fail", "h1/start x", "--servers", "a"});
  EXPECT_EQ(simulate.fail, "h1/start x");
  EXPECT_EQ(simulate.deployment.components, Words({"a"}));
  EXPECT_EQ(parsed<DeployStart>({"--override-freeze", "down", "a.yaml"}).override_freeze, "down");
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
  EXPECT_EQ(parsed<DeployCancel>({"deploy", "abandon", "d-1"}).id, "d-1");
  EXPECT_EQ(parsed<DeployHold>({"deploy", "hold", "d-1", "--reason", "why"}).reason, "why");
  EXPECT_EQ(parsed<DeployResume>({"deploy", "resume", "d-1"}).id, "d-1");
  const auto gone = parsed<DeployResolve>({"deploy", "resolve", "d-1", "--host", "h", "--gone", "--reason", "burnt"});
  EXPECT_EQ(gone.host + gone.reason, "hburnt");
  EXPECT_EQ(parsed<RollbackStatus>({"rollback", "status", "d-2"}).id, "d-2");
  EXPECT_EQ(parsed<RollbackList>({"rollback", "list", "--limit", "3"}).limit, 3u);
  EXPECT_EQ(parsed<SnapshotCreate>({"snapshot", "create", "--environment", "e", "--name", "shop"}).name, "shop");
  EXPECT_EQ(parsed<SnapshotList>({"snapshot", "list", "--environment", "e"}).environment, "e");
  EXPECT_EQ(parsed<SnapshotShow>({"snapshot", "show", "s-1"}).id, "s-1");
  EXPECT_FALSE(parsed<SnapshotShow>({"snapshot", "show", "s-1"}).schemas);
  EXPECT_TRUE(parsed<SnapshotShow>({"snapshot", "show", "s-1", "--schemas"}).schemas);
  const auto restore = parsed<SnapshotRestore>({"snapshot", "restore", "s-1", "--reason", "why", "--detach"});
  EXPECT_EQ(restore.id + restore.reason, "s-1why");
  EXPECT_TRUE(restore.detach && !restore.wait_approval);
  EXPECT_EQ(parsed<SnapshotRm>({"snapshot", "rm", "s-1"}).id, "s-1");
  parsed<AgentsList>({"agents", "list"});
  EXPECT_EQ(parsed<AgentsTokenCreate>({"agents", "token", "create", "--host", "web-*"}).host, "web-*");
  EXPECT_TRUE(parsed<AgentsTokenCreate>({"agents", "token", "create", "--host", "web-1", "--new-key"}).new_key);
  EXPECT_EQ(parsed<AgentsRevoke>({"agents", "revoke", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<HostsList>({"hosts", "list", "--all"}).all, true);
  EXPECT_EQ(parsed<HostsReplace>({"hosts", "replace", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<HostsRemove>({"hosts", "remove", "web-1"}).host, "web-1");
  EXPECT_EQ(parsed<AuditList>({"audit", "list", "--after", "9"}).after, 9u);
}

/// Below the words, as `--help` lists them: a verb, and after commas its other names.
Words words_below(Words path) {
  path.emplace_back("--help");
  const auto result = parse_command_line(path);
  const auto* usage = std::get_if<Usage>(&result);
  if (usage == nullptr) return {};
  Words names;
  std::istringstream lines(usage->text);
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(" ")) listed = line == "Subcommands:";
    const bool named = listed && line.size() > 2 && line.starts_with("  ") && line[2] != ' ';
    if (!named) continue;
    std::istringstream rest(line);
    for (std::string word; rest >> word;) {
      const bool more = word.ends_with(",");
      names.push_back(more ? word.substr(0, word.size() - 1) : word);
      if (!more) break;
    }
  }
  return names;
}
/// Every verb of the parser that can be called, with the words before it: `agents token create`.
void collect_verbs(const Words& path, Words& verbs) {
  const Words below = words_below(path);
  if (below.empty()) {
    std::string verb;
    for (const std::string& word : path) verb += (verb.empty() ? "" : " ") + word;
    verbs.push_back(verb);
  }
  for (const std::string& word : below) {
    Words longer = path;
    longer.push_back(word);
    collect_verbs(longer, verbs);
  }
}
/// What a piece of code in the documentation names, at any length: `tokens create\|list` is `tokens`, `tokens create`
/// and `tokens list`. Operands and options are none of it.
std::set<std::string> named_by(const std::string& code) {
  std::set<std::string> named;
  Words paths = {""};
  std::istringstream words(code);
  for (std::string word; words >> word;) {
    std::erase(word, '\\');
    const bool verb = std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '|'; });
    if (!verb) break;
    Words longer;
    std::istringstream choices(word);
    for (std::string choice; std::getline(choices, choice, '|');) {
      for (const std::string& path : paths) longer.push_back(path + (path.empty() ? "" : " ") + choice);
    }
    named.insert(longer.begin(), longer.end());
    paths = longer;
  }
  return named;
}

TEST(CommandLine, EveryVerbIsInTheOperationsManual) {
  Words verbs;
  collect_verbs({}, verbs);
  ASSERT_GT(verbs.size(), 40u) << "the help is not read as it should be";
  EXPECT_EQ(std::count(verbs.begin(), verbs.end(), "agents token create"), 1);
  EXPECT_EQ(std::count(verbs.begin(), verbs.end(), "deploy abandon"), 1) << "another name of deploy cancel";
  std::ifstream file(testing::source_tree() / "docs/operations.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> named;
  for (std::size_t open = text.find('`'); open != std::string::npos;) {
    const std::size_t close = text.find('`', open + 1);
    if (close == std::string::npos) break;
    named.merge(named_by(text.substr(open + 1, close - open - 1)));
    open = text.find('`', close + 1);
  }
  for (const std::string& verb : verbs) EXPECT_TRUE(named.contains(verb)) << verb;
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
                .find("`bogus` is no command of `switchyard deploy`; there are: start, simulate, "
                      "status, list, cancel, abandon, hold, resume, promote, resolve"),
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
            "switchyard: `switchyard deploy` needs one more word that says what to do: start, simulate, status, list, "
            "cancel, abandon, hold, "
            "resume, promote, resolve\nMore: switchyard deploy --help\n");
  EXPECT_EQ(message_of({"deploy", "list", "--limit", "x"}).find("switchyard: --limit"), 0u);
  EXPECT_NE(message_of({"deploy", "list", "--limit", "x"}).find("More: switchyard deploy list --help"),
            std::string::npos);
  EXPECT_NE(message_of({}).find("deploy, rollback, snapshot, status, "), std::string::npos);
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
