#include "cli/command_line.hpp"

// The only file that includes CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>

#include "common/limits.hpp"
#include "common/nearest.hpp"
#include "common/printable.hpp"

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

constexpr std::array verbs = {"deploy",   "plan",   "rollback",  "snapshot", "status",  "agents",
                              "hosts",    "audit",  "approvals", "tokens",   "secrets", "totp",
                              "validate", "config", "recover",   "keys",     "health"};
constexpr std::array options_with_value = {
    "--socket",          "--url",  "--token-file", "--environment", "--plan",      "--components", "--servers",
    "--override-freeze", "--fail", "--wait",       "--config-dir",  "--run-tests", "--strategy",   "--backup-dir"};

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
    add_snapshot();
    add_fleet();
    add_offline();
    add_config();
    add_access();
    add_secrets();
    add_recover();
    add_keys();
    add_health();
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

  /// For whatever changes something.
  CLI::App* may_rehearse(CLI::App* app) {
    app->add_flag("--dry-run", invocation.global.dry_run, "Check everything, say what would happen, change nothing");
    return app;
  }

  /// For whatever one deployment at a time may do.
  static void may_wait(CLI::App* app, unsigned& seconds) {
    app->add_option("--wait", seconds, "If another deployment holds a component, wait for its end; in seconds")
        ->check(CLI::Range(1, 86'400));
  }

  static void add_deploy_options(CLI::App* app, DeployStart& options) {
    app->add_option("FILE", options.file, "The deployment manifest")->required();
    app->add_option("--environment", options.environment, "In place of the manifest's own");
    app->add_flag("--no-rollback", options.no_rollback, "Upon a failure hold still and wait for a person");
    app->add_flag("--no-monitoring", options.no_monitoring, "No watch window before the commit");
    app->add_option("--run-tests", options.run_tests, "In place of the manifest's own: none, smoke, e2e or full")
        ->check(CLI::IsMember({"none", "smoke", "e2e", "full"}));
    app->add_option("--strategy", options.strategy,
                    "Of all components, in place of the manifest's own: blue-green, rolling, canary or recreate")
        ->check(CLI::IsMember({"blue-green", "rolling", "canary", "recreate"}));
    app->add_flag("--no-migrations", options.no_migrations, "Leave out the commands that migrate a database");
    app->add_flag("--sequential", options.sequential, "One component at a time");
    app->add_option("--components,--servers", options.components, "Only these, and what they need must serve: a,b")
        ->delimiter(',');
    app->add_option("--config-dir", options.config_dir,
                    "What components are configured with, and the environment's limits and policies; deploy/config");
  }

  static constexpr const char* whose_checks = "Whose they are; may be left out where there is only one environment";

  void add_health() {
    CLI::App* health = group("health", "Health checks that are known by name, run when you ask");

    auto made = std::make_shared<HealthRegister>();
    CLI::App* app = verb(health, "register", "Make the checks of a file known, in place of those of their names", made);
    may_rehearse(app)->add_option("FILE", made->file, "A file of health checks")->required();
    app->add_option("--environment", made->environment, whose_checks);

    auto run = std::make_shared<HealthRun>();
    app = verb(health, "run", "Run checks on the hosts where they belong, and judge what they say", run);
    may_rehearse(app)->add_option("NAME", run->names, "Checks by name");
    app->add_flag("--all", run->all, "All that are registered in the environment");
    app->add_option("--tags", run->tags, "Those that have one of these tags: a,b")->delimiter(',');
    app->add_option("--environment", run->environment, whose_checks);
    app->add_option("--hosts", run->hosts, "Only on these hosts: a,b")->delimiter(',');
    app->add_option("--cached", run->cached_s, "An answer that is no older will do; in seconds")
        ->check(CLI::Range(1, 86'400));

    auto list = std::make_shared<HealthList>();
    verb(health, "list", "Show the checks that are known", list)
        ->add_option("--environment", list->environment, "Only of this one");

    auto gone = std::make_shared<HealthRemove>();
    app = verb(health, "remove", "Forget a check", gone);
    may_rehearse(app)->add_option("NAME", gone->name, "The check")->required();
    app->add_option("--environment", gone->environment, whose_checks);
  }

  void add_deploy() {
    CLI::App* deploy = group("deploy", "Start, watch and steer deployments");

    auto start = std::make_shared<DeployStart>();
    CLI::App* app = verb(deploy, "start", "Upload what is missing, deploy, and watch until the end", start);
    add_deploy_options(app, *start);
    app->add_option("--plan", start->plan_hash, "Only if it still does what the plan with this hash showed");
    may_rehearse(app);
    app->add_flag("--detach", start->detach, "Do not watch: print the deployment's id and end");
    app->add_flag("--wait-approval", start->wait_approval, "If it has to be approved, wait for that, and watch on");
    may_wait(app, start->wait_s);
    app->add_option("--override-freeze", start->override_freeze,
                    "Why it may begin in a freeze window; for administrators, kept in the audit chain");
    app->add_option("--backup-dir", start->backup_dir,
                    "First make a snapshot of what serves, and write it down in this directory");

    auto simulate = std::make_shared<DeploySimulate>();
    app = verb(deploy, "simulate", "Show what a deployment would come to, by the engine itself; touches no host",
               simulate);
    add_deploy_options(app, simulate->deployment);
    app->add_option("--fail", simulate->fail, "A step that fails: its title, HOST/TITLE, or its id as `plan` has it");

    auto status = std::make_shared<DeployStatus>();
    app = verb(deploy, "status", "Show one deployment", status);
    app->add_option("ID", status->id, "The deployment")->required();
    app->add_flag("--follow", status->follow, "Watch it until its end");

    auto list = std::make_shared<DeployList>();
    app = verb(deploy, "list", "Show the newest deployments", list);
    add_limit(app, list->limit);

    auto cancel = std::make_shared<DeployCancel>();
    app = verb(deploy, "cancel", "Undo a deployment that is not committed yet, and watch until the end", cancel);
    app->alias("abandon");
    app->add_option("ID", cancel->id, "The deployment")->required();
    app->add_option("--reason", cancel->reason, "Why; kept in the audit chain");
    app->add_flag("--detach", cancel->detach, "Do not watch");
    may_rehearse(app);

    auto hold = std::make_shared<DeployHold>();
    app = verb(deploy, "hold", "Have a deployment stand still where it is: nothing is begun, nothing undone", hold);
    app->add_option("ID", hold->id, "The deployment")->required();
    app->add_option("--reason", hold->reason, "Why; kept in the audit chain");
    may_rehearse(app);

    auto resume = std::make_shared<DeployResume>();
    app = verb(deploy, "resume", "Go on with what was held, or try again what failed in a paused deployment", resume);
    app->add_option("ID", resume->id, "The deployment")->required();
    app->add_flag("--detach", resume->detach, "Do not watch");
    may_rehearse(app);

    auto promote = std::make_shared<DeployPromote>();
    app = verb(deploy, "promote", "Let a canary, or a batch that is being watched, go on at once", promote);
    app->add_option("ID", promote->id, "The deployment")->required();
    app->add_option("--share", promote->share, "Only while this share of a canary rests, in percent")
        ->check(CLI::Range(1, 99));
    app->add_flag("--detach", promote->detach, "Do not watch");
    may_rehearse(app);

    auto resolve = std::make_shared<DeployResolve>();
    app =
        verb(deploy, "resolve", "Declare that a host is gone, so that a stuck deployment can end without it", resolve);
    app->add_option("ID", resolve->id, "The deployment")->required();
    app->add_option("--host", resolve->host, "The host")->required();
    app->add_flag("--gone", resolve->gone, "The host will not come back as it was")->required();
    app->add_option("--reason", resolve->reason, "Why; kept in the audit chain")->required();
    may_rehearse(app);
  }

  void add_rollback() {
    CLI::App* rollback = group("rollback", "Bring back what ran before a deployment");

    auto start = std::make_shared<RollbackStart>();
    CLI::App* app = verb(rollback, "start", "Roll a finished deployment back, and watch until the end", start);
    CLI::Option* id = app->add_option("ID", start->id, "The deployment to undo");
    app->add_option("--environment", start->environment,
                    "In place of ID: the newest of this environment; the only one if none is named")
        ->excludes(id);
    app->add_option("--name", start->name, "With --environment: of this name")->excludes(id);
    app->add_option("--to", start->to, "The version to go back to; with --environment: else the last stable one");
    app->add_option("--components,--servers", start->components, "Only these: a,b")->delimiter(',');
    app->add_option("--without", start->without, "Hosts that do not answer: a,b; they follow when they are back")
        ->delimiter(',');
    app->add_flag("--to-nothing", start->to_nothing, "Take services away where nothing ran before");
    app->add_option("--strategy", start->strategy,
                    "immediate, batch, graceful, aggressive or manual (docs/rollback.md); the manifest's own");
    app->add_flag("--verify-after-rollback", start->verify_after_rollback,
                  "Watch what comes back before the commit, as a new release is watched");
    app->add_option("--reason", start->reason, "Why: needed; kept in the audit chain");
    app->add_flag("--detach", start->detach, "Do not watch: print the rollback's id and end");
    app->add_flag("--wait-approval", start->wait_approval, "If it has to be approved, wait for that, and watch on");
    may_wait(app, start->wait_s);
    may_rehearse(app);

    auto targets = std::make_shared<RollbackTargets>();
    app = verb(rollback, "targets", "Show the versions that one can go back to", targets);
    app->add_option("--environment", targets->environment, "Only of this environment");
    app->add_option("--name", targets->name, "Only of this name");

    auto status = std::make_shared<RollbackStatus>();
    app = verb(rollback, "status", "Show one rollback", status);
    app->add_option("ID", status->id, "The rollback")->required();
    app->add_flag("--follow", status->follow, "Watch it until its end");

    auto list = std::make_shared<RollbackList>();
    app = verb(rollback, "list", "Show the newest rollbacks", list);
    add_limit(app, list->limit);
  }

  void add_snapshot() {
    CLI::App* snapshot = group("snapshot", "What runs in an environment, written down to be brought back");

    auto create = std::make_shared<SnapshotCreate>();
    CLI::App* app =
        verb(snapshot, "create", "Write down what serves, and keep files and schemas that manifests name", create);
    may_rehearse(app)->add_option("--environment", create->environment, "Of this environment")->required();
    app->add_option("--name", create->name, "Where it has several: of this name");
    app->add_option("--reason", create->reason, "Why; kept in the snapshot and in the audit chain");
    app->add_option("--backup-dir", create->backup_dir, "Write it down in this directory too");

    auto list = std::make_shared<SnapshotList>();
    app = verb(snapshot, "list", "Show the snapshots, newest first", list);
    app->add_option("--environment", list->environment, "Only of this environment");
    app->add_option("--name", list->name, "Only of this name");
    add_limit(app, list->limit);

    auto show = std::make_shared<SnapshotShow>();
    app = verb(snapshot, "show", "Show one, compared with what serves now", show);
    app->add_option("ID", show->id, "The snapshot")->required();
    app->add_flag("--schemas", show->schemas, "Have the schemas of databases read once more, and compare them too");

    auto restore = std::make_shared<SnapshotRestore>();
    app = verb(snapshot, "restore", "Bring back what a snapshot says, watch until the end, and read it back", restore);
    may_rehearse(app)->add_option("ID", restore->id, "The snapshot")->required();
    app->add_option("--reason", restore->reason, "Why; kept in the audit chain")->required();
    app->add_flag("--detach", restore->detach, "Do not watch: print the deployment's id and end");
    app->add_flag("--wait-approval", restore->wait_approval, "If it has to be approved, wait for that, and watch on");
    may_wait(app, restore->wait_s);

    auto rm = std::make_shared<SnapshotRm>();
    app = verb(snapshot, "rm", "Forget a snapshot, and the copies of files that are kept for it", rm);
    may_rehearse(app)->add_option("ID", rm->id, "The snapshot")->required();
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
    may_rehearse(app);
    auto revoke = std::make_shared<AgentsRevoke>();
    app = verb(agents, "revoke", "Take no more notice of a host's agent key", revoke);
    may_rehearse(app)->add_option("HOST", revoke->host, "The host")->required();

    CLI::App* hosts = group("hosts", "The hosts of the fleet");
    auto list = std::make_shared<HostsList>();
    app = verb(hosts, "list", "Show the hosts", list);
    app->add_flag("--all", list->all, "Removed ones too");
    auto add = std::make_shared<HostsAdd>();
    app = verb(hosts, "add", "Make a host known by name before its agent is enrolled", add);
    may_rehearse(app)->add_option("HOST", add->host, "Its name")->required();
    app->add_option_function<std::vector<std::string>>(
           "--label", [add](const std::vector<std::string>& labels) { take_labels(labels, *add); },
           "key=value; may be given more than once")
        ->take_all();
    auto replace = std::make_shared<HostsReplace>();
    app = verb(hosts, "replace", "Let a new machine take a host's name; prints the string that enrols it", replace);
    may_rehearse(app)->add_option("HOST", replace->host, "The host")->required();
    auto remove = std::make_shared<HostsRemove>();
    app = verb(hosts, "remove", "Remove a host from the fleet; what runs there goes on running", remove);
    may_rehearse(app)->add_option("HOST", remove->host, "The host")->required();

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
    may_rehearse(app);
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
    may_rehearse(enrolling)->add_option("--totp", enrol->totp, "A code of the app that this one replaces");
    auto reset = std::make_shared<TotpReset>();
    may_rehearse(verb(totp, "reset", "Take somebody else's lost app away", reset))
        ->add_option("PERSON", reset->person, "Whose")
        ->required();

    CLI::App* tokens = group("tokens", "Who may use the API, and for what");
    auto create = std::make_shared<TokensCreate>();
    CLI::App* app = verb(tokens, "create", "Print one bearer token for a person or a machine", create);
    may_rehearse(app)
        ->add_option("--name", create->name, "Whose it is; tokens of one name are one person's")
        ->required();
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
    may_rehearse(app)->add_option("ID", revoke->id, "The token, as `tokens list` and the audit call it")->required();
  }

  void add_secrets() {
    CLI::App* secrets = group("secrets", "What services are configured with and nobody may read");
    auto set = std::make_shared<SecretsSet>();
    CLI::App* app = verb(secrets, "set", "Set a secret, or its next version; the value comes from standard input", set);
    may_rehearse(app)->add_option("NAME", set->name, "As the environment file calls it: DB_PASSWORD")->required();
    app->add_option("--environment", set->environment, "Where it is good")->required();
    auto list = std::make_shared<SecretsList>();
    app = verb(secrets, "list", "Show names and versions; values are shown to nobody", list);
    app->add_option("--environment", list->environment, "Only of this one");
    auto rm = std::make_shared<SecretsRm>();
    app = verb(secrets, "rm", "Remove a secret with all its versions; hosts keep what they have", rm);
    may_rehearse(app)->add_option("NAME", rm->name, "The secret")->required();
    app->add_option("--environment", rm->environment, "Where it is good")->required();
  }

  void add_recover() {
    auto recover = std::make_shared<Recover>();
    CLI::App* app =
        verb(&app_, "recover", "Take in what the hosts know, after an old copy of the store was restored", recover);
    may_rehearse(app)
        ->add_option("--without", recover->without, "A host that is gone; may be given more than once")
        ->take_all();
    app->add_option("--reason", recover->reason, "What happened; kept in the audit chain")->required();
  }

  void add_keys() {
    CLI::App* keys = group("keys", "The coordinator's own keys, by which every agent knows it");
    verb(keys, "show", "Show the keys in force, the next ones, and which hosts know them",
         std::make_shared<KeysShow>());
    auto renew = std::make_shared<KeysRenew>();
    CLI::App* app =
        verb(keys, "renew", "Put new keys in the place of both, when every host knows them; vault.key stays as it is",
             renew);
    may_rehearse(app)
        ->add_option("--without", renew->without, "Hosts that are not waited for: a,b; they must be enrolled anew")
        ->delimiter(',');
    app->add_option("--reason", renew->reason, "Why; kept in the audit chain")->required();
  }

  void add_offline() {
    auto plan = std::make_shared<PlanShow>();
    CLI::App* app = verb(&app_, "plan", "Show what a deployment would do; changes nothing", plan);
    add_deploy_options(app, plan->deployment);
    app->add_flag("--dot", plan->dot, "Only the graph, for Graphviz: `switchyard plan FILE --dot | dot -Tsvg`");
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
    for (const std::string& other : verb->get_aliases()) names.push_back(other);
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
