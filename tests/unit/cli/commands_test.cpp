#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/api/json_views.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"

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
cli::HttpReply audit_page(const std::vector<store::StoredAudit>& rows, const cli::HttpCall& call) {
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

TEST_F(CommandsTest, NoRightToTheSocketIsARefusalAndNotAnAbsence) {
  coordinator.answer([](const cli::HttpCall&) -> cli::HttpReply { throw cli::NotAllowedError("not for this user"); });
  EXPECT_EQ(run({"hosts", "list"}), 6);
  EXPECT_NE(notes.str().find("not for this user"), std::string::npos);
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
      {{"rollback", "start", "d-1", "--without", "web-1,web-2", "--to-nothing", "--detach"},
       deployment_json("approved"),
       "POST /v1/rollbacks",
       R"({"components":[],"deployment":"d-1","reason":"","to_nothing":true,"without":["web-1","web-2"]})"},
      {{"rollback", "status", "d-2"}, deployment_json("done"), "GET /v1/rollbacks/d-2", ""},
      {{"rollback", "list"}, R"({"rollbacks":[]})", "GET /v1/rollbacks?limit=20", ""},
      {{"status"}, R"({"serving":[]})", "GET /v1/serving", ""},
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

TEST_F(CommandsTest, ShowsTheCoordinatorsKeys) {
  coordinator.answer(
      R"({"keys":"aa","next":null,"known_by":[],"missing":[],"deployments_at_work":[],"in_force":false})");
  EXPECT_EQ(run({"keys", "show"}), 0);
  EXPECT_NE(out.str().find("Keys in force: aa\nNo others are announced"), std::string::npos) << out.str();
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
  const std::string quiet = R"("connected":true,"owed":null,"changing":null)";
  const std::string answer = R"({"serving":[)" + line("web", "a-1", "release", quiet) + "," +
                             line("gone", "a-1", "absent", quiet) + "," +
                             line("api", "a-2", "release", R"("connected":false,"owed":null,"changing":null)") + "," +
                             line("api", "a-3", "release", R"("connected":true,"owed":"d-7","changing":null)") + "," +
                             line("api", "a-4", "absent", R"("connected":true,"owed":null,"changing":"d-8")") + "]}";
  coordinator.answer(answer);
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_EQ(out.str(),
            "ENVIRONMENT  COMPONENT  HOST  VERSION  RELEASE       SLOT  SINCE  STATE\n"
            "production   api        a-2   1.2      0123456789ab  blue  -      committed; host away\n"
            "production   api        a-3   1.2      0123456789ab  blue  -      to follow d-7\n"
            "production   api        a-4   1.2      0123456789ab  blue  -      being changed by d-8\n"
            "production   web        a-1   1.2      0123456789ab  blue  -      committed\n");
  coordinator.answer(answer);
  out.str("");
  EXPECT_EQ(run({"status", "--json"}), 0);
  EXPECT_NE(out.str().find("\"gone\""), std::string::npos) << "programs get everything";
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

TEST_F(CommandsTest, ARollbackWhoseAnswerWasLostIsAskedForAgainUnderTheSameKey) {
  coordinator.be_away(true);
  coordinator.be_away(false);  // restarting
  coordinator.answer(201, deployment_json("approved"));
  // A refused connection after a lost answer is no reason to give up: the first request may have arrived.
  EXPECT_EQ(run({"rollback", "start", "d-1", "--detach"}), 0);
  ASSERT_EQ(coordinator.calls.size(), 3u);
  EXPECT_FALSE(coordinator.calls[0].idempotency_key.empty());
  EXPECT_EQ(coordinator.calls[0].idempotency_key, coordinator.calls[2].idempotency_key);
}

TEST_F(CommandsTest, WhatWasNeverAskedForIsNotRetried) {
  coordinator.be_away(false);
  EXPECT_EQ(run({"rollback", "start", "d-1"}), 5);
  EXPECT_EQ(coordinator.calls.size(), 1u);
}

}  // namespace
}  // namespace switchyard::testing
