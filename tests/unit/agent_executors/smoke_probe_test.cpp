// Smoke suites against a server that is really there.
#include "agent/probes/probe.hpp"
#include "agent/probes/smoke_verdict.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <mutex>

#include "agent/probes/http_exchange.hpp"
#include "tests/unit/agent_executors/http_server.hpp"

namespace switchyard::agent::testing {
namespace {

std::string answer_with(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

/// A shop: POST /orders makes one, GET /orders/7 shows it, and whoever ordered is called back.
class Shop {
 public:
  Shop()
      : server_([this](int connection) {
          char buffer[8192];
          const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
          const std::string request(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
          const std::string reply = answer(request);
          (void)::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
        }) {}
  std::string url(const std::string& path) const { return server_.url(path); }
  bool calls_back = true;

 private:
  std::string answer(const std::string& request) {
    if (request.starts_with("POST /orders")) {
      const std::size_t hook = request.find("http://", request.find("\r\n\r\n"));
      std::string why;
      // Before it answers: who asked must listen meanwhile.
      if (hook != std::string::npos && calls_back) {
        const std::string url = request.substr(hook, request.find('"', hook) - hook);
        EXPECT_TRUE(ask_http({"POST", url, {}, "order 7 is paid"}, Deadline(2000), {}, why)) << why;
      }
      return answer_with(201, R"({"order": {"id": 7, "items": [{"name": "tea"}]}, "token": "secret-token"})");
    }
    if (request.starts_with("GET /orders/7") && request.find("Authorization: Bearer secret-token") != std::string::npos)
      return answer_with(200, "one tea");
    return answer_with(404, "nothing here");
  }
  Server server_;
};

protocol::SmokeRequest get(const std::string& name, const std::string& url, bool critical = true) {
  protocol::SmokeRequest request;
  request.name = name;
  request.method = "GET";
  request.url = url;
  request.critical = critical;
  return request;
}

protocol::SmokeProbe order_flow(const Shop& shop) {
  protocol::SmokeRequest order = get("order", shop.url("/orders"));
  order.method = "POST";
  order.body = R"({"callback": "@{webhook}"})";
  order.expected_status = {201};
  order.capture = {{"id", "order.id"}, {"item", "order.items.0.name"}, {"token", "token"}};
  order.webhook = true;
  order.webhook_body = "is paid";
  protocol::SmokeRequest show = get("show", shop.url("/orders/@{id}"));
  show.headers = {{"Authorization", "Bearer @{token}"}};
  show.expected_body = "@{item}";
  return {{order, show}};
}

TEST(SmokeSuite, CarriesWhatOneRequestCapturedIntoTheNextAndHearsTheCallBack) {
  const Shop shop;
  const ProbeTry tried = try_smoke(order_flow(shop), 5000, {});
  EXPECT_TRUE(tried.ok) << tried.detail;
  EXPECT_EQ(tried.details.at("passed"), "2");
}

TEST(SmokeSuite, FailsWhenNobodyCallsBack) {
  Shop shop;
  shop.calls_back = false;
  const ProbeTry tried = try_smoke(order_flow(shop), 300, {});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("no call back came"), std::string::npos) << tried.detail;
}

TEST(SmokeSuite, SaysWhatWasNotCapturedWhenTheRequestBeforeFailed) {
  const Shop shop;
  protocol::SmokeProbe flow = order_flow(shop);
  flow.requests[0].url = shop.url("/elsewhere");
  const ProbeTry tried = try_smoke(flow, 2000, {});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("order: POST"), std::string::npos) << tried.detail;
  EXPECT_NE(tried.detail.find("show: `@{id}` was not captured"), std::string::npos) << tried.detail;
}

TEST(SmokeSuite, ForgivesRequestsThatAreNotCriticalUpToHalfOfAll) {
  const Shop shop;
  const auto good = [&] { return get("good", shop.url("/orders/7")); };
  protocol::SmokeProbe suite{{get("bad", shop.url("/x"), false), good()}};
  suite.requests[1].headers = {{"Authorization", "Bearer secret-token"}};
  const ProbeTry half = try_smoke(suite, 2000, {});
  EXPECT_TRUE(half.ok) << half.detail;
  EXPECT_EQ(half.details.at("failed"), "1");
  EXPECT_FALSE(half.details.contains("mostly_failed"));
  EXPECT_EQ(half.forgiven, 1u);
  suite.requests.push_back(get("worse", shop.url("/y"), false));
  const ProbeTry most = try_smoke(suite, 2000, {});
  EXPECT_FALSE(most.ok) << "two of three";
  EXPECT_EQ(most.details.at("mostly_failed"), "true");
  EXPECT_EQ(most.forgiven, 0u) << "nothing is forgiven to what fails";
}

TEST(SmokeSuite, WithoutRequestsTellsNothing) {
  const ProbeTry tried = try_smoke({}, 100, {});
  EXPECT_FALSE(tried.ok);
  EXPECT_TRUE(tried.unknown);
}

RC_GTEST_PROP(SmokeVerdictProperty, FailsExactlyOnACriticalFailureOrOnMoreThanHalf,
              (const std::vector<std::pair<bool, bool>>& drawn)) {
  std::vector<SmokeOutcome> outcomes;
  std::size_t failed = 0;
  bool critical_failed = false;
  for (const auto& [ok, critical] : drawn) {
    outcomes.push_back({"r", ok, critical, ""});
    failed += ok ? 0 : 1;
    critical_failed = critical_failed || (!ok && critical);
  }
  const SmokeVerdict verdict = judge_smoke(outcomes);
  const double share = drawn.empty() ? 1.0 : static_cast<double>(failed) / static_cast<double>(drawn.size());
  RC_ASSERT(verdict.ok == (!drawn.empty() && !critical_failed && share <= 0.5));
  RC_ASSERT(verdict.mostly_failed == (!drawn.empty() && share > 0.5));
  RC_ASSERT(judge_smoke(outcomes, true).ok == (!drawn.empty() && failed < drawn.size()));
}

TEST(SmokeSuite, OfOutsideServicesFailsOnlyWhenNoneAnswers) {
  const Shop shop;
  protocol::SmokeRequest there = get("there", shop.url("/orders/7"));
  there.headers = {{"Authorization", "Bearer secret-token"}};
  protocol::SmokeProbe suite{{get("away", shop.url("/x")), there}, true};
  const ProbeTry half = try_smoke(suite, 2000, {});
  EXPECT_TRUE(half.ok) << half.detail;
  suite.requests.pop_back();
  EXPECT_FALSE(try_smoke(suite, 2000, {}).ok);
}

}  // namespace
}  // namespace switchyard::agent::testing
