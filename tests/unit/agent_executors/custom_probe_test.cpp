// The contract of external checks (docs/health.md).
#include "agent/probes/custom_probe.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "agent/system/json_value.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"

namespace switchyard::agent::testing {
namespace {

/// systemd and time are the test's. The program reads all of its input, answers and ends in the first pause.
class CustomCheck : public ::testing::Test {
 protected:
  ProbeTry run(const std::string& answer, std::int32_t exit_status = 0) {
    Prober prober(services, clock, mask, [&](std::int64_t ms, const std::stop_token&) {
      clock.advance(ms);
      if (services.transients.empty() || ended_) return;
      const auto& [name, unit] = *services.transients.rbegin();
      char buffer[64 * 1024];
      const ssize_t got = ::read(unit.standard_input, buffer, sizeof buffer);
      asked.assign(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
      EXPECT_EQ(::read(unit.standard_input, buffer, sizeof buffer), 0) << "its input has an end";
      EXPECT_EQ(::write(unit.standard_output, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      services.end_process(name, exit_status);
      ended_ = true;
    });
    protocol::ProbeSpec spec;
    spec.name = "stock";
    spec.kind = probe;
    spec.timeout_ms = 2000;
    return prober.try_once(spec, {});
  }
  switchyard::testing::FakeServiceManager services;
  switchyard::testing::FakeClock clock;
  SecretMask mask;
  protocol::CustomProbe probe{.argv = {"/usr/lib/checks/stock"}, .user = "", .config = R"({"limit":10})"};
  std::string asked;

 private:
  bool ended_ = false;
};

TEST_F(CustomCheck, IsAskedInJsonAndAnswersInJson) {
  const ProbeTry tried = run(R"({"status": "healthy", "message": "12 in stock", "details": {"count": 12.5}})");
  EXPECT_TRUE(tried.ok) << tried.detail;
  EXPECT_EQ(tried.detail, "12 in stock");
  EXPECT_EQ(tried.details.at("count"), "12.5");
  const JsonValue question = parse_json(asked);
  EXPECT_EQ(question.find("contract").number, 1);
  EXPECT_EQ(question.find("check").text, "stock");
  EXPECT_EQ(question.find("timeout_ms").number, 2000);
  EXPECT_EQ(question.find("config").find("limit").number, 10);
}

TEST_F(CustomCheck, SaysNoSecretThatTheHostKnows) {
  mask.add({"cAnAry-7f3a"});
  const ProbeTry tried = run(
      R"({"status": "unhealthy", "message": "login with cAnAry-7f3a failed", "details": {"token": "cAnAry-7f3a"}})");
  EXPECT_FALSE(tried.ok);
  EXPECT_EQ(tried.detail, "login with <masked> failed");
  EXPECT_EQ(tried.details.at("token"), "<masked>");
}

TEST_F(CustomCheck, RunsWithoutPrivilegesInAUnitOfItsOwn) {
  run("{}");
  ASSERT_EQ(services.transients.size(), 1u);
  EXPECT_EQ(services.transients.begin()->second.user, "nobody");
  EXPECT_EQ(services.transients.begin()->second.timeout_ms, 2000u);
  EXPECT_EQ(services.status(services.transients.begin()->first).load_state, "not-found") << "ended and forgotten";
}

TEST_F(CustomCheck, FailsWhenItSaysSo) {
  const ProbeTry tried = run(R"({"status": "unhealthy", "message": "out of stock"})");
  EXPECT_FALSE(tried.ok);
  EXPECT_FALSE(tried.unknown);
  EXPECT_EQ(tried.detail, "out of stock");
}

TEST_F(CustomCheck, FailsWithItsExitStatusWhateverItSaid) { EXPECT_FALSE(run(R"({"status": "healthy"})", 1).ok); }

TEST_F(CustomCheck, ThatSaysTooMuchIsStopped) {
  const std::string much(limits::custom_answer_bytes_max * 3 / 5, ' ');
  Prober prober(services, clock, mask, [&](std::int64_t ms, const std::stop_token&) {
    clock.advance(ms);
    const int output = services.transients.rbegin()->second.standard_output;
    EXPECT_EQ(::write(output, much.data(), much.size()), static_cast<ssize_t>(much.size())) << "it was read meanwhile";
  });
  protocol::ProbeSpec spec;
  spec.kind = probe;
  const ProbeTry tried = prober.try_once(spec, {});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("said more than"), std::string::npos) << tried.detail;
}

TEST(CustomAnswer, IsUnknownWhenNothingCanBeReadFromIt) {
  for (const char* answer : {"", "healthy", "[]", "{}", R"({"status": 1})", R"({"status": "fine"})",
                             R"({"status": "unknown", "message": "?"})", R"({"status": "healthy"} and more)"}) {
    const ProbeTry tried = judge_custom_answer("/check", answer);
    EXPECT_FALSE(tried.ok) << answer;
    EXPECT_TRUE(tried.unknown) << answer << ": no data is never a pass, and no proof of a fault";
  }
}

TEST(CustomAnswer, IsCutSoThatItFitsIntoAMessage) {
  const std::string much(limits::check_details_bytes_max, 'x');
  const ProbeTry tried =
      judge_custom_answer("/check", R"({"status":"healthy","details":{"a":"b","much":")" + much + R"("}})");
  EXPECT_TRUE(tried.ok);
  EXPECT_EQ(tried.details.size(), 1u);
}

RC_GTEST_PROP(CustomAnswer, OfAnyBytesIsNeverAPassUnlessItSaysHealthy, (const std::string& bytes)) {
  RC_ASSERT(!judge_custom_answer("/check", bytes).ok || bytes.find("healthy") != std::string::npos);
}

}  // namespace
}  // namespace switchyard::agent::testing
