#include "agent/link/check_rounds.hpp"

#include <gtest/gtest.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::agent {
namespace {

class Checks : public ::testing::Test {
 protected:
  protocol::CheckOrder order_of(std::vector<std::string> names) {
    protocol::CheckOrder order{"request-1", HostId("web-1"), clock.wall_ms() + limits::check_order_ms, {}};
    for (const std::string& name : names) {
      order.checks.emplace_back().name = name;
      order.checks.back().kind = protocol::TcpProbe{"127.0.0.1", 1};
    }
    return order;
  }
  void order(const protocol::CheckOrder& wanted) { rounds.ordered(protocol::sign_order(wanted, key)); }
  bool run_until(const std::function<bool()>& reached) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!reached() && std::chrono::steady_clock::now() < end) {
      loop.context().run_one_for(std::chrono::milliseconds(1));
    }
    return reached();
  }
  ProbeTry look(const protocol::ProbeSpec& spec) {
    ++looks;
    if (spec.name == "bad") return not_ok("it is bad");
    if (spec.name == "slow") {
      clock.advance(spec.timeout_ms);
      return not_ok("it is slow");
    }
    if (spec.name == "late") return looks < 3 ? not_ok("not yet") : all_ok("now");
    if (spec.name == "odd") return not_known("nobody knows");
    return all_ok(std::string(2 * limits::check_detail_bytes_max, 'x'));
  }

  switchyard::testing::FakeClock clock;
  EventLoop loop;
  SigningKeyPair key = generate_signing_key();
  std::vector<std::string> trusted = {key.public_key};
  std::atomic<int> looks = 0;
  std::vector<protocol::ChecksRun> sent;
  CheckRounds rounds{loop,
                     clock,
                     HostId("web-1"),
                     {[this] { return trusted; }, [this](protocol::ChecksRun run) { sent.push_back(std::move(run)); },
                      [this](const protocol::ProbeSpec& spec, const std::stop_token&) { return look(spec); }}};
};

TEST_F(Checks, AreRunAndAnsweredInTheirOrder) {
  order(order_of({"good", "bad", "odd", "good"}));
  ASSERT_TRUE(run_until([this] { return !sent.empty(); }));
  ASSERT_EQ(sent[0].results.size(), 4u);
  EXPECT_EQ(sent[0].request, "request-1");
  EXPECT_EQ(sent[0].results[0].state, protocol::CheckState::passed);
  EXPECT_EQ(sent[0].results[0].detail.size(), limits::check_detail_bytes_max) << "cut, so that it fits into a frame";
  EXPECT_EQ(sent[0].results[1].state, protocol::CheckState::failed);
  EXPECT_EQ(sent[0].results[1].detail, "it is bad");
  EXPECT_EQ(sent[0].results[2].state, protocol::CheckState::unknown);
}

TEST_F(Checks, OfTheSameOrderAreRunOnceAndAnsweredAsOftenAsItComes) {
  const protocol::CheckOrder wanted = order_of({"good", "bad"});
  order(wanted);
  order(wanted);
  ASSERT_TRUE(run_until([this] { return !sent.empty(); }));
  order(wanted);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0], sent[1]);
  EXPECT_EQ(looks, 2);
}

TEST_F(Checks, AreTriedAgainAsOftenAsTheyWantUntilATryIsGood) {
  protocol::CheckOrder wanted = order_of({"late"});
  wanted.checks[0].retry_attempts = 3;
  wanted.checks[0].interval_ms = 1;
  order(wanted);
  ASSERT_TRUE(run_until([this] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].results[0].state, protocol::CheckState::passed);
  EXPECT_EQ(sent[0].results[0].detail, "now");
  EXPECT_EQ(sent[0].results[0].tries, 3u);
  EXPECT_EQ(looks, 3);
}

TEST_F(Checks, ThatAreNeverGoodSayHowOftenTheyWereTried) {
  protocol::CheckOrder wanted = order_of({"bad", "odd", "good", "bad"});
  for (std::size_t index = 0; index < 3; ++index) wanted.checks[index].retry_attempts = 2;
  for (protocol::ProbeSpec& check : wanted.checks) check.interval_ms = 1;
  order(wanted);
  ASSERT_TRUE(run_until([this] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].results[0].state, protocol::CheckState::failed);
  EXPECT_EQ(sent[0].results[0].tries, 3u);
  EXPECT_EQ(sent[0].results[1].state, protocol::CheckState::unknown);
  EXPECT_EQ(sent[0].results[1].tries, 3u);
  EXPECT_EQ(sent[0].results[2].tries, 1u) << "one good try is enough";
  EXPECT_EQ(sent[0].results[3].tries, 1u) << "it does not want to be tried again";
  EXPECT_EQ(looks, 8);
}

TEST_F(Checks, AreNotTriedAgainWhenTheirAnswerWouldComeTooLate) {
  protocol::CheckOrder wanted = order_of({"slow"});
  wanted.checks[0].timeout_ms = static_cast<std::uint32_t>(limits::check_tries_ms_max / 3);
  wanted.checks[0].interval_ms = 1;
  wanted.checks[0].retry_attempts = 100;
  order(wanted);
  ASSERT_TRUE(run_until([this] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].results[0].tries, 2u) << "a third would have ended after the time, by its pause";
  EXPECT_EQ(sent[0].results[0].detail, "it is slow");

  wanted = order_of({"bad"});
  wanted.request = "request-2";
  wanted.checks[0].interval_ms = 3'600'000;
  wanted.checks[0].retry_attempts = 1;
  order(wanted);
  ASSERT_TRUE(run_until([this] { return sent.size() == 2; })) << "nobody waits for an hour";
  EXPECT_EQ(sent[1].results[0].tries, 1u);
}

TEST_F(Checks, ThatNobodyWithThePlanKeyOrderedAreNotRun) {
  const SigningKeyPair thief = generate_signing_key();
  rounds.ordered(protocol::sign_order(order_of({"good"}), thief));
  protocol::CheckOrder elsewhere = order_of({"good"});
  elsewhere.host = HostId("web-2");
  order(elsewhere);
  loop.context().poll();
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(looks, 0);
}

TEST_F(Checks, AreOrderedByTheNextPlanKeyToo) {
  trusted = {generate_signing_key().public_key, key.public_key};
  order(order_of({"good"}));
  EXPECT_TRUE(run_until([this] { return !sent.empty(); }));
}

TEST_F(Checks, OfAnOldOrderAreRefusedWithTheReason) {
  protocol::CheckOrder late = order_of({"good"});
  late.not_after_wall_ms = clock.wall_ms() - 1;
  order(late);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_NE(sent[0].refused.find("clocks"), std::string::npos);
  protocol::CheckOrder hoarded = order_of({"good"});
  hoarded.request = "request-2";
  hoarded.not_after_wall_ms = clock.wall_ms() + 10 * limits::check_order_ms;
  order(hoarded);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_FALSE(sent[1].refused.empty()) << "an order for later could be kept and used then";
  EXPECT_EQ(looks, 0);
}

}  // namespace
}  // namespace switchyard::agent
