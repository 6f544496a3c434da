#include "agent/probes/probe_gate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <stop_token>
#include <vector>

#include "agent/executors/probe_executor.hpp"
#include "agent/probes/probe_runner.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::agent::testing {
namespace {

using switchyard::testing::FakeClock;

struct Tried {
  std::int64_t ended_ms = 0;
  bool ok = false;
  std::string identity = {};
};

ProbeTry as_try(const Tried& tried) {
  return ProbeTry{.ok = tried.ok, .detail = tried.ok ? "good" : "bad", .duration_ms = 0, .identity = tried.identity};
}

protocol::ProbeSpec any_spec() {
  protocol::ProbeSpec spec;
  spec.name = "health";
  spec.kind = protocol::TcpProbe{.host = "127.0.0.1", .port = 1};
  spec.successes = *rc::gen::inRange<std::uint32_t>(1, 6);
  spec.min_healthy_ms = *rc::gen::element<std::uint32_t>(0, 0, 300, 1000, 5000);
  spec.deadline_ms = *rc::gen::element<std::uint32_t>(1000, 5000, 20'000);
  spec.interval_ms = *rc::gen::inRange<std::uint32_t>(50, 800);
  return spec;
}

/// Good for a while, bad for a while: what a service does that is coming up, or dying, or neither. One number says all
/// of a run: whether it is good, which process answers, and how many tries it lasts.
std::vector<Tried> flapping(const protocol::ProbeSpec& spec) {
  std::vector<int> runs = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 64));
  if (runs.empty()) runs.push_back(*rc::gen::inRange(0, 64));
  std::vector<Tried> tries;
  std::int64_t now_ms = 0;
  for (std::size_t i = 0; now_ms < spec.deadline_ms + 2000; ++i) {
    const int run = runs[i % runs.size()];
    for (int left = run / 4 + 1; left > 0; --left) {
      now_ms += spec.interval_ms + run;
      tries.push_back({now_ms, run % 2 == 0, std::to_string(run / 2 % 2)});
    }
  }
  return tries;
}

/// The rule, told the slow way: is there, before the deadline, a try at which the last run of equal good ones is long
/// enough in number and in time?
bool should_pass(const protocol::ProbeSpec& spec, const std::vector<Tried>& tries) {
  for (std::size_t last = 0; last < tries.size() && tries[last].ended_ms <= spec.deadline_ms; ++last) {
    if (!tries[last].ok) continue;
    std::size_t first = last;
    while (first > 0 && tries[first - 1].ok && tries[first - 1].identity == tries[last].identity) --first;
    const bool enough = last - first + 1 >= spec.successes;
    if (enough && tries[last].ended_ms - tries[first].ended_ms >= spec.min_healthy_ms) return true;
  }
  return false;
}

RC_GTEST_PROP(ProbeGate, AgreesWithTheRuleOverAnyFlapPattern, ()) {
  const protocol::ProbeSpec spec = any_spec();
  const std::vector<Tried> tries = flapping(spec);
  ProbeGate gate(spec, 0);
  for (const Tried& tried : tries) gate.on_try(as_try(tried), tried.ended_ms);
  gate.on_time(spec.deadline_ms);
  RC_CLASSIFY(should_pass(spec, tries), "passes");
  RC_ASSERT(gate.verdict() == (should_pass(spec, tries) ? GateVerdict::passed : GateVerdict::failed));
}

RC_GTEST_PROP(ProbeGate, GivesOneVerdictAndKeepsIt, ()) {
  const protocol::ProbeSpec spec = any_spec();
  ProbeGate gate(spec, 0);
  std::optional<GateVerdict> first;
  for (const Tried& tried : flapping(spec)) {
    const std::optional<GateVerdict> now = gate.on_try(as_try(tried), tried.ended_ms);
    if (first) RC_ASSERT(now == first);
    if (now) first = now;
  }
  RC_ASSERT(first.has_value());
}

RC_GTEST_PROP(ProbeGate, NeverPassesWithABadTryInEveryRun, ()) {
  protocol::ProbeSpec spec = any_spec();
  spec.successes = *rc::gen::inRange<std::uint32_t>(2, 6);
  ProbeGate gate(spec, 0);
  std::uint32_t since_bad = 0;
  std::vector<bool> more_bad = *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>());
  more_bad.push_back(false);
  std::size_t at = 0;
  for (std::int64_t now_ms = 0; now_ms < spec.deadline_ms + 100; now_ms += 50) {
    const bool bad = since_bad + 1 >= spec.successes || more_bad[at++ % more_bad.size()];
    since_bad = bad ? 0 : since_bad + 1;
    RC_ASSERT(gate.on_try(as_try({now_ms, !bad}), now_ms) != GateVerdict::passed);
  }
  RC_ASSERT(gate.verdict() == GateVerdict::failed);
}

TEST(ProbeGate, CountsASuccessAfterTheDeadlineForNothing) {
  protocol::ProbeSpec spec;
  spec.successes = 1;
  spec.deadline_ms = 1000;
  ProbeGate gate(spec, 0);
  EXPECT_EQ(gate.on_try(as_try({1001, true}), 1001), GateVerdict::failed);
}

TEST(ProbeGate, CountsTheTimeThatAWarmServiceHasBehindIt) {
  protocol::ProbeSpec spec;
  spec.successes = 1;
  spec.min_healthy_ms = 1000;
  const auto tried_after = [&](std::int64_t good_for_ms) {
    ProbeTry tried = as_try({0, true, "1"});
    tried.good_for_ms = good_for_ms;
    return ProbeGate(spec, 0).on_try(tried, 10);
  };
  EXPECT_EQ(tried_after(1000), GateVerdict::passed);
  EXPECT_EQ(tried_after(999), std::nullopt);
}

TEST(ProbeGate, DoesNotTakeARestartingServiceForHealthy) {
  protocol::ProbeSpec spec;
  spec.successes = 3;
  spec.deadline_ms = 10'000;
  ProbeGate gate(spec, 0);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(gate.on_try(as_try({i * 200, true, std::to_string(i / 2)}), i * 200), std::nullopt);
  }
  EXPECT_EQ(gate.last_failure(), "it restarted between two tries");
}

/// Runs with a fake clock: each try takes 10 ms, each pause as long as asked for.
class Running : public ::testing::Test {
 protected:
  protocol::StepResult run(const protocol::ProbeSpec& spec, const TryProbe& try_once,
                           std::int64_t deadline_ms = 1'000'000, std::stop_token stop = {}) {
    ProbeExecutor executor(
        [&](const protocol::ProbeSpec& one, const std::stop_token& token) {
          clock.advance(10);
          return try_once(one, token);
        },
        clock, [&](std::int64_t ms, const std::stop_token&) { clock.advance(ms); },
        [&](const std::string& unit) {
          return std::vector<std::string>{unit + " says:", "no configuration"};
        });
    StepContext context;
    context.deadline_boot_ms = clock.boot_ms() + deadline_ms;
    context.stop = std::move(stop);
    return executor.run(protocol::Probe{spec}, context);
  }
  protocol::ProbeSpec spec() {
    protocol::ProbeSpec made;
    made.name = "health";
    made.successes = 3;
    made.interval_ms = 100;
    made.deadline_ms = 5000;
    return made;
  }
  FakeClock clock;
};

TEST_F(Running, AUnitThatDiesIsReportedWithItsLastWords) {
  protocol::ProbeSpec unit = spec();
  unit.kind = protocol::UnitProbe{"api@blue.service"};
  const auto down = [](const auto&, const auto&) { return as_try({0, false}); };
  const protocol::StepResult result = run(unit, down);
  EXPECT_EQ(result.code, "probe_failed");
  EXPECT_NE(result.detail.find("; its last lines:\n  api@blue.service says:\n  no configuration"), std::string::npos)
      << result.detail;
  EXPECT_EQ(run(spec(), down).detail.find("its last lines"), std::string::npos) << "of another kind of check";
}

TEST_F(Running, PassesAfterTheWantedSuccesses) {
  int tries = 0;
  const protocol::StepResult result = run(spec(), [&](const auto&, const auto&) { return as_try({0, ++tries > 4}); });
  EXPECT_EQ(result.state, protocol::StepState::done);
  EXPECT_EQ(tries, 7);
  EXPECT_EQ(result.evidence.at("tries"), "7");
}

TEST_F(Running, SaysHowManyRequestsOfASuiteThatPassedHadFailed) {
  const auto suite = [](std::size_t forgiven) {
    return [forgiven](const auto&, const auto&) {
      ProbeTry tried = as_try({0, true});
      tried.forgiven = forgiven;
      return tried;
    };
  };
  const protocol::StepResult partly = run(spec(), suite(2));
  EXPECT_EQ(partly.state, protocol::StepState::done);
  EXPECT_EQ(partly.evidence.at("forgiven"), "2");
  EXPECT_FALSE(partly.evidence.contains("warning")) << "it has passed";
  EXPECT_FALSE(run(spec(), suite(0)).evidence.contains("forgiven"));
}

TEST_F(Running, TellsAFailureFromNothingThatCouldBeFoundOut) {
  const auto in_vain = [](bool unknown) {
    return [unknown](const auto&, const auto&) {
      ProbeTry tried = as_try({0, false});
      tried.unknown = unknown;
      return tried;
    };
  };
  const protocol::StepResult unknown = run(spec(), in_vain(true));
  EXPECT_EQ(unknown.code, "probe_failed") << "for a deployment only a pass is a pass";
  EXPECT_EQ(unknown.evidence.at("unknown"), "true");
  EXPECT_FALSE(run(spec(), in_vain(false)).evidence.contains("unknown"));
}

TEST_F(Running, FailsAtItsDeadlineAndSaysWhatWasSeen) {
  const std::int64_t began_ms = clock.boot_ms();
  const protocol::StepResult result = run(spec(), [](const auto&, const auto&) { return as_try({0, false}); });
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.code, "probe_failed");
  EXPECT_NE(result.detail.find("bad"), std::string::npos);
  EXPECT_LE(clock.boot_ms() - began_ms, 5000 + 100);
}

TEST_F(Running, NeverOutlivesItsStep) {
  const std::int64_t began_ms = clock.boot_ms();
  std::uint32_t longest_ms = 0;
  const protocol::StepResult result = run(
      spec(),
      [&](const protocol::ProbeSpec& one, const auto&) {
        longest_ms = one.timeout_ms;
        return as_try({0, false});
      },
      700);
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_LE(clock.boot_ms() - began_ms, 900);
  EXPECT_LE(longest_ms, 700u);
}

TEST_F(Running, WarnsOnlyWhenItIsNotCritical) {
  protocol::ProbeSpec relaxed = spec();
  relaxed.critical = false;
  const protocol::StepResult result = run(relaxed, [](const auto&, const auto&) { return as_try({0, false}); });
  EXPECT_EQ(result.state, protocol::StepState::done);
  EXPECT_NE(result.evidence.at("warning").find("bad"), std::string::npos);
}

TEST_F(Running, EndsWhenItsResultIsNotWanted) {
  std::stop_source stop;
  int tries = 0;
  const protocol::StepResult result = run(
      spec(),
      [&](const auto&, const auto&) {
        if (++tries == 2) stop.request_stop();
        return as_try({0, false});
      },
      1'000'000, stop.get_token());
  EXPECT_EQ(result.code, "cancelled");
  EXPECT_EQ(tries, 2);
}

protocol::ProbeSpec test_of_tier_2(std::uint32_t tries) {
  protocol::ProbeSpec spec;
  spec.name = "stock";
  spec.kind = protocol::TcpProbe{.host = "127.0.0.1", .port = 1};
  spec.tier = 2;
  spec.successes = 1;
  spec.timeout_ms = 300'000;
  spec.deadline_ms = tries * spec.timeout_ms + 500;
  return spec;
}

/// It told what it had to tell: five minutes of the same would only wear the service out.
TEST(ProbeGate, ATestThatFailsFastIsNotRunOverAndOver) {
  ProbeGate gate(test_of_tier_2(1), 0);
  EXPECT_EQ(gate.on_try(as_try({.ended_ms = 10, .ok = false}), 10), GateVerdict::failed);
}

TEST(ProbeGate, ATestIsTriedAsOftenAsItWasAllowedTo) {
  ProbeGate gate(test_of_tier_2(3), 0);
  EXPECT_EQ(gate.on_try(as_try({.ended_ms = 10, .ok = false}), 10), std::nullopt);
  EXPECT_EQ(gate.on_try(as_try({.ended_ms = 20, .ok = false}), 20), std::nullopt);
  EXPECT_EQ(gate.on_try(as_try({.ended_ms = 30, .ok = false}), 30), GateVerdict::failed);
  ProbeGate second(test_of_tier_2(3), 0);
  EXPECT_EQ(second.on_try(as_try({.ended_ms = 10, .ok = false}), 10), std::nullopt);
  EXPECT_EQ(second.on_try(as_try({.ended_ms = 20, .ok = true}), 20), GateVerdict::passed);
}

}  // namespace
}  // namespace switchyard::agent::testing
