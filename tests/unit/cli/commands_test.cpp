#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/api/json_views.hpp"
#include "tests/support/jinja.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::testing {
namespace {

constexpr const char* ok = R"({"ok":true})";
constexpr const char* host =
    R"({"host":"web-1","connected":true,"enrolled":true,"revoked":false,"removed":false,"labels":{"zone":"a"},)"
    R"("agent_version":"0.1.0","enrolled_ms":1,"last_seen_ms":2})";

std::string approval_json(const std::string& state) {
  return R"({"deployment":"d-1","kind":"deploy","name":"shop","version":"1.2","environment":"production","state":")" +
         state +
         R"(","deployment_state":"draft","reason":"","author":"token:build","plan_hash":"beef","needed":2,)"
         R"("without":["web-2"],"to_nothing":true,"votes":[)"
         R"({"approver":"token:ann","granted":true,"reason":"fine","wall_ms":1,"second_factor":false}],)"
         R"("created_ms":1,"expires_ms":2})";
}

constexpr const char* api_token =
    R"({"id":"0123456789ab","name":"ann","kind":"person","role":"approver","environment":"production",)"
    R"("created_by":"local:root","created_ms":1,"expires_ms":1900000000000,"revoked_ms":null,"token":"syt_x"})";

/// A chain as the API shows it, `limit` rows after `after`.
/// `witnesses`: what hosts remember.
cli::HttpReply audit_page(const std::vector<store::StoredAudit>& rows, const cli::HttpCall& call,
                          const std::vector<fleet::WitnessView>& witnesses = {}) {
  if (call.path == "/v1/audit/witnesses") return {200, api::views::witnesses_body(witnesses)};
  const auto after = std::stoul(call.path.substr(call.path.find("after=") + 6));
  std::vector<store::StoredAudit> page;
  for (const store::StoredAudit& row : rows) {
    if (row.seq > after && page.size() < 3) page.push_back(row);
  }
  return {200, api::views::audit_body(page)};
}
std::vector<store::StoredAudit> audit_chain(std::size_t length) {
  std::vector<store::StoredAudit> rows;
  std::string head;
  for (std::size_t i = 1; i <= length; ++i) {
    model::AuditEntry entry;
    entry.wall_ms = 1'736'937'000'000;
    entry.operation = "deployment.start";
    entry.principal = "token:build";
    entry.reason = "gr\xc3\xbc\xc3\x9f";
    entry.details = {{"environment", "production"}, {"token_hash", "0123456789ab"}};
    head = model::audit_hash(head, i, entry);
    rows.push_back({i, entry, head});
  }
  return rows;
}

class CommandsTest : public CommandTest {};

TEST_F(CommandsTest, ADryRunSaysWhatWouldBeDoneAndIsNoFailure) {
  coordinator.answer(R"({"dry_run":true,"would":"host web-1 would leave the fleet"})");
  EXPECT_EQ(run({"hosts", "remove", "web-1", "--dry-run"}), 0);
  EXPECT_EQ(asked(0), "DELETE /v1/hosts/web-1?dry_run=true");
  EXPECT_EQ(out.str(), "Dry run, nothing was changed: host web-1 would leave the fleet.\n");
}

/// A coordinator that does not know it has done it: that must not look like a rehearsal.
TEST_F(CommandsTest, ADryRunThatWasDoneInEarnestIsNotPassedOver) {
  coordinator.answer(ok);
  EXPECT_EQ(run({"hosts", "remove", "web-1", "--dry-run"}), 1);
  EXPECT_NE(notes.str().find("does not know --dry-run"), std::string::npos) << notes.str();
}

TEST_F(CommandsTest, NoRightToTheSocketIsARefusalAndNotAnAbsence) {
  coordinator.answer([](const cli::HttpCall&) -> cli::HttpReply { throw cli::NotAllowedError("not for this user"); });
  EXPECT_EQ(run({"hosts", "list"}), 6);
  EXPECT_NE(notes.str().find("not for this user"), std::string::npos);
}

TEST_F(CommandsTest, AVerdictOnHealthIsTheExitStatus) {
  const auto verdict = [](const std::string& word) {
    return R"({"verdict":")" + word + R"(","reason":"because","results":[{"host":"web-1","check":"cache","state":)" +
           R"("failed","critical":false,"tier":0,"duration_ms":3,"detail":"refused","details":{},"age_ms":9000,)" +
           R"("tries":3}]})";
  };
  for (const auto& [word, status] : {std::pair{"pass", 0}, std::pair{"fail", 3}, std::pair{"inconclusive", 4}}) {
    coordinator.answer([&, text = word](const cli::HttpCall&) { return cli::HttpReply{200, verdict(text)}; });
    EXPECT_EQ(run({"health", "run", "--all", "--environment", "production"}), status) << word;
    EXPECT_NE(out.str().find("failed (warning), 3 tries, 9 s ago"), std::string::npos) << out.str();
    EXPECT_NE(notes.str().find(std::string(word) + ": because"), std::string::npos) << notes.str();
  }
  EXPECT_EQ(run({"health", "run", "--environment", "production"}), 2) << "nothing was chosen";
}

TEST_F(CommandsTest, TheOnlyEnvironmentThatIsKnownNeedNotBeNamed) {
  coordinator.answer(R"({"environments":["production"]})");
  coordinator.answer(ok);
  EXPECT_EQ(run({"health", "remove", "web"}), 0);
  EXPECT_EQ(asked(0), "GET /v1/environments");
  EXPECT_EQ(asked(1), "DELETE /v1/health-checks/production/web");
  EXPECT_NE(notes.str().find("For production, the only environment that the coordinator knows."), std::string::npos)
      << notes.str();

  const auto file = std::filesystem::temp_directory_path() / ("switchyard-checks-" + random_hex(6) + ".yaml");
  std::ofstream(file) << "health_checks: [{name: web, type: tcp, config: {port: 80}}]\n";
  coordinator.answer(R"({"environments":["staging"]})");
  coordinator.answer(R"({"registered":["web"]})");
  EXPECT_EQ(run({"health", "register", file}), 0);
  EXPECT_EQ(nlohmann::json::parse(coordinator.calls.back().body).at("environment"), "staging");
  std::filesystem::remove(file);
  coordinator.answer(R"({"environments":["staging"]})");
  coordinator.answer(R"({"verdict":"pass","reason":"r","results":[]})");
  EXPECT_EQ(run({"health", "run", "web"}), 0);
  EXPECT_EQ(nlohmann::json::parse(coordinator.calls.back().body).at("environment"), "staging");
}

TEST_F(CommandsTest, OfSeveralEnvironmentsOrOfNoneNobodyChooses) {
  coordinator.answer(R"({"environments":["production","staging"]})");
  EXPECT_EQ(run({"health", "run", "--all"}), 2);
  EXPECT_NE(notes.str().find("--environment; there are several that the coordinator knows: production, staging"),
            std::string::npos)
      << notes.str();
  coordinator.answer(R"({"environments":[]})");
  EXPECT_EQ(run({"health", "remove", "web"}), 2);
  EXPECT_NE(notes.str().find("there is none that the coordinator knows yet"), std::string::npos) << notes.str();
  EXPECT_EQ(coordinator.calls.size(), 2u) << "nothing was removed";
}

TEST_F(CommandsTest, TheCallersEnvironmentsGoBeforeThoseThatTheCoordinatorKnows) {
  std::string value;
  const cli::ReadEnvironment environment = [&](const char* name) -> const char* {
    return std::string(name) == "DEPLOYMENT_ENVIRONMENTS" ? value.c_str() : nullptr;
  };
  templates::JinjaRenderer renderer(source_jinja());
  cli::Offline local{console, environment, clock, renderer};
  const auto remove = [&] {
    const auto parsed = cli::parse_command_line({"health", "remove", "web"});
    return static_cast<int>(
        cli::run_with(coordinator, std::get<cli::Invocation>(parsed), console, interrupt, clock, &local));
  };
  value = "staging";
  coordinator.answer(ok);
  EXPECT_EQ(remove(), 0);
  EXPECT_EQ(asked(0), "DELETE /v1/health-checks/staging/web");
  value = "staging,production";
  EXPECT_EQ(remove(), 2);
  EXPECT_NE(notes.str().find("several that DEPLOYMENT_ENVIRONMENTS names: staging, production"), std::string::npos)
      << notes.str();
  value = "Not A Name";
  EXPECT_EQ(remove(), 2);
  EXPECT_EQ(coordinator.calls.size(), 1u);
  value = "";  // as if it was not set
  coordinator.answer(R"({"environments":["production"]})");
  coordinator.answer(ok);
  EXPECT_EQ(remove(), 0);
}

TEST_F(CommandsTest, ListsTheChecksOfOneEnvironmentAlone) {
  const auto check = [](const std::string& environment) {
    return R"({"environment":")" + environment + R"(","name":"web of )" + environment +
           R"(","type":"tcp","component":"","registered_by":"local:root","tier":0,"critical":true,"tags":[],)" +
           R"("hosts":[]})";
  };
  const std::string both = R"({"checks":[)" + check("production") + "," + check("staging") + "]}";
  for (const char* words : {"", "--json"}) {
    coordinator.answer(both);
    std::vector<std::string> line = {"health", "list", "--environment", "staging"};
    if (*words != '\0') line.emplace_back(words);
    out.str("");
    EXPECT_EQ(run(line), 0);
    EXPECT_NE(out.str().find("web of staging"), std::string::npos) << out.str();
    EXPECT_EQ(out.str().find("web of production"), std::string::npos) << out.str();
  }
}

TEST_F(CommandsTest, EachVerbAsksForItsOperation) {
  const struct {
    std::vector<std::string> words;
    std::string answer, request, body;
  } verbs[] = {
      {{"deploy", "list", "--limit", "7"}, R"({"deployments":[]})", "GET /v1/deployments?limit=7", ""},
      {{"deploy", "cancel", "d-1", "--reason", "r", "--detach"},
       ok,
       "POST /v1/deployments/d-1/cancel",
       R"({"reason":"r"})"},
      {{"deploy", "abandon", "d-1", "--reason", "r", "--detach"},
       ok,
       "POST /v1/deployments/d-1/cancel",
       R"({"reason":"r"})"},
      {{"deploy", "resume", "d-1", "--detach"}, ok, "POST /v1/deployments/d-1/resume", "{}"},
      {{"deploy", "promote", "d-1", "--detach"}, ok, "POST /v1/deployments/d-1/promote", "{}"},
      {{"deploy", "promote", "d-1", "--share", "10", "--detach"},
       R"({"ok":true,"goes_on":[]})",
       "POST /v1/deployments/d-1/promote",
       R"({"share":10})"},
      {{"deploy", "resolve", "d-1", "--host", "h", "--gone", "--reason", "r"},
       ok,
       "POST /v1/deployments/d-1/resolve",
       R"({"gone":true,"host":"h","reason":"r"})"},
      {{"rollback", "start", "d-1", "--servers", "a,b", "--reason", "r", "--detach"},
       deployment_json("approved"),
       "POST /v1/rollbacks",
       R"({"components":["a","b"],"deployment":"d-1","reason":"r"})"},
      {{"rollback", "start", "d-1", "--without", "web-1,web-2", "--to-nothing", "--reason", "r", "--detach"},
       deployment_json("approved"),
       "POST /v1/rollbacks",
       R"({"components":[],"deployment":"d-1","reason":"r","to_nothing":true,"without":["web-1","web-2"]})"},
      {{"rollback", "status", "d-2"}, deployment_json("done"), "GET /v1/rollbacks/d-2", ""},
      {{"rollback", "list"}, R"({"rollbacks":[]})", "GET /v1/rollbacks?limit=20", ""},
      {{"rollback", "start", "d-1", "--to", "1.1", "--strategy", "batch", "--reason", "r", "--detach"},
       deployment_json("approved"),
       "POST /v1/rollbacks",
       R"({"components":[],"deployment":"d-1","reason":"r","strategy":"batch","target_version":"1.1"})"},
      {{"rollback", "targets", "--environment", "production", "--name", "shop"},
       R"({"targets":[]})",
       "GET /v1/rollback-targets?environment=production&name=shop",
       ""},
      {{"agents", "list"}, R"({"agents":[]})", "GET /v1/agents", ""},
      {{"agents", "token", "create", "--host", "web-*"},
       R"({"id":"t","enrolment":"sy1.x","expires_ms":5})",
       "POST /v1/agents/tokens",
       R"({"host_pattern":"web-*"})"},
      {{"agents", "revoke", "web-1"}, ok, "POST /v1/agents/web-1/revoke", "{}"},
      {{"hosts", "list"}, R"({"hosts":[]})", "GET /v1/hosts", ""},
      {{"hosts", "add", "web-1", "--label", "a=b"}, ok, "POST /v1/hosts", R"({"host":"web-1","labels":{"a":"b"}})"},
      {{"hosts", "remove", "web-1"}, ok, "DELETE /v1/hosts/web-1", ""},
      {{"hosts", "replace", "web-1"},
       R"({"id":"t","enrolment":"sy1.x","expires_ms":5})",
       "POST /v1/hosts/web-1/replace",
       "{}"},
      {{"audit", "list", "--after", "3"}, R"({"entries":[]})", "GET /v1/audit?after=3&limit=50", ""},
      {{"tokens", "create", "--name", "ann", "--role", "approver", "--environment", "production", "--expires", "2h"},
       api_token,
       "POST /v1/tokens",
       R"({"environment":"production","kind":"person","life_ms":7200000,"name":"ann","role":"approver"})"},
      {{"tokens", "create", "--name", "build", "--kind", "ci", "--role", "operator", "--environment", "*"},
       api_token,
       "POST /v1/tokens",
       R"({"environment":"*","kind":"ci","name":"build","role":"operator"})"},
      {{"secrets", "list"}, R"({"secrets":[]})", "GET /v1/secrets", ""},
      {{"secrets", "rm", "DB_PASSWORD", "--environment", "staging"}, ok, "DELETE /v1/secrets/staging/DB_PASSWORD", ""},
      {{"approvals", "list", "--limit", "3"}, R"({"approvals":[]})", "GET /v1/approvals?limit=3", ""},
      {{"approvals", "show", "d-1"}, approval_json("waiting"), "GET /v1/approvals/d-1", ""},
      {{"approvals", "approve", "d-1", "--plan", "aa", "--totp", "123456"},
       approval_json("granted"),
       "POST /v1/approvals/d-1/approve",
       R"({"plan_hash":"aa","reason":"","totp":"123456"})"},
      {{"approvals", "reject", "d-1", "--plan", "aa", "--reason", "no"},
       approval_json("rejected"),
       "POST /v1/approvals/d-1/reject",
       R"({"plan_hash":"aa","reason":"no"})"},
      {{"totp", "enrol"}, R"({"uri":"otpauth://x"})", "POST /v1/totp", "{}"},
      {{"totp", "enrol", "--totp", "123456"}, R"({"uri":"otpauth://x"})", "POST /v1/totp", R"({"totp":"123456"})"},
      {{"totp", "reset", "ann"}, ok, "POST /v1/totp/ann/reset", "{}"},
      {{"health", "list"}, R"({"checks":[]})", "GET /v1/health-checks", ""},
      {{"health", "run", "--tags", "a,b", "--environment", "production", "--hosts", "web-1", "--cached", "60"},
       R"({"verdict":"pass","reason":"1 of 1 passed","results":[]})",
       "POST /v1/health-checks/run",
       R"({"all":false,"cached_ms":60000,"environment":"production","hosts":["web-1"],"names":[],"tags":["a","b"]})"},
      {{"health", "remove", "web", "--environment", "production"}, ok, "DELETE /v1/health-checks/production/web", ""},
      {{"tokens", "list"}, R"({"tokens":[]})", "GET /v1/tokens", ""},
      {{"tokens", "revoke", "0123456789ab"}, ok, "POST /v1/tokens/0123456789ab/revoke", "{}"},
      {{"deploy", "status", "../../x?y"}, deployment_json("done"), "GET /v1/deployments/..%2F..%2Fx%3Fy", ""},
  };
  for (const auto& verb : verbs) {
    coordinator.calls.clear();
    coordinator.answer(verb.answer);
    EXPECT_EQ(run(verb.words), 0) << verb.request;
    EXPECT_EQ(asked(), verb.request);
    EXPECT_EQ(coordinator.calls.at(0).body, verb.body);
  }
}

TEST_F(CommandsTest, AuditVerifyComputesTheChainItselfAndNamesTheRow) {
  auto rows = audit_chain(10);
  coordinator.always([&](const cli::HttpCall& call) { return audit_page(rows, call); });
  EXPECT_EQ(run({"audit", "verify"}), 0);
  EXPECT_NE(out.str().find("All 10 rows fit. The chain's head is " + rows.back().hash), std::string::npos);
  const std::string noted = rows.back().hash;
  EXPECT_EQ(run({"audit", "verify", "--head", noted}), 0);
  rows[6].entry.reason = "changed";
  EXPECT_EQ(run({"audit", "verify"}), 4);
  EXPECT_NE(out.str().find("Row 7 does not fit"), std::string::npos);
  rows = audit_chain(10);
  rows.erase(rows.begin() + 4);
  EXPECT_EQ(run({"audit", "verify", "--json"}), 4);
  EXPECT_NE(out.str().find(R"("broken_at":5)"), std::string::npos);
  rows = audit_chain(9);
  EXPECT_EQ(run({"audit", "verify"}), 0);
  EXPECT_EQ(run({"audit", "verify", "--head", noted}), 4) << "its end was taken away";
}

TEST_F(CommandsTest, AuditVerifyNamesTheHostsThatRememberAnotherChain) {
  auto rows = audit_chain(10);
  std::vector<fleet::WitnessView> witnesses = {{HostId("h1"), rows[9].hash, true},
                                               {HostId("h2"), rows[4].hash, true},
                                               {HostId("h3"), "", false},
                                               {HostId("h4"), "", true}};
  coordinator.always([&](const cli::HttpCall& call) { return audit_page(rows, call, witnesses); });
  EXPECT_EQ(run({"audit", "verify"}), 0);
  EXPECT_NE(out.str().find("2 of 4 hosts bear witness to it.\nh3 is not connected, and was not asked.\n"
                           "h4 remembers no head yet.\n"),
            std::string::npos)
      << out.str();
  // The last row, with a hash that fits.
  rows.back().entry.reason = "changed";
  rows.back().hash = model::audit_hash(rows[8].hash, 10, rows.back().entry);
  out.str("");
  EXPECT_EQ(run({"audit", "verify"}), 4);
  EXPECT_NE(out.str().find("All 10 rows fit."), std::string::npos);
  EXPECT_NE(out.str().find("h1 remembers the head " + witnesses[0].audit_head + ", which is not among them"),
            std::string::npos)
      << out.str();
  out.str("");
  EXPECT_EQ(run({"audit", "verify", "--json"}), 4);
  const auto verdict = nlohmann::json::parse(out.str());
  EXPECT_EQ(verdict.at("intact"), false);
  EXPECT_EQ(verdict.at("witnesses").at(0).at("known"), false);
  EXPECT_EQ(verdict.at("witnesses").at(1).at("known"), true);
  EXPECT_TRUE(verdict.at("witnesses").at(2).at("known").is_null());
}

TEST_F(CommandsTest, AuditExportPrintsALineForEachRow) {
  const auto rows = audit_chain(4);
  coordinator.always([&](const cli::HttpCall& call) { return audit_page(rows, call); });
  EXPECT_EQ(run({"audit", "export"}), 0);
  const std::string lines = out.str();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  EXPECT_EQ(out.str().substr(0, out.str().find(R"(,"details")")),
            R"({"timestamp":"2025-01-15T10:30:00Z","operation":"deployment.start",)"
            R"("user":"token-hash-0123456789ab","environment":"production","success":true)");
  EXPECT_NE(out.str().find(R"("reason":"gr\u00fc\u00df")"), std::string::npos);
  out.str("");
  EXPECT_EQ(run({"audit", "export", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out.str()).size(), 4u);
}

TEST_F(CommandsTest, WhoSaysNoPlanSpeaksOfTheOneThatWaits) {
  coordinator.answer(approval_json("waiting"));
  coordinator.answer(approval_json("waiting"));
  EXPECT_EQ(run({"approvals", "approve", "d-1"}), 0);
  EXPECT_EQ(asked(0), "GET /v1/approvals/d-1");
  EXPECT_EQ(asked(1), "POST /v1/approvals/d-1/approve");
  EXPECT_EQ(coordinator.calls.at(1).body, R"({"plan_hash":"beef","reason":""})");
  EXPECT_NE(notes.str().find("somebody else's approval too"), std::string::npos);
}

TEST_F(CommandsTest, WhoApprovesARollbackSeesWhoIsLeftOutAndWhatIsTakenAway) {
  coordinator.answer(approval_json("waiting"));
  EXPECT_EQ(run({"approvals", "show", "d-1"}), 0);
  EXPECT_NE(out.str().find("\nLeft out:    web-2\nTo nothing:  services may be taken away"), std::string::npos)
      << out.str();
}

TEST_F(CommandsTest, ListsWhatWaitsUnlessAllIsWanted) {
  const std::string both = R"({"approvals":[)" + approval_json("waiting") + "," + approval_json("rejected") + "]}";
  coordinator.answer(both);
  EXPECT_EQ(run({"approvals", "list"}), 0);
  EXPECT_NE(out.str().find("1 of 2"), std::string::npos);
  EXPECT_EQ(out.str().find("rejected"), std::string::npos);
  coordinator.answer(both);
  EXPECT_EQ(run({"approvals", "list", "--all"}), 0);
  EXPECT_NE(out.str().find("rejected"), std::string::npos);
}

TEST_F(CommandsTest, ANewTokenStandsAloneOnStandardOutput) {
  coordinator.answer(201, api_token);
  EXPECT_EQ(run({"tokens", "create", "--name", "ann", "--role", "approver", "--environment", "production"}), 0);
  EXPECT_EQ(out.str(), "syt_x\n");
  EXPECT_NE(notes.str().find("tokens revoke 0123456789ab"), std::string::npos);
}

TEST_F(CommandsTest, ListsTheTokensThatAreGoodUnlessAllAreWanted) {
  std::string revoked = api_token;
  revoked.replace(revoked.find("null"), 4, "5");
  const std::string both = R"({"tokens":[)" + std::string(api_token) + "," + revoked + "]}";
  coordinator.answer(both);
  EXPECT_EQ(run({"tokens", "list"}), 0);
  EXPECT_EQ(out.str().find("revoked"), std::string::npos);
  coordinator.answer(both);
  EXPECT_EQ(run({"tokens", "list", "--all"}), 0);
  EXPECT_NE(out.str().find("revoked"), std::string::npos);
}

TEST_F(CommandsTest, ATokensLifeIsANumberAndAUnit) {
  for (const char* bad : {"30", "d", "-1d", "0d", "1.5h", "30 d", "3w", "99999999999d"}) {
    EXPECT_EQ(run({"tokens", "create", "--name", "a", "--role", "viewer", "--environment", "e", "--expires", bad}), 2)
        << bad;
  }
  EXPECT_TRUE(coordinator.calls.empty());
}

TEST_F(CommandsTest, RefusalsHaveTheStatusThatScriptsDependOn) {
  const std::pair<int, int> statuses[] = {{400, 2}, {401, 6}, {403, 6}, {404, 2}, {409, 6},
                                          {413, 2}, {422, 2}, {500, 1}, {503, 5}, {302, 1}};
  for (const auto& [http, status] : statuses) {
    coordinator.answer(http, error_json("code", "the message"));
    EXPECT_EQ(run({"hosts", "list"}), status) << http;
  }
  EXPECT_NE(notes.str().find("switchyard: the message\n"), std::string::npos);
}

TEST_F(CommandsTest, InJsonARefusalIsTheErrorBody) {
  coordinator.answer(409, error_json("locked", "d-9 is at work"));
  EXPECT_EQ(run({"hosts", "list", "--json"}), 6);
  EXPECT_EQ(out.str(), R"({"error":{"code":"locked","details":{},"message":"d-9 is at work"}})"
                       "\n");
}

TEST_F(CommandsTest, AnotherServerAtTheAddressIsSaidSo) {
  coordinator.answer(404, "<html>nginx</html>");
  EXPECT_EQ(run({"hosts", "list", "--json"}), 2);
  EXPECT_NE(out.str().find("not_understood"), std::string::npos);
  coordinator.answer(200, "<html>nginx</html>");
  EXPECT_EQ(run({"hosts", "list"}), 1);
}

TEST_F(CommandsTest, NoAnswerIsStatusFive) {
  coordinator.be_away();
  EXPECT_EQ(run({"hosts", "list"}), 5);
}

TEST_F(CommandsTest, ATokenIsAloneOnStandardOutput) {
  coordinator.answer(201, R"({"id":"t","enrolment":"sy1.secret","expires_ms":5})");
  EXPECT_EQ(run({"agents", "token", "create"}), 0);
  EXPECT_EQ(out.str(), "sy1.secret\n");
}

TEST_F(CommandsTest, SaysWhatAPromotionLetsGoOn) {
  coordinator.answer(R"({"ok":true,"goes_on":["10 % of the traffic of api","web on web-1"]})");
  EXPECT_EQ(run({"deploy", "promote", "d-1", "--detach"}), 0);
  EXPECT_NE(notes.str().find("10 % of the traffic of api goes on.\nweb on web-1 goes on.\n"), std::string::npos)
      << notes.str();
  EXPECT_EQ(run({"deploy", "promote", "d-1", "--share", "100"}), 2) << "all of the traffic is no share that rests";
}

TEST_F(CommandsTest, SaysWhatANewMachineDoesNotGetBack) {
  coordinator.answer(201, R"({"id":"t","enrolment":"sy1.secret","expires_ms":5,"lost":["jb"]})");
  EXPECT_EQ(run({"hosts", "replace", "web-1"}), 0);
  EXPECT_EQ(out.str(), "sy1.secret\n");
  EXPECT_NE(notes.str().find("Component jb served there"), std::string::npos) << notes.str();
}

TEST_F(CommandsTest, SaysWhoseKeysAreInForceAfterARecovery) {
  coordinator.answer(R"({"epoch":7,"committed":[],"aborted":[],"admitted":["web-1","db-1"],"tokens_burnt":3})");
  EXPECT_EQ(run({"recover", "--reason", "r"}), 0);
  EXPECT_NE(out.str().find("in force, as the copy has them: web-1, db-1."), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("burnt (3)"), std::string::npos) << out.str();
}

TEST_F(CommandsTest, RenewsTheCoordinatorsKeysBySayingSoUntilTheyAreInForce) {
  const std::string waiting = R"({"keys":"aa","next":"bb","known_by":[],"missing":[{"host":"web-1","connected":true}],)"
                              R"("deployments_at_work":[],"in_force":false})";
  coordinator.answer(waiting);
  coordinator.answer(R"({"keys":"aa","next":"bb","known_by":[{"host":"web-1","connected":true}],"missing":[],)"
                     R"("deployments_at_work":[],"in_force":true})");
  EXPECT_EQ(run({"keys", "renew", "--reason", "r", "--without", "web-2,web-3"}), 0);
  EXPECT_NE(out.str().find("keys are new: bb"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("make a new backup"), std::string::npos) << "an older one holds keys that no agent knows";
  ASSERT_EQ(coordinator.calls.size(), 2u);
  EXPECT_EQ(coordinator.calls[1].body, R"({"reason":"r","without":["web-2","web-3"]})");
}

TEST_F(CommandsTest, SaysWhomTheNextKeysWaitForAndEndsWithStatusSix) {
  coordinator.always([](const cli::HttpCall&) {
    return cli::HttpReply{200, R"({"keys":"aa","next":"bb","known_by":[],)"
                               R"("missing":[{"host":"web-1","connected":false}],)"
                               R"("deployments_at_work":["d-0123456789abcdef"],"in_force":false})"};
  });
  EXPECT_EQ(run({"keys", "renew", "--reason", "r"}), 6);
  EXPECT_NE(notes.str().find("web-1 (away)"), std::string::npos) << notes.str();
  EXPECT_NE(notes.str().find("--without"), std::string::npos) << notes.str();
  EXPECT_NE(notes.str().find("d-0123456789abcdef"), std::string::npos) << notes.str();
  EXPECT_EQ(out.str(), "");
}

/// It is older in one case of several: whoever upgrades it in the others has lost an hour.
TEST_F(CommandsTest, SaysWhyAConnectedHostMayNotKnowTheNextKeys) {
  coordinator.answer(R"({"keys":"aa","next":"bb","known_by":[],"missing":[{"host":"web-1","connected":true}],)"
                     R"("deployments_at_work":[],"in_force":false})");
  EXPECT_EQ(run({"keys", "show"}), 0);
  for (const char* cause : {"still at work", "SAFE mode", "written down", "older than the coordinator",
                            "journalctl -u switchyard-agent", "switchyard-agent status"}) {
    EXPECT_NE(out.str().find(cause), std::string::npos) << cause << ": " << out.str();
  }
  EXPECT_EQ(out.str().find("is away"), std::string::npos) << "none is: " << out.str();

  coordinator.answer(R"({"keys":"aa","next":"bb","known_by":[],"missing":[{"host":"web-2","connected":false}],)"
                     R"("deployments_at_work":[],"in_force":false})");
  EXPECT_EQ(run({"keys", "show"}), 0);
  EXPECT_NE(out.str().find("is away"), std::string::npos) << out.str();
}

TEST_F(CommandsTest, ShowsTheCoordinatorsKeys) {
  coordinator.answer(
      R"({"keys":"aa","next":null,"known_by":[],"missing":[],"deployments_at_work":[],"in_force":false})");
  EXPECT_EQ(run({"keys", "show"}), 0);
  EXPECT_NE(out.str().find("Keys in force: aa\nNo others are announced"), std::string::npos) << out.str();
}

constexpr const char* secret =
    R"({"environment":"staging","name":"DB_PASSWORD","version":3,"created_by":"local:ann","created_ms":1})";

TEST_F(CommandsTest, TakesASecretFromStandardInputAndShowsItNowhere) {
  std::istringstream in("pass\"word\n");
  console.in = &in;
  coordinator.answer(201, secret);
  EXPECT_EQ(run({"secrets", "set", "DB_PASSWORD", "--environment", "staging"}), 0);
  EXPECT_EQ(asked(), "POST /v1/secrets");
  EXPECT_EQ(coordinator.calls[0].body, R"({"environment":"staging","name":"DB_PASSWORD","value":"pass\"word"})");
  EXPECT_NE(notes.str().find("version 3"), std::string::npos);
  EXPECT_EQ((out.str() + notes.str()).find("pass"), std::string::npos);
}

TEST_F(CommandsTest, RefusesASecretThatCannotBeOneBeforeItIsSent) {
  const std::vector<std::string> words = {"secrets", "set", "A", "--environment", "staging"};
  for (const std::string& value : {std::string(), std::string("\n"), std::string("\xff"), std::string("a\0b", 3),
                                   std::string(limits::secret_bytes_max + 1, 'a')}) {
    std::istringstream in(value);
    console.in = &in;
    EXPECT_EQ(run(words), 2);
  }
  console.in_is_terminal = true;
  EXPECT_EQ(run(words), 2);
  EXPECT_NE(notes.str().find("< FILE"), std::string::npos) << notes.str();
  EXPECT_EQ(run({"secrets", "set", "A", "value", "--environment", "staging"}), 2) << "never an argument";
}

TEST_F(CommandsTest, ListsTheSecretsOfOneEnvironmentByNameAndVersion) {
  const std::string other =
      R"({"environment":"production","name":"KEY","version":1,"created_by":"local:ann","created_ms":1})";
  coordinator.answer(R"({"secrets":[)" + std::string(secret) + "," + other + "]}");
  EXPECT_EQ(run({"secrets", "list", "--environment", "staging"}), 0);
  EXPECT_NE(out.str().find("staging      DB_PASSWORD  3        local:ann"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("KEY"), std::string::npos);
}

TEST_F(CommandsTest, ListsHostsAsATable) {
  std::string removed = host;
  removed.replace(removed.find("\"removed\":false"), 15, "\"removed\":true");
  removed.replace(removed.find("web-1"), 5, "old-1");
  const std::string answer = std::string(R"({"hosts":[)") + host + "," + removed + "]}";
  coordinator.answer(answer);
  EXPECT_EQ(run({"hosts", "list"}), 0);
  EXPECT_NE(out.str().find("web-1  connected  zone=a"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("old-1"), std::string::npos);
  coordinator.answer(answer);
  EXPECT_EQ(run({"hosts", "list", "--all"}), 0);
  EXPECT_NE(out.str().find("old-1  removed"), std::string::npos);
}

TEST_F(CommandsTest, AStatusShowsEveryComponentAndSaysHowItStands) {
  coordinator.answer(deployment_json("stuck"));
  EXPECT_EQ(run({"deploy", "status", "d-1"}), 4);
  EXPECT_NE(out.str().find("web-1  api        swapped  verify port 5000"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("is stuck: probe failed on web-2"), std::string::npos);
  coordinator.answer(deployment_json("swapping"));
  EXPECT_EQ(run({"deploy", "status", "d-1"}), 0);
}

TEST_F(CommandsTest, TheStatusSaysWhatServesWhereAndWhatIsToBecomeOfIt) {
  const auto line = [](const std::string& component, const std::string& on, const std::string& kind,
                       const std::string& more) {
    return R"({"host":")" + on + R"(","environment":"production","component":")" + component +
           R"(","version":"1.2","deployment":"d-1","since_ms":null,"removed":false,"serving":{"kind":")" + kind +
           R"(","slot":"blue","release":"0123456789abcdef","unit":"api@blue.service"},)" + more + "}";
  };
  const auto now = [](const std::string& state, const std::string& why) {
    return R"("connected":true,"last_seen_ms":5,"now":{"state":")" + state + R"(","why":")" + why +
           R"("},"owed":null,"changing":null)";
  };
  const std::string quiet = R"("connected":true,"owed":null,"changing":null)";
  const std::string answer = R"({"serving":[)" + line("web", "a-1", "release", quiet) + "," +
                             line("gone", "a-1", "absent", quiet) + "," +
                             line("api", "a-2", "release", R"("connected":false,"owed":null,"changing":null)") + "," +
                             line("cache", "a-1", "release", now("as_committed", "")) + "," +
                             line("cache", "a-2", "release", now("different", "cache@blue.service is failed")) + "," +
                             line("cache", "a-3", "release", now("unknown", "its agent does not answer")) + "," +
                             line("api", "a-3", "release", R"("connected":true,"owed":"d-7","changing":null)") + "," +
                             line("api", "a-4", "absent", R"("connected":true,"owed":null,"changing":"d-8")") + "]}";
  const std::string targets = api::views::rollback_targets_body({FakeOperations::sample_lineage()});
  coordinator.answer(answer);
  coordinator.answer(targets);
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_EQ(out.str(),
            "ENVIRONMENT  COMPONENT  HOST  VERSION  RELEASE       SLOT  SINCE  STATE\n"
            "production   api        a-2   1.2      0123456789ab  blue  -      committed; host away\n"
            "production   api        a-3   1.2      0123456789ab  blue  -      to follow d-7\n"
            "production   api        a-4   1.2      0123456789ab  blue  -      being changed by d-8\n"
            "production   cache      a-1   1.2      0123456789ab  blue  -      serves\n"
            "production   cache      a-2   1.2      0123456789ab  blue  -      NOT as committed: cache@blue.service is "
            "failed\n"
            "production   cache      a-3   1.2      0123456789ab  blue  -      committed; not known now: its agent "
            "does not answer\n"
            "production   web        a-1   1.2      0123456789ab  blue  -      committed\n"
            "\nA rollback would go back to:\n"
            "  production guestbook: 1.1 (" +
                known_rollback.str() + "), score 80, on 1 of 2 hosts; no answer from web-2\n");
  coordinator.answer(answer);
  coordinator.answer(404, api::views::error_body("not_found", "an older coordinator"));
  out.str("");
  EXPECT_EQ(run({"status", "--json"}), 0);
  EXPECT_NE(out.str().find("\"gone\""), std::string::npos) << "programs get everything";
}

TEST_F(CommandsTest, WithoutAnIdTheLastStableVersionOfTheEnvironmentComesBack) {
  coordinator.answer(api::views::rollback_targets_body({FakeOperations::sample_lineage()}));
  coordinator.answer(deployment_json("approved"));
  EXPECT_EQ(run({"rollback", "start", "--environment", "production", "--reason", "r", "--detach"}), 0);
  EXPECT_EQ(coordinator.calls.at(0).path, "/v1/rollback-targets?environment=production");
  const auto body = nlohmann::json::parse(coordinator.calls.at(1).body);
  EXPECT_EQ(body.at("deployment"), known_deployment.str());
  EXPECT_EQ(body.at("target_version"), known_rollback.str());
  EXPECT_NE(notes.str().find("Going back to 1.1"), std::string::npos) << notes.str();
}

TEST_F(CommandsTest, ARollbackOfNothingInParticularIsOfTheOnlyEnvironment) {
  coordinator.answer(R"({"environments":["production"]})");
  coordinator.answer(api::views::rollback_targets_body({FakeOperations::sample_lineage()}));
  coordinator.answer(deployment_json("approved"));
  EXPECT_EQ(run({"rollback", "start", "--reason", "r", "--detach"}), 0);
  EXPECT_EQ(asked(1), "GET /v1/rollback-targets?environment=production");
  coordinator.calls.clear();
  coordinator.answer(R"({"environments":["production","staging"]})");
  EXPECT_EQ(run({"rollback", "start", "--reason", "r"}), 2);
  EXPECT_EQ(coordinator.calls.size(), 1u) << "nobody chooses between two";
}

TEST_F(CommandsTest, SaysWhatWentWrongAndWhatToDo) {
  nlohmann::json deployment = nlohmann::json::parse(deployment_json("rolled_back"));
  deployment["errors"] = nlohmann::json::array({{{"phase", "postdeployment"},
                                                 {"severity", "critical"},
                                                 {"category", "health_check"},
                                                 {"code", "probe_failed"},
                                                 {"trigger", "integrity_check"},
                                                 {"host", "web-2"},
                                                 {"component", "api"},
                                                 {"message", "check health: 500"},
                                                 {"check", "health"},
                                                 {"recoverable", false},
                                                 {"suggested_actions", {"read the journal"}},
                                                 {"action", "rollback"},
                                                 {"reason", "every host goes back"}}});
  coordinator.answer(deployment.dump());
  EXPECT_EQ(run({"deploy", "status", "d-1"}), 3);
  EXPECT_NE(out.str().find("Errors:\n  web-2 api: check health: 500\n    postdeployment, critical, health_check, "
                           "trigger integrity_check, check health\n"
                           "    rollback: every host goes back\n    to do: read the journal\n"),
            std::string::npos)
      << out.str();
}

TEST_F(CommandsTest, ShowsWhatEachCheckFoundAndHowManyMoreThereAre) {
  fleet::DeploymentView view = FakeOperations::rollback_view();
  view.checks->findings.push_back({.host = HostId("web-2"),
                                   .component = "api",
                                   .check = "answers",
                                   .tier = 1,
                                   .status = model::CheckStatus::pass,
                                   .message = "fine\nDeployment d-1 failed"});
  coordinator.answer(api::views::deployment_body(view));
  EXPECT_EQ(run({"deploy", "status", "d-1"}), 0);
  for (const char* part : {"HOST   COMPONENT  CHECK    TIER  RESULT              TOOK   SEEN\n",
                           "web-1  api        disk     0     fail, not critical  40 ms  nearly full\n",
                           "web-2  api        answers  1     pass                -      fine Deployment d-1 failed\n",
                           "And 3 more checks: see --json, and the timeline.\n"}) {
    EXPECT_NE(out.str().find(part), std::string::npos) << part << out.str();
  }
}

TEST_F(CommandsTest, ShowsNoMoreChecksThanSomebodyReads) {
  fleet::DeploymentView view = FakeOperations::rollback_view();
  view.checks->findings.assign(limits::cli_check_lines_max + 2, FakeOperations::sample_finding());
  coordinator.answer(api::views::deployment_body(view));
  run({"deploy", "status", "d-1"});
  EXPECT_NE(out.str().find("And 5 more checks"), std::string::npos) << out.str();
}

TEST_F(CommandsTest, NothingThatSomebodyElseSaidLooksLikeALineOfOurs) {
  nlohmann::json deployment = nlohmann::json::parse(deployment_json("rejected"));
  const std::string forged = "x\nDeployment d-1 is done.\n  web-1 api: all is well";
  deployment["reason"] = "rejected by token:bob: " + forged;
  deployment["errors"] = nlohmann::json::array({{{"phase", "deployment"},
                                                 {"severity", "high"},
                                                 {"category", "service"},
                                                 {"code", "start_failed"},
                                                 {"trigger", nullptr},
                                                 {"host", "web-2"},
                                                 {"component", "api"},
                                                 {"message", forged},
                                                 {"recoverable", false},
                                                 {"suggested_actions", nlohmann::json::array()},
                                                 {"action", "rollback"},
                                                 {"reason", "every host goes back"}}});
  coordinator.answer(deployment.dump());
  run({"deploy", "status", "d-1"});
  EXPECT_EQ(out.str().find("\nDeployment d-1 is done."), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("\n  web-1 api"), std::string::npos) << "nor like another entry\n" << out.str();
  EXPECT_NE(out.str().find("\n  Deployment d-1 is done."), std::string::npos) << "but it is told\n" << out.str();
}

TEST_F(CommandsTest, OnlyARollbackIsSaidToUndoAnotherDeployment) {
  for (const auto& [kind, line] : {std::pair("rollback", "Undoes:      d-7"), {"converge", "Catches up:  d-7"}}) {
    std::string answer = deployment_json("done");
    const std::string before = R"("kind":"deploy","rollback_of":null)";
    answer.replace(answer.find(before), before.size(), R"("kind":")" + std::string(kind) + R"(","rollback_of":"d-7")");
    coordinator.answer(answer);
    EXPECT_EQ(run({"deploy", "status", "d-1"}), 0);
    EXPECT_NE(out.str().find(line), std::string::npos) << out.str();
  }
}

TEST_F(CommandsTest, TheListSaysWhatARollbackUndoes) {
  std::string answer = deployment_json("done");
  const std::string before = R"("kind":"deploy","rollback_of":null)";
  answer.replace(answer.find(before), before.size(), R"("kind":"rollback","rollback_of":"d-7")");
  coordinator.answer(R"({"deployments":[)" + deployment_json("done") + "," + answer + "]}");
  EXPECT_EQ(run({"deploy", "list"}), 0);
  EXPECT_NE(out.str().find("d-1  rollback  d-7  shop"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("d-1  deploy    -    shop"), std::string::npos) << out.str();
}

TEST_F(CommandsTest, ARollbackOfAPartSaysWhatStillRunsWhatWasNotUndone) {
  std::string answer = deployment_json("done", R"(,"kept":["web","worker"])");
  const std::string before = R"("kind":"deploy","rollback_of":null)";
  answer.replace(answer.find(before), before.size(), R"("kind":"rollback","rollback_of":"d-7")");
  coordinator.answer(answer);
  EXPECT_EQ(run({"rollback", "status", "d-1"}), 0);
  EXPECT_NE(out.str().find("Only a part was rolled back: web, worker still run the release of d-7.\n"),
            std::string::npos)
      << out.str();
}

TEST_F(CommandsTest, WithoutANumberTheAuditChainsNewestEntriesAreShown) {
  for (const std::uint64_t length : {0u, 1u, 2u, 49u, 50u, 51u, 1000u, 65536u}) {
    coordinator.calls.clear();
    const auto audit = [length](const cli::HttpCall& call) {
      const std::uint64_t after = std::stoull(call.path.substr(call.path.find("after=") + 6));
      const std::string entry = R"({"seq":)" + std::to_string(after + 1) +
                                R"(,"wall_ms":1,"principal":"","operation":"","object":"","reason":"","origin":"",)"
                                R"("success":true})";
      return cli::HttpReply{200, R"({"entries":[)" + (after < length ? entry : "") + "]}"};
    };
    coordinator.always(audit);
    EXPECT_EQ(run({"audit", "list"}), 0);
    const std::string expected = std::to_string(length > 50 ? length - 50 : 0);
    EXPECT_EQ(coordinator.calls.back().path, "/v1/audit?after=" + expected + "&limit=50") << length;
    EXPECT_LT(coordinator.calls.size(), 45u);
  }
}

TEST_F(CommandsTest, CancellingEndsWellWhenEverythingIsAsBefore) {
  coordinator.answer(ok);
  coordinator.answer(timeline_json("", 0, "rolled_back"));
  EXPECT_EQ(run({"deploy", "cancel", "d-1"}), 0);
  coordinator.answer(ok);
  coordinator.answer(timeline_json("", 0, "stuck"));
  EXPECT_EQ(run({"deploy", "cancel", "d-1"}), 4);
}

TEST_F(CommandsTest, HoldingEndsWellWhenItStandsStillAndSaysSoWhenItHadEndedBefore) {
  coordinator.answer(ok);
  coordinator.answer(timeline_json("", 0, "paused"));
  EXPECT_EQ(run({"deploy", "hold", "d-1", "--reason", "lunch"}), 0);
  EXPECT_EQ(coordinator.calls.front().path, "/v1/deployments/d-1/hold");
  EXPECT_EQ(coordinator.calls.front().body, R"({"reason":"lunch"})");
  EXPECT_NE(out.str().find("switchyard deploy resume d-1"), std::string::npos);
  coordinator.answer(ok);
  coordinator.answer(timeline_json("", 0, "rolled_back"));
  EXPECT_EQ(run({"deploy", "hold", "d-1"}), 3);
}

TEST_F(CommandsTest, ARollbackWhoseAnswerWasLostIsAskedForAgainUnderTheSameKey) {
  coordinator.be_away(true);
  coordinator.be_away(false);  // restarting
  coordinator.answer(201, deployment_json("approved"));
  // A refused connection after a lost answer is no reason to give up: the first request may have arrived.
  EXPECT_EQ(run({"rollback", "start", "d-1", "--reason", "r", "--detach"}), 0);
  ASSERT_EQ(coordinator.calls.size(), 3u);
  EXPECT_FALSE(coordinator.calls[0].idempotency_key.empty());
  EXPECT_EQ(coordinator.calls[0].idempotency_key, coordinator.calls[2].idempotency_key);
}

TEST_F(CommandsTest, ARollbackWithoutAReasonIsRefusedBeforeAnythingIsAskedAndWithAnExample) {
  using Words = std::vector<std::string>;
  for (const Words& reason : {Words{}, Words{"--reason", " \t"}}) {
    for (const Words& what :
         {Words{"rollback", "start", "d-1"}, Words{"rollback", "start", "--environment", "production"},
          Words{"rollback", "start", "d-1", "--dry-run"}}) {
      Words words = what;
      words.insert(words.end(), reason.begin(), reason.end());
      notes.str("");
      EXPECT_EQ(run(words), 2);
      EXPECT_NE(notes.str().find("--reason \"checkout is too slow\""), std::string::npos) << notes.str();
    }
  }
  EXPECT_TRUE(coordinator.calls.empty());
}

TEST_F(CommandsTest, WhatWasNeverAskedForIsNotRetried) {
  coordinator.be_away(false);
  EXPECT_EQ(run({"rollback", "start", "d-1", "--reason", "r"}), 5);
  EXPECT_EQ(coordinator.calls.size(), 1u);
}

}  // namespace
}  // namespace switchyard::testing
