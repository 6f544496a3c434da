#include "coordinator/api/service.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_system.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::api {
namespace {

using nlohmann::json;

const Peer local{true, "local:deploy", "unix socket"};
const Peer remote{false, "", "127.0.0.1:40000"};

TokenBook one_token_book() {
  testing::MemoryFileSystem files;
  files.create_directories("/state", 0700);
  files.write_atomically("/state/tokens.json", R"({"tokens":[{"id":"ci","sha256":")" + sha256_hex("secret") + R"("}]})",
                         0600);
  return TokenBook::open(files, "/state");
}

class ServiceTest : public ::testing::Test {
 protected:
  static RequestHead head(Method method, const std::string& target, const std::string& body = "") {
    RequestHead result;
    result.method = method;
    result.target = target;
    result.host = "localhost:8765";
    if (method == Method::post || method == Method::put) result.content_type = "application/json";
    result.content_length = body.size();
    return result;
  }

  Response ask(const RequestHead& request, const std::string& body = "", const Peer& peer = local) {
    auto judged = service.admit(request, peer);
    if (auto* refused = std::get_if<Response>(&judged)) return *refused;
    auto& admission = std::get<Service::Admission>(judged);
    admission.request.body = body;
    std::optional<Response> answer;
    service.run(*admission.route, admission.request, [&](Response response) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(response);
    });
    EXPECT_TRUE(answer) << "not answered";
    return answer.value_or(Response{});
  }
  Response get(const std::string& target) { return ask(head(Method::get, target)); }
  Response post(const std::string& target, const std::string& body) {
    return ask(head(Method::post, target, body), body);
  }
  static std::string code_of(const Response& response) {
    return json::parse(response.body).at("error").at("code").get<std::string>();
  }

  testing::FakeOperations operations;
  Response get_with(const std::string& token, const Peer& peer = remote) {
    RequestHead request = head(Method::get, "/v1/hosts");
    request.authorization = "Bearer " + token;
    return ask(request, "", peer);
  }
  /// Until the source of `peer` is to wait.
  void try_out(const Peer& peer = remote) {
    for (unsigned i = 0; i < limits::wrong_tokens_free; ++i) {
      ASSERT_EQ(get_with("guess " + std::to_string(i), peer).status, 401);
    }
  }

  testing::FakeClock clock;
  Service service{operations, ApiConfig{}, one_token_book(), clock};
};

/// T21 of the threat model: Origin x Host x method.
TEST_F(ServiceTest, RefusesForeignSitesForEveryMethodAndCaller) {
  for (const Method method : {Method::get, Method::put, Method::post, Method::delete_}) {
    for (const Peer& peer : {local, remote}) {
      for (const char* host : {"localhost", "evil.example"}) {
        for (const char* origin : {"", "http://localhost", "http://evil.example", "null"}) {
          RequestHead request = head(method, "/v1/hosts/web-1");
          request.authorization = "Bearer secret";
          request.host = host;
          if (*origin != '\0') request.origin = origin;
          const bool good =
              std::string(host) == "localhost" && (*origin == '\0' || std::string(origin) == "http://localhost");
          EXPECT_EQ(ask(request, "", peer).status == 403, !good) << host << " " << origin;
        }
      }
    }
  }
  EXPECT_EQ(operations.asked.size(), 4u);  // DELETE, for each caller and each of the two good origins
}

TEST_F(ServiceTest, AsksAStrangerForATokenWhateverThePath) {
  for (const char* path : {"/v1/hosts", "/v1/nothing", "/v1/version", "/v1/audit"}) {
    const Response response = ask(head(Method::get, path), "", remote);
    EXPECT_EQ(response.status, 401) << path;
    EXPECT_EQ(response.headers.at(0).first, "WWW-Authenticate");
  }
  EXPECT_TRUE(operations.asked.empty());
}

TEST_F(ServiceTest, TellsTheAuditFromWhereItIsAsked) {
  EXPECT_NE(ask(head(Method::get, "/v1/audit?after=41")).body.find("\"seq\":42"), std::string::npos);
  EXPECT_NE(ask(head(Method::get, "/v1/audit")).body.find("\"seq\":1,"), std::string::npos);
  for (const char* query : {"after=-1", "after=x", "limit=0x", "from=1", "after=1&after=2"}) {
    EXPECT_EQ(ask(head(Method::get, std::string("/v1/audit?") + query)).status, 400) << query;
  }
}

TEST_F(ServiceTest, AnswersHealthToAnybody) { EXPECT_EQ(ask(head(Method::get, "/v1/health"), "", remote).status, 200); }

TEST_F(ServiceTest, KnowsTheBearerOfAToken) {
  RequestHead request = head(Method::delete_, "/v1/hosts/web-1");
  request.authorization = "Bearer secret";
  EXPECT_EQ(ask(request, "", remote).status, 200);
  EXPECT_EQ(operations.callers.at(0).principal, "token:ci");
  EXPECT_EQ(operations.callers.at(0).origin, "127.0.0.1:40000");
}

TEST_F(ServiceTest, KnowsTheBearerOfATokenOfTheStoreAndPassesOnWhatWasGivenToHim) {
  const access::Principal ann{"token:ann", access::Kind::ai, {{access::Role::operator_, "production"}}};
  operations.bearers[sha256_hex("syt_1")] = {ann, "0123456789ab"};
  RequestHead request = head(Method::delete_, "/v1/hosts/web-1");
  request.authorization = "Bearer syt_1";
  EXPECT_EQ(ask(request, "", remote).status, 200);
  EXPECT_EQ(operations.callers.at(0).principal, "token:ann");
  EXPECT_EQ(operations.callers.at(0).who, ann);
  EXPECT_EQ(operations.callers.at(0).token, "0123456789ab");
}

TEST_F(ServiceTest, TellsOfAWrongTokenFromWhereItCame) {
  RequestHead request = head(Method::get, "/v1/hosts");
  request.authorization = "Bearer wrong";
  EXPECT_EQ(ask(request, "", remote).status, 401);
  EXPECT_EQ(operations.turned_away_from, std::vector<std::string>{"127.0.0.1:40000"});
  EXPECT_EQ(ask(head(Method::get, "/v1/hosts"), "", remote).status, 401);
  EXPECT_EQ(operations.turned_away_from.size(), 1u) << "who shows no token tries none";
}

TEST_F(ServiceTest, WhoTriesTokensOutIsToldToWaitAndHowLong) {
  try_out();
  Response refused = get_with("one more");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "too_many_wrong_tokens");
  EXPECT_EQ(refused.headers.at(0), (std::pair<std::string, std::string>("Retry-After", "1")));
  clock.advance(limits::wrong_token_pause_ms_min);
  EXPECT_EQ(get_with("another").status, 401) << "one try";
  refused = get_with("yet another");
  EXPECT_EQ(refused.headers.at(0).second, "2");
  EXPECT_EQ(operations.turned_away_from.size(), limits::wrong_tokens_free + 3U) << "the audit counts all of them";
}

TEST_F(ServiceTest, WhoHasARightTokenDoesNotWaitForOthersOfHisSource) {
  try_out();
  ASSERT_EQ(get_with("one more").status, 429);
  EXPECT_EQ(get_with("secret").status, 200);
  operations.bearers[sha256_hex("syt_1")] = {access::administrator("token:ann"), "0123456789ab"};
  EXPECT_EQ(get_with("syt_1").status, 200) << "nor who has never been here before";
  EXPECT_EQ(get_with("one more", local).status, 401) << "nor who comes another way";
  EXPECT_EQ(ask(head(Method::get, "/v1/hosts")).status, 200);
}

/// With a token as people write them: `DEPLOYMENT_ADMIN_TOKENS=token1,token2`.
class ShortTokenTest : public ServiceTest {
 protected:
  int status_of(const std::string& token, const Peer& peer = remote) {
    RequestHead request = head(Method::get, "/v1/hosts");
    request.authorization = "Bearer " + token;
    const auto judged = guessed.admit(request, peer);
    const auto* refused = std::get_if<Response>(&judged);
    return refused == nullptr ? 200 : refused->status;
  }
  static TokenBook short_token_book() {
    TokenBook book = one_token_book();
    book.add_administrators({"token1"});
    return book;
  }

  Service guessed{operations, ApiConfig{}, short_token_book(), clock};
};

TEST_F(ShortTokenTest, IsNotFoundByTryingFast) {
  EXPECT_EQ(status_of("token1"), 200);
  for (unsigned i = 0; i < limits::wrong_tokens_free; ++i) status_of("guess " + std::to_string(i));
  EXPECT_EQ(status_of("token1"), 429) << "a guess that is right looks like one that is wrong";
  EXPECT_EQ(status_of("secret"), 200);
  clock.advance(limits::wrong_token_pause_ms_max);
  EXPECT_EQ(status_of("token1"), 200);
}

/// Who is held back where somebody guesses is not held back elsewhere for it.
TEST_F(ShortTokenTest, WaitsOnlyWhereSomebodyGuesses) {
  for (unsigned i = 0; i < limits::wrong_tokens_free; ++i) status_of("guess " + std::to_string(i));
  for (unsigned i = 0; i <= limits::wrong_token_repeats_free; ++i) EXPECT_EQ(status_of("token1"), 429);
  EXPECT_EQ(status_of("token1", local), 200);
  clock.advance(limits::wrong_token_pause_ms_min);
  EXPECT_EQ(status_of("token1"), 200) << "there too, as soon as its source may try again";
}

/// Neither the status nor the pause may tell a guess that is right from one that is wrong.
TEST_F(ShortTokenTest, IsHeldBackLikeAWrongOne) {
  for (unsigned i = 0; i < limits::wrong_tokens_free; ++i) status_of("guess " + std::to_string(i));
  for (unsigned i = 0; i <= 2 * limits::wrong_token_repeats_free; ++i) {
    EXPECT_EQ(status_of("token1"), 429);
    EXPECT_EQ(status_of("token2"), 429);
  }
  EXPECT_EQ(status_of("token2", local), 401) << "as the right one is let try there";
}

TEST_F(ServiceTest, OneWrongTokenAgainAndAgainIsNotEvenLookedUp) {
  const std::string expired = "syt_" + std::string(64, 'e');
  for (unsigned i = 0; i < limits::wrong_token_repeats_free; ++i) EXPECT_EQ(get_with(expired).status, 401);
  EXPECT_EQ(get_with(expired).status, 429);
  EXPECT_EQ(get_with("secret").status, 200);
  EXPECT_EQ(get_with("not yet").status, 401);
}

TEST_F(ServiceTest, TheLocalUserIsAnAdministrator) {
  EXPECT_EQ(ask(head(Method::delete_, "/v1/hosts/web-1")).status, 200);
  EXPECT_EQ(operations.callers.at(0).who, access::administrator("local:deploy"));
}

TEST_F(ServiceTest, AWrongTokenIsNoBetterOnTheLocalSocket) {
  RequestHead request = head(Method::get, "/v1/hosts");
  request.authorization = "Bearer wrong";
  EXPECT_EQ(ask(request, "", local).status, 401);
}

TEST_F(ServiceTest, TakesTheLocalUserAtTheKernelsWord) {
  EXPECT_EQ(ask(head(Method::delete_, "/v1/hosts/web-1")).status, 200);
  EXPECT_EQ(operations.callers.at(0).principal, "local:deploy");
}

TEST_F(ServiceTest, EveryRouteThatChangesSomethingWantsItsContentType) {
  for (const Route& route : routes()) {
    if (route.body == BodyKind::none) continue;
    std::string path(route.path);
    for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}) {
      RequestHead request = head(route.method, "/v1" + path.substr(3), "x");
      request.target.erase(std::remove(request.target.begin(), request.target.end(), '{'), request.target.end());
      request.target.erase(std::remove(request.target.begin(), request.target.end(), '}'), request.target.end());
      request.content_type = type;
      EXPECT_EQ(ask(request, "x").status, 415) << path << " " << type;
    }
  }
  EXPECT_TRUE(operations.asked.empty());
}

TEST_F(ServiceTest, ExactlyPutAndPostCarryABodyAndOnlyHealthIsOpen) {
  for (const Route& route : routes()) {
    const bool sends = route.method == Method::post || route.method == Method::put;
    EXPECT_EQ(route.body != BodyKind::none, sends) << route.path;
    EXPECT_EQ(route.access == Access::open, route.path == "/v1/health") << route.path;
  }
}

TEST_F(ServiceTest, RefusesABodyThatIsTooLargeBeforeItIsRead) {
  RequestHead request = head(Method::post, "/v1/hosts");
  request.content_length = limits::api_small_body_bytes_max + 1;
  EXPECT_EQ(ask(request).status, 413);
  request.content_length = std::uint64_t{1} << 60;
  EXPECT_EQ(ask(request).status, 413);
  request = head(Method::get, "/v1/hosts");
  request.content_length = 1;
  EXPECT_EQ(ask(request).status, 400);
}

TEST_F(ServiceTest, TellsWhatAPathAnswersTo) {
  const Response response = ask(head(Method::put, "/v1/deployments"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at(0), (std::pair<std::string, std::string>{"Allow", "POST, GET"}));
  EXPECT_EQ(get("/v1/nothing").status, 404);
  EXPECT_EQ(get("/v1/%zz").status, 400);
}

TEST_F(ServiceTest, RefusesUnknownQueryKeysAndBadNumbers) {
  EXPECT_EQ(get("/v1/deployments?limt=3").status, 400);
  EXPECT_EQ(get("/v1/deployments?limit=-1").status, 400);
  EXPECT_EQ(get("/v1/deployments?limit=3x").status, 400);
  EXPECT_EQ(json::parse(get("/v1/deployments?limit=1").body)["deployments"].size(), 1u);
}

TEST_F(ServiceTest, OnlyRehearsesWhatIsAskedWithDryRun) {
  post("/v1/agents/web-1/revoke?dry_run=true", "{}");
  ASSERT_EQ(operations.callers.size(), 1u);
  EXPECT_TRUE(operations.callers.back().rehearses);
  post("/v1/agents/web-1/revoke?dry_run=false", "{}");
  EXPECT_FALSE(operations.callers.back().rehearses);
  post("/v1/agents/web-1/revoke", "{}");
  EXPECT_FALSE(operations.callers.back().rehearses);
}

/// Who mistypes it must not have it done.
TEST_F(ServiceTest, DoesNothingWhereDryRunIsMisspelt) {
  for (const char* query : {"dryrun=true", "dry_run=yes", "dry_run=", "dry_run=true&x=1"}) {
    EXPECT_EQ(post(std::string("/v1/agents/web-1/revoke?") + query, "{}").status, 400) << query;
  }
  EXPECT_EQ(get("/v1/hosts?dry_run=true").status, 400);
  EXPECT_TRUE(operations.asked.empty());
}

TEST_F(ServiceTest, SaysWhatWouldHaveBeenDone) {
  const Response response = post("/v1/agents/web-1/revoke?dry_run=true", "{}");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"dry_run":true,"would":"revoke web-1 would be done"})");
}

TEST_F(ServiceTest, PassesOnTheIdempotencyKey) {
  RequestHead request = head(Method::post, "/v1/deployments", R"({"manifest":"x"})");
  request.idempotency_key = "k-1";
  EXPECT_EQ(ask(request, R"({"manifest":"x"})").status, 201);
  EXPECT_EQ(operations.deploy_request.idempotency_key, "k-1");
  request.idempotency_key = "bad key";
  EXPECT_EQ(ask(request, R"({"manifest":"x"})").status, 400);
  request.idempotency_key = std::string(65, 'k');
  EXPECT_EQ(ask(request, R"({"manifest":"x"})").status, 400);
}

TEST_F(ServiceTest, ARefusalBecomesStatusAndErrorBody) {
  const Response response = post("/v1/deployments", R"({"manifest":"x","environment":"locked"})");
  EXPECT_EQ(response.status, 409);
  const json error = json::parse(response.body)["error"];
  EXPECT_EQ(error["code"], "locked");
  EXPECT_EQ(error["details"]["holder"], "d-1");
}

TEST_F(ServiceTest, RollbacksAreTheDeploymentsOfThatKind) {
  EXPECT_EQ(json::parse(get("/v1/rollbacks").body)["rollbacks"].size(), 1u);
  EXPECT_EQ(get("/v1/rollbacks/" + testing::known_rollback.str()).status, 200);
  EXPECT_EQ(code_of(get("/v1/rollbacks/" + testing::known_deployment.str())), "not_a_rollback");
  EXPECT_NE(get("/v1/rollbacks/" + testing::known_deployment.str()).body.find("switchyard deploy status d-"),
            std::string::npos);
  EXPECT_EQ(get("/v1/rollbacks/d-9").status, 404);
}

TEST_F(ServiceTest, TheTimelineSaysWhereToGoOn) {
  const json first = json::parse(get("/v1/deployments/d-0123456789abcdef/timeline?after=1").body);
  EXPECT_EQ(first["entries"].size(), 1u);
  EXPECT_EQ(first["next"], 2);
  EXPECT_EQ(first["deployment"]["progress"][0]["state"], "swapped");
  EXPECT_EQ(json::parse(get("/v1/deployments/d-0123456789abcdef/timeline?after=9").body)["next"], 9);
}

TEST_F(ServiceTest, ALongPollIsBoundedAndAnsweredLater) {
  operations.hold_timeline = true;
  const RequestHead request = head(Method::get, "/v1/deployments/d-0123456789abcdef/timeline?wait_ms=999999");
  auto judged = service.admit(request, local);
  auto& admission = std::get<Service::Admission>(judged);
  std::vector<Response> answers;
  service.run(*admission.route, admission.request, [&](Response response) { answers.push_back(std::move(response)); });
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(operations.asked.back(), "wait 30000");
  operations.before_each = [] { throw StoreError("disk"); };
  operations.held_reply();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 503);
}

TEST_F(ServiceTest, ErrorsBecomeResponsesAndTheirDetailsStayInTheLog) {
  const auto status_when = [&](auto error) {
    operations.before_each = [error] { throw error; };
    const Response response = get("/v1/deployments");
    EXPECT_EQ(response.body.find("sqlite secret detail"), std::string::npos);
    return response.status;
  };
  EXPECT_EQ(status_when(StoreError("sqlite secret detail")), 503);
  EXPECT_EQ(status_when(SysError(5, "sqlite secret detail")), 500);
  EXPECT_EQ(status_when(std::logic_error("sqlite secret detail")), 500);
  EXPECT_EQ(status_when(store::ConflictError("held by d-1")), 409);
}

TEST_F(ServiceTest, AStaleEpochEndsTheProcessAndIsNotAnAnswer) {
  operations.before_each = [] { throw StaleEpochError("epoch 3 has taken over"); };
  EXPECT_THROW(get("/v1/deployments"), StaleEpochError);
}

TEST_F(ServiceTest, EachOperationIsAskedWithWhatTheRequestSays) {
  const std::string release = testing::release_a;
  RequestHead chunk = head(Method::put, "/v1/artifacts/" + release + "/chunks/7", "bytes");
  chunk.content_type = "application/octet-stream";
  EXPECT_EQ(ask(chunk, "bytes").status, 200);
  EXPECT_EQ(operations.received_bytes, "bytes");
  EXPECT_EQ(post("/v1/artifacts/" + release + "/complete", R"({"component":"api","version":"1"})").status, 200);
  EXPECT_EQ(post("/v1/deployments/d-1/cancel", R"({"reason":"r"})").status, 200);
  EXPECT_EQ(post("/v1/deployments/d-1/resume", "{}").status, 200);
  EXPECT_EQ(post("/v1/deployments/d-1/resolve", R"({"host":"h","gone":true,"reason":"r"})").status, 200);
  EXPECT_EQ(post("/v1/rollbacks", R"({"deployment":"d-1","components":["api"],"reason":"r"})").status, 201);
  EXPECT_EQ(post("/v1/agents/tokens", R"({"host_pattern":"web-*"})").status, 201);
  EXPECT_EQ(post("/v1/agents/web-1/revoke", "{}").status, 200);
  EXPECT_EQ(post("/v1/hosts", R"({"host":"web-3","labels":{"a":"b"}})").status, 201);
  EXPECT_EQ(post("/v1/hosts/web-3/replace", "{}").status, 201);
  EXPECT_EQ(operations.asked,
            (std::vector<std::string>{"put_chunk 7", "complete_artifact api 1", "cancel d-1 r", "resume d-1",
                                      "gone d-1 h r", "start_rollback", "create_token web-*", "revoke web-1",
                                      "add_host web-3 1", "replace_host web-3"}));
  EXPECT_EQ(operations.rollback_request.components, std::vector<std::string>{"api"});
}

TEST_F(ServiceTest, AsksForSnapshotsByTheirIds) {
  const std::string id = testing::known_snapshot.str();
  const Response made = post("/v1/snapshots", R"({"environment":"production","name":"shop","reason":"r"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json::parse(made.body)["id"], id);
  EXPECT_EQ(get("/v1/snapshots/" + id).status, 200);
  RequestHead request = head(Method::post, "/v1/snapshots/" + id + "/restore", R"({"reason":"r"})");
  request.idempotency_key = "k-1";
  const Response restored = ask(request, R"({"reason":"r"})");
  EXPECT_EQ(restored.status, 201);
  EXPECT_EQ(json::parse(restored.body)["kind"], "restore");
  EXPECT_EQ(json::parse(restored.body)["snapshot"], id);
  EXPECT_EQ(operations.restore_request.idempotency_key, "k-1");
  EXPECT_EQ(ask(head(Method::delete_, "/v1/snapshots/" + id)).status, 200);
  EXPECT_EQ(operations.asked, (std::vector<std::string>{"create_snapshot production shop r", "snapshot " + id,
                                                        "restore_snapshot " + id + " r", "remove_snapshot " + id}));
  EXPECT_EQ(post("/v1/snapshots", "{}").status, 400) << "of which environment?";
  EXPECT_EQ(post("/v1/snapshots/UPPER/restore", R"({"reason":"r"})").status, 400);
  EXPECT_EQ(get("/v1/snapshots?environment=A%20B").status, 400);
}

TEST_F(ServiceTest, SchemasOfASnapshotAreComparedOnlyWhenThatIsAskedFor) {
  const std::string path = "/v1/snapshots/" + testing::known_snapshot.str();
  EXPECT_EQ(get(path + "?schemas=1").status, 200);
  EXPECT_EQ(get(path + "?schemas=0").status, 200);
  EXPECT_EQ(get(path + "?schemas=yes").status, 400);
  EXPECT_EQ(get(path + "?schema=true").status, 400);
  EXPECT_EQ(operations.asked, (std::vector<std::string>{"snapshot " + testing::known_snapshot.str() + " with schemas",
                                                        "snapshot " + testing::known_snapshot.str()}));
}

TEST_F(ServiceTest, ASnapshotSaysWhatIsNowOnlyWhenItIsLookedAt) {
  const json listed = json::parse(get("/v1/snapshots?environment=production&name=shop").body)["snapshots"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_FALSE(listed[0]["places"][0].contains("now"));
  EXPECT_EQ(listed[0]["version"], "1.2");
  EXPECT_EQ(listed[0]["whole"], true);
  const json one = json::parse(get("/v1/snapshots/" + testing::known_snapshot.str()).body);
  EXPECT_EQ(one["places"][0]["now"]["state"], "different");
  EXPECT_EQ(one["places"][0]["now"]["present"], true);
  EXPECT_EQ(one["why_not"], "its bytes are gone");
  EXPECT_EQ(one["since"][0], "web on web-2");
}

TEST_F(ServiceTest, ListsNoMoreSnapshotsThanAskedForAndNeverMoreThanALimit) {
  operations.snapshots_known = 1'000;
  const auto listed = [&](const std::string& query) {
    return json::parse(get("/v1/snapshots" + query).body)["snapshots"].size();
  };
  EXPECT_EQ(listed(""), limits::api_list_default);
  EXPECT_EQ(listed("?limit=3&environment=production"), 3u);
  EXPECT_EQ(listed("?limit=100000"), limits::api_list_max);
  EXPECT_EQ(get("/v1/snapshots?limit=many").status, 400);
}

TEST_F(ServiceTest, PassesOnTheWordOfAnApproverWithThePlanThatHeSaw) {
  EXPECT_EQ(post("/v1/approvals/d-1/approve", R"({"plan_hash":"aa","totp":"123456"})").status, 200);
  EXPECT_EQ(operations.approval_wish.plan_hash, "aa");
  EXPECT_EQ(operations.approval_wish.totp, "123456");
  EXPECT_TRUE(operations.approval_wish.grant);
  EXPECT_EQ(post("/v1/approvals/d-1/reject", R"({"plan_hash":"aa","reason":"no"})").status, 200);
  EXPECT_FALSE(operations.approval_wish.grant);
  EXPECT_EQ(post("/v1/approvals/d-1/approve", "{}").status, 400) << "not without the plan's hash";
  EXPECT_EQ(operations.asked, (std::vector<std::string>{"approve d-1 ", "reject d-1 no"}));
}

TEST_F(ServiceTest, RefusesNamesThatAreNone) {
  EXPECT_EQ(post("/v1/agents/UPPER/revoke", "{}").status, 400);
  EXPECT_EQ(ask(head(Method::delete_, "/v1/hosts/a%20b")).status, 400);
  EXPECT_EQ(post("/v1/artifacts/xyz/complete", R"({"component":"api","version":"1"})").status, 400);
  EXPECT_TRUE(operations.asked.empty());
}

}  // namespace
}  // namespace switchyard::api
