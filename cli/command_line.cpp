#include "cli/command_line.hpp"

// The only file that includes CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>

#include "cli/printable.hpp"
#include "common/limits.hpp"
#include "common/nearest.hpp"

namespace switchyard::cli {
namespace {

constexpr const char* footer = R"(
`switchyard FILE` is short for `switchyard deploy start FILE`. --json, --verbose, --socket, --url and --token-file may
stand anywhere.

Exit status: 0 done, 1 internal error, 2 bad input or usage, 3 failed and rolled back, 4 stuck, paused or unknown,
5 coordinator unreachable, 6 refused (permission, conflict, or a host that does not answer), 130 interrupted (a started
deployment goes on).

Environment: SWITCHYARD_SOCKET, SWITCHYARD_URL, SWITCHYARD_TOKEN_FILE stand for the options of these names; NO_COLOR
turns colours off.)";

constexpr std::array verbs = {"deploy",    "plan",   "rollback", "status",   "agents", "hosts",   "audit",
                              "approvals", "tokens", "totp",     "validate", "config", "recover", "keys"};
constexpr std::array options_with_value = {"--socket", "--url", "--token-file", "--environment", "--plan"};

/// Adds the verbs to the parser; each leaves its options in `command` when it was the one.
class Grammar {
 public:
  Grammar() : app_("Deploys multi-service releases to fleets of plain Linux hosts.", "switchyard") {
    app_.set_version_flag("--version", "switchyard " SWITCHYARD_VERSION);
    app_.footer(footer);
    app_.require_subcommand(1);
    app_.add_flag("--verbose", invocation.global.verbose, "Say more");
    app_.add_flag("--json", invocation.global.json, "Answer in JSON on standard output");
    CLI::Option* socket = app_.add_option("--socket", invocation.global.socket, "The coordinator's unix socket");
    app_.add_option("--url", invocation.global.url, "The coordinator's address in place of the socket")
        ->excludes(socket);
    app_.add_option("--token-file", invocation.global.token_file, "File with the bearer token for --url");
    add_deploy();
    add_rollback();
    add_fleet();
    add_offline();
    add_config();
    add_access();
    add_recover();
    add_keys();
  }

  CLI::App& app() { return app_; }
  Invocation invocation;

 private:
  CLI::App* group(const char* name, const char* what) {
    CLI::App* made = app_.add_subcommand(name, what);
    made->require_subcommand(1);
    made->fallthrough();
    return made;
  }
  /// A verb whose options are a T; they are taken when it was called.
  template <class T>
  CLI::App* verb(CLI::App* parent, const char* name, const char* what, std::shared_ptr<T> options) {
    CLI::App* made = parent->add_subcommand(name, what);
    made->fallthrough();
    made->callback([this, options] { invocation.command = *options; });
    return made;
  }

  static void add_deploy_options(CLI::App* app, DeployStart& options) {
    app->add_option("FILE", options.file, "The deployment manifest")->required();
    app->add_option("--environment", options.environment, "In place of the manifest's own");
    app->add_flag("--no-rollback", options.no_rollback, "Upon a failure hold still and wait for a person");
    app->add_flag("--no-monitoring", options.no_monitoring, "No watch window before the commit");
    app->add_flag("--sequential", options.sequential, "One component at a time");
  }

  void add_deploy() {
    CLI::App* deploy = group("deploy", "Start, watch and steer deployments");

    auto start = std::make_shared<DeployStart>();
    CLI::App* app = verb(deploy, "start", "Upload what is missing, deploy, and watch until the end", start);
    add_deploy_options(app, *start);
    app->add_option("--plan", start->plan_hash, "Only if it still does what the plan with this hash showed");
    app->add_flag("--dry-run", start->dry_run, "Only show the plan; stores the artifacts, touches no host");
    app->add_flag("--detach", start->detach, "Do not watch: print the deployment's id and end");
    app->add_flag("--wait-approval", start->wait_approval, "If it has to be approved, wait for that, and watch on");

    auto status = std::make_shared<DeployStatus>();
    app = verb(deploy, "status", "Show one deployment", status);
    app->add_option("ID", status->id, "The deployment")->required();
    app->add_flag("--follow", status->follow, "Watch it until its end");

    auto list = std::make_shared<DeployList>();
    app = verb(deploy, "list", "Show the newest deployments", list);
    add_limit(app, list->limit);

    auto cancel = std::make_shared<DeployCancel>();
    app = verb(deploy, "cancel", "Undo a deployment that is not committed yet, and watch until the end", cancel);
    app->add_option("ID", cancel->id, "The deployment")->required();
    app->add_option("--reason", cancel->reason, "Why; kept in the audit chain");
    app->add_flag("--detach", cancel->detach, "Do not watch");

    auto resume = std::make_shared<DeployResume>();
    app = verb(deploy, "resume", "Try again what failed in a paused deployment", resume);
    app->add_option("ID", resume->id, "The deployment")->required();
    app->add_flag("--detach", resume->detach, "Do not watch");

    auto promote = std::make_shared<DeployPromote>();
    app = verb(deploy, "promote", "Let a canary, or a batch that is being watched, go on at once", promote);
    app->add_option("ID", promote->id, "The deployment")->required();
    app->add_option("--share", promote->share, "Only while this share of a canary rests, in percent")
        ->check(CLI::Range(1, 99));
    app->add_flag("--detach", promote->detach, "Do not watch");

    auto resolve = std::make_shared<DeployResolve>();
    app =
        verb(deploy, "resolve", "Declare that a host is gone, so that a stuck deployment can end without it", resolve);
    app->add_option("ID", resolve->id, "The deployment")->required();
    app->add_option("--host", resolve->host, "The host")->required();
    app->add_flag("--gone", resolve->gone, "The host will not come back as it was")->required();
    app->add_option("--reason", resolve->reason, "Why; kept in the audit chain")->required();
  }

  void add_rollback() {
    CLI::App* rollback = group("rollback", "Bring back what ran before a deployment");

    auto start = std::make_shared<RollbackStart>();
    CLI::App* app = verb(rollback, "start", "Roll a finished deployment back, and watch until the end", start);
    app->add_option("ID", start->id, "The deployment to undo")->required();
    app->add_option("--components,--servers", start->components, "Only these: a,b")->delimiter(',');
    app->add_option("--without", start->without, "Hosts that do not answer: a,b; they follow when they are back")
        ->delimiter(',');
    app->add_flag("--to-nothing", start->to_nothing, "Take services away where nothing ran before");
    app->add_option("--reason", start->reason, "Why; kept in the audit chain");
    app->add_flag("--detach", start->detach, "Do not watch: print the rollback's id and end");
    app->add_flag("--wait-approval", start->wait_approval, "If it has to be approved, wait for that, and watch on");

    auto status = std::make_shared<RollbackStatus>();
    app = verb(rollback, "status", "Show one rollback", status);
    app->add_option("ID", status->id, "The rollback")->required();
    app->add_flag("--follow", status->follow, "Watch it until its end");

    auto list = std::make_shared<RollbackList>();
    app = verb(rollback, "list", "Show the newest rollbacks", list);
    add_limit(app, list->limit);
  }

  void add_fleet() {
    verb(&app_, "status", "Show which release of each component serves on which host",
         std::make_shared<ServingStatus>());
    CLI::App* agents = group("agents", "The agents on the hosts");
    verb(agents, "list", "Show the enrolled agents", std::make_shared<AgentsList>());
    CLI::App* token = agents->add_subcommand("token", "Rights to enrol");
    token->require_subcommand(1);
    token->fallthrough();
    auto create = std::make_shared<AgentsTokenCreate>();
    CLI::App* app = verb(token, "create", "Print one string that enrols one agent within ten minutes", create);
    CLI::Option* name = app->add_option("--host", create->host, "The only name that it enrols, or prefix-*");
    app->add_flag("--new-key", create->new_key, "The host is enrolled: the string gives it a new key")->needs(name);
    auto revoke = std::make_shared<AgentsRevoke>();
    app = verb(agents, "revoke", "Take no more notice of a host's agent key", revoke);
    app->add_option("HOST", revoke->host, "The host")->required();

    CLI::App* hosts = group("hosts", "The hosts of the fleet");
    auto list = std::make_shared<HostsList>();
    app = verb(hosts, "list", "Show the hosts", list);
    app->add_flag("--all", list->all, "Removed ones too");
    auto add = std::make_shared<HostsAdd>();
    app = verb(hosts, "add", "Make a host known by name before its agent is enrolled", add);
    app->add_option("HOST", add->host, "Its name")->required();
    app->add_option_function<std::vector<std::string>>(
           "--label", [add](const std::vector<std::string>& labels) { take_labels(labels, *add); },
           "key=value; may be given more than once")
        ->take_all();
    auto replace = std::make_shared<HostsReplace>();
    app = verb(hosts, "replace", "Let a new machine take a host's name; prints the string that enrols it", replace);
    app->add_option("HOST", replace->host, "The host")->required();
    auto remove = std::make_shared<HostsRemove>();
    app = verb(hosts, "remove", "Remove a host from the fleet; what runs there goes on running", remove);
    app->add_option("HOST", remove->host, "The host")->required();

    CLI::App* audit = group("audit", "Who did what to what, when and why");
    auto entries = std::make_shared<AuditList>();
    app = verb(audit, "list", "Show the newest entries of the audit chain, oldest of them first", entries);
    app->add_option("--after", entries->after, "From the entry after this number on, instead of the newest");
    add_limit(app, entries->limit);
    auto check = std::make_shared<AuditVerify>();
    app = verb(audit, "verify", "Compute the whole chain anew, and name the first row that does not fit", check);
    app->add_option("--head", check->head, "A head that was noted earlier: it must be in the chain");
    verb(audit, "export", "Print every row as one line of JSON; with --json all of them as one list",
         std::make_shared<AuditExportAll>());
  }

  void add_decision(CLI::App* approvals, const char* name, const char* what, bool grant) {
    auto decide = std::make_shared<ApprovalsDecide>();
    decide->grant = grant;
    CLI::App* app = verb(approvals, name, what, decide);
    app->add_option("ID", decide->id, "The deployment")->required();
    app->add_option("--plan", decide->plan, "Only if the plan that waits has this hash");
    app->add_option("--reason", decide->reason, "Why; kept in the audit chain");
    app->add_option("--totp", decide->totp, "The code of your authenticator app");
  }

  void add_access() {
    CLI::App* approvals = group("approvals", "Deployments that wait for somebody's approval");
    auto waiting = std::make_shared<ApprovalsList>();
    CLI::App* shown = verb(approvals, "list", "Show what waits for approval", waiting);
    shown->add_flag("--all", waiting->all, "Decided and expired ones too");
    add_limit(shown, waiting->limit);
    auto show = std::make_shared<ApprovalsShow>();
    shown = verb(approvals, "show", "Show one with its plan", show);
    shown->add_option("ID", show->id, "The deployment")->required();
    add_decision(approvals, "approve", "Let exactly this plan be carried out; the last that is needed starts it", true);
    add_decision(approvals, "reject", "Refuse it: the deployment is over, and has changed nothing", false);

    CLI::App* totp = group("totp", "Codes of an authenticator app, for approvals");
    auto enrol = std::make_shared<TotpEnrol>();
    CLI::App* enrolling = verb(totp, "enrol", "Print what your authenticator app reads, once", enrol);
    enrolling->add_option("--totp", enrol->totp, "A code of the app that this one replaces");
    auto reset = std::make_shared<TotpReset>();
    verb(totp, "reset", "Take somebody else's lost app away", reset)
        ->add_option("PERSON", reset->person, "Whose")
        ->required();

    CLI::App* tokens = group("tokens", "Who may use the API, and for what");
    auto create = std::make_shared<TokensCreate>();
    CLI::App* app = verb(tokens, "create", "Print one bearer token for a person or a machine", create);
    app->add_option("--name", create->name, "Whose it is; tokens of one name are one person's")->required();
    app->add_option("--kind", create->kind, "person, ci (a job) or ai (an assistant)")
        ->check(CLI::IsMember({"person", "ci", "ai"}))
        ->capture_default_str();
    app->add_option("--role", create->role, "viewer, operator, approver or admin")
        ->check(CLI::IsMember({"viewer", "operator", "approver", "admin"}))
        ->required();
    app->add_option("--environment", create->environment, "Where; `*` is everywhere, and the fleet itself")->required();
    app->add_option("--expires", create->expires, "How long it is good: 30d, 12h, 45m; 90 days if not given");
    auto list = std::make_shared<TokensList>();
    app = verb(tokens, "list", "Show the tokens that are good", list);
    app->add_flag("--all", list->all, "Revoked and expired ones too");
    auto revoke = std::make_shared<TokensRevoke>();
    app = verb(tokens, "revoke", "Refuse a token from now on", revoke);
    app->add_option("ID", revoke->id, "The token, as `tokens list` and the audit call it")->required();
  }

  void add_recover() {
    auto recover = std::make_shared<Recover>();
    CLI::App* app =
        verb(&app_, "recover", "Take in what the hosts know, after an old copy of the store was restored", recover);
    app->add_option("--without", recover->without, "A host that is gone; may be given more than once")->take_all();
    app->add_option("--reason", recover->reason, "What happened; kept in the audit chain")->required();
  }

  void add_keys() {
    CLI::App* keys = group("keys", "The coordinator's own keys, by which every agent knows it");
    verb(keys, "show", "Show the keys in force, the next ones, and which hosts know them",
         std::make_shared<KeysShow>());
    auto renew = std::make_shared<KeysRenew>();
    CLI::App* app = verb(keys, "renew", "Put new keys in the place of both, when every host knows them", renew);
    app->add_option("--without", renew->without, "Hosts that are not waited for: a,b; they must be enrolled anew")
        ->delimiter(',');
    app->add_option("--reason", renew->reason, "Why; kept in the audit chain")->required();
  }

  void add_offline() {
    auto plan = std::make_shared<PlanShow>();
    CLI::App* app = verb(&app_, "plan", "Show what a deployment would do: stores its artifacts, touches no host", plan);
    add_deploy_options(app, plan->deployment);
    auto validate = std::make_shared<Validate>();
    app = verb(&app_, "validate", "Check a manifest; needs no coordinator", validate);
    app->add_option("FILE", validate->file, "The deployment manifest")->required();
  }

  void add_config() {
    CLI::App* config = group("config", "Environments and servers: what is configured; needs no coordinator");
    auto show = std::make_shared<ConfigShow>();
    CLI::App* app = verb(config, "show", "Show what is configured for a server, and where it comes from", show);
    app->add_option("SERVER", show->server, "The server")->required();
    app->add_option("ENVIRONMENT", show->environment, "The environment")->required();
    add_config_dir(app, show->config_dir);
    auto check = std::make_shared<ConfigValidate>();
    app = verb(config, "validate", "Check every file, and every server in every environment", check);
    add_config_dir(app, check->config_dir);
    auto list = std::make_shared<ConfigList>();
    app = verb(config, "list", "Show environments, servers, deployments and health checks", list);
    add_config_dir(app, list->config_dir);
    auto render = std::make_shared<ConfigRender>();
    app = verb(config, "render", "Render one Jinja2 template to standard output", render);
    app->add_option("--template", render->template_file, "The template")->required();
    app->add_option("--vars", render->variables_file, "Its variables: a JSON object")->required();
  }

  static void add_config_dir(CLI::App* app, std::string& directory) {
    app->add_option("--config-dir", directory,
                    "Has environments/ and servers/; deployments/ and health-checks/ are beside it")
        ->capture_default_str();
  }

  static void add_limit(CLI::App* app, std::size_t& limit) {
    app->add_option("--limit", limit, "At most this many")
        ->check(CLI::Range(std::size_t{1}, limits::api_list_max))
        ->capture_default_str();
  }

  static void take_labels(const std::vector<std::string>& labels, HostsAdd& add) {
    for (const std::string& label : labels) {
      const std::size_t equals = label.find('=');
      if (equals == 0 || equals == std::string::npos) throw CLI::ValidationError("--label", "write it as key=value");
      add.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
  }

  CLI::App app_;
};

/// The words below a group of verbs, or the top.
std::vector<std::string> names_below(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::string word_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// The verb that the words lead to, and what is wrong with them: a word that is no verb where one must stand, or none
/// where one must. Said here because CLI11 would only say that a verb is missing.
struct VerbFound {
  std::string path = "switchyard";  ///< as a person writes it: switchyard deploy start
  std::string trouble;
};
VerbFound find_verb(const CLI::App& top, const std::vector<std::string>& arguments) {
  const CLI::App* group = &top;
  VerbFound verb;
  bool asks_for_help = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word.starts_with("-")) {
      asks_for_help = asks_for_help || word == "--help" || word == "-h" || word == "--version";
      const bool takes_next =
          std::find(options_with_value.begin(), options_with_value.end(), word) != options_with_value.end();
      if (takes_next) ++i;
      continue;
    }
    const std::vector<std::string> names = names_below(*group);
    if (names.empty()) break;  // operands from here on
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      const std::vector<std::string_view> known(names.begin(), names.end());
      const std::string where = group == &top ? ", and no file that could be deployed" : " of `" + verb.path + "`";
      const std::string guess = did_you_mean(word, known);
      verb.trouble = "`" + printable(word) + "` is no command" + where +
                     (guess.empty() ? "; there are: " + word_list(names) : guess);
      return verb;
    }
    group = group->get_subcommand(word);
    verb.path += " " + word;
  }
  const std::vector<std::string> names = names_below(*group);
  if (!names.empty() && !asks_for_help) {
    verb.trouble = "`" + verb.path + "` needs one more word that says what to do: " + word_list(names);
  }
  return verb;
}

/// A word that is there, and empty: a script whose variable was not set. Only a reason may be left empty so.
std::optional<std::string> empty_word(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].empty() || (i > 0 && arguments[i - 1] == "--reason")) continue;
    const std::string before = i == 0 ? "" : " after `" + printable(arguments[i - 1]) + "`";
    return "the word" + before + " is empty; is a variable of your script not set?";
  }
  return std::nullopt;
}

Usage wrong_usage(const std::string& message, const std::string& verb) {
  return {ExitStatus::bad_input, "switchyard: " + message + "\nMore: " + verb + " --help\n"};
}

/// The index of the first word that is neither an option nor an option's value.
std::optional<std::size_t> first_word(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") return std::nullopt;
    if (!argument.starts_with("-")) return i;
    const bool takes_next =
        std::find(options_with_value.begin(), options_with_value.end(), argument) != options_with_value.end();
    if (takes_next) ++i;
  }
  return std::nullopt;
}

/// `switchyard FILE …` is `switchyard deploy start FILE …`. A word is a file if it looks like one or exists.
bool is_short_form(const std::vector<std::string>& arguments) {
  const std::optional<std::size_t> at = first_word(arguments);
  if (!at) return false;
  const std::string& word = arguments[*at];
  if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) return false;
  std::error_code ignored;
  return word.find('/') != std::string::npos || word.ends_with(".yaml") || word.ends_with(".yml") ||
         std::filesystem::is_regular_file(word, ignored);
}

}  // namespace

std::variant<Invocation, Usage> parse_command_line(std::vector<std::string> arguments) {
  if (is_short_form(arguments)) arguments.insert(arguments.begin(), {"deploy", "start"});
  Grammar grammar;
  const VerbFound verb = find_verb(grammar.app(), arguments);
  if (auto message = empty_word(arguments)) return wrong_usage(*message, verb.path);
  if (!verb.trouble.empty()) return wrong_usage(verb.trouble, verb.path);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    grammar.app().parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream text;
    const int status = grammar.app().exit(error, text, text);
    if (status == 0) return Usage{ExitStatus::done, text.str()};
    return wrong_usage(printable_lines(error.what()), verb.path);
  }
  return grammar.invocation;
}

}  // namespace switchyard::cli
