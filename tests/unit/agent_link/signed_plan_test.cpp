// What an attacker could do to a plan on its way: change it, cut it, keep it back, send it again, send an older one.
// The real core in the real shell, over a real journal file in memory: either the plan is taken as it was signed, or
// nothing at all happens on this host.
#include <gtest/gtest.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "agent/link/core_shell.hpp"
#include "common/event_loop.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/unit/agent_link/journal_host.hpp"

namespace switchyard::agent {
namespace {

/// One file in memory, and how often it was written.
class MemoryDisk final : public JournalDisk {
 public:
  struct NoLock final : Lock {};
  std::unique_ptr<Lock> lock() override { return std::make_unique<NoLock>(); }
  std::optional<std::uint64_t> present() override { return there_ ? std::optional<std::uint64_t>(1) : std::nullopt; }
  bool open() override { return there_; }
  std::uint64_t opened() const override { return 1; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::string read(std::uint64_t at, std::size_t length) const override {
    return at < bytes_.size() ? bytes_.substr(static_cast<std::size_t>(at), length) : std::string();
  }
  void write(std::uint64_t at, std::string_view bytes) override {
    ++writes;
    const auto from = static_cast<std::size_t>(at);
    if (bytes_.size() < from + bytes.size()) bytes_.resize(from + bytes.size());
    bytes_.replace(from, bytes.size(), bytes);
  }
  void sync() override {}
  int allocate(std::uint64_t size) override {
    bytes_.resize(static_cast<std::size_t>(size));
    return 0;
  }
  void replace(std::string_view bytes) override {
    bytes_ = bytes;
    there_ = true;
  }
  void sync_name() override {}
  std::string name() const override { return "memory"; }

  int writes = 0;

 private:
  std::string bytes_;
  bool there_ = false;
};

class SignedPlans : public ::testing::Test {
 protected:
  SignedPlans() {
    auto memory = std::make_unique<MemoryDisk>();
    disk = memory.get();
    journal = std::make_unique<JournalFile>(std::move(memory), 1 << 20);
    CoreShell::Hands hands;
    hands.arm_dead_man = [this] { ++effects; };
    hands.send = [this](protocol::Message message) { sent.push_back(std::move(message)); };
    hands.redial = [this] { ++effects; };
    hands.start_watch = [this](const StartWatch&) { ++effects; };
    hands.stop_watch = [this](const StopWatch&) { ++effects; };
    shell.emplace(host.identity(), Role::agent, *journal, loop, clock, steps, std::move(hands));
    shell->handle(Began{"boot-1"});
    shell->handle(MessageArrived{1, protocol::Welcome{}});
    shell->handle(SessionBegan{1});
    sent.clear();
  }
  ~SignedPlans() override { pool.reset(); }

  /// The code of the answer; "taken" when the plan was.
  std::string answer_to(const protocol::SignedPlan& plan) {
    sent.clear();
    shell->handle(MessageArrived{1, protocol::Plan{plan}});
    if (sent.empty()) return "no answer";
    if (std::holds_alternative<protocol::PlanAck>(sent.front())) return "taken";
    const auto* failed = std::get_if<protocol::Failed>(&sent.front());
    return failed != nullptr ? failed->code : "another answer";
  }
  /// Nothing was written, begun, armed or asked for.
  void expect_no_effect(const std::string& what) {
    EXPECT_EQ(disk->writes, writes_before) << what;
    EXPECT_EQ(effects, 0) << what;
    EXPECT_TRUE(host.executor.asked().empty()) << what;
    EXPECT_TRUE(shell->core().reports(clock.boot_ms()).empty()) << what;
  }
  void refuses(const protocol::SignedPlan& plan, const std::string& what) {
    writes_before = disk->writes;
    const std::string answer = answer_to(plan);
    EXPECT_TRUE(answer == "plan_refused") << what << ": " << answer;
    expect_no_effect(what);
  }
  /// The same plan for another deployment, number and time.
  protocol::SignedPlan signed_again(
      const std::function<void(protocol::PlanHeader&, protocol::PlanSlice&)>& change) const {
    protocol::PlanHeader header = protocol::decode_header(host.signed_plan().header);
    protocol::PlanSlice slice = protocol::decode_slice(host.signed_plan().slice);
    change(header, slice);
    protocol::SignedPlan plan;
    plan.slice = protocol::encode_slice(slice);
    header.slices = {{host.self, sha256(plan.slice)}};
    plan.header = protocol::encode_header(header);
    plan.signature = protocol::sign_plan(plan.header, host.keys);
    return plan;
  }

  switchyard::testing::FakeClock clock;
  testing::JournalHost host{clock};
  EventLoop loop;
  MemoryDisk* disk = nullptr;
  std::unique_ptr<JournalFile> journal;
  std::optional<CoreShell> shell;
  std::vector<protocol::Message> sent;
  int effects = 0;
  int writes_before = 0;
  std::optional<WorkerPool> pool{std::in_place, 1u, 100u};
  StepRunner steps{loop, *pool, host.executors, clock, [this](const StepFinished& done) { shell->handle(done); }};
};

TEST_F(SignedPlans, AreRefusedWithoutAnyEffectWhicheverByteWasChanged) {
  const protocol::SignedPlan plan = host.signed_plan();
  std::mt19937 dice(1);
  std::size_t changed = 0;
  for (std::string protocol::SignedPlan::*part :
       {&protocol::SignedPlan::header, &protocol::SignedPlan::slice, &protocol::SignedPlan::signature}) {
    for (std::size_t at = 0; at < (plan.*part).size(); ++at) {
      // Each bit once in a while, and the whole byte.
      for (const unsigned flip : {1u << dice() % 8, 1u + static_cast<unsigned>(dice() % 255)}) {
        protocol::SignedPlan wrong = plan;
        (wrong.*part)[at] = static_cast<char>(static_cast<unsigned char>((wrong.*part)[at]) ^ flip);
        refuses(wrong, "byte " + std::to_string(at));
        ++changed;
        if (HasFailure()) return;
      }
    }
  }
  std::printf("signed plan of %zu bytes: %zu changes refused, 0 effects\n",
              plan.header.size() + plan.slice.size() + plan.signature.size(), changed);
  EXPECT_GT(changed, 1'000u);
  EXPECT_EQ(answer_to(plan), "taken") << "and the true one is taken after all of them";
}

TEST_F(SignedPlans, AreRefusedWithoutAnyEffectWhenTheyAreCutOrGrown) {
  const protocol::SignedPlan plan = host.signed_plan();
  for (std::string protocol::SignedPlan::*part :
       {&protocol::SignedPlan::header, &protocol::SignedPlan::slice, &protocol::SignedPlan::signature}) {
    for (std::size_t size = 0; size < (plan.*part).size(); ++size) {
      protocol::SignedPlan wrong = plan;
      (wrong.*part).resize(size);
      refuses(wrong, "cut to " + std::to_string(size));
    }
    for (const std::string& more : {std::string(1, '\0'), std::string("x"), plan.slice}) {
      protocol::SignedPlan wrong = plan;
      wrong.*part += more;
      refuses(wrong, "grown");
    }
  }
}

TEST_F(SignedPlans, AreRefusedWhenTheirPartsBelongToOtherPlansHostsOrKeys) {
  const protocol::SignedPlan plan = host.signed_plan();
  const protocol::SignedPlan other = signed_again([](auto& header, auto& slice) {
    header.deployment = slice.deployment = DeploymentId("d-00000000000000ff");
    header.plan_seq = 2;
  });
  refuses({other.header, plan.slice, other.signature}, "another plan's slice");
  refuses({plan.header, other.slice, plan.signature}, "a slice that was not signed");
  refuses({other.header, other.slice, plan.signature}, "another plan's signature");
  refuses(signed_again([](auto&, auto& slice) { slice.host = HostId("h2"); }), "another host's slice");
  refuses(signed_again([](auto&, auto& slice) { slice.deployment = DeploymentId("d-00000000000000ee"); }),
          "another deployment's slice");
  protocol::SignedPlan forged = plan;
  forged.signature = protocol::sign_plan(plan.header, generate_signing_key());
  refuses(forged, "another key's signature");
}

TEST_F(SignedPlans, AreRefusedFromTheirExpiryOnButNotForgottenOnceTheyAreTaken) {
  const protocol::SignedPlan plan =
      signed_again([&](auto& header, auto&) { header.not_after_wall_ms = clock.wall_ms() + 1'000; });
  clock.jump_wall(1'000 + limits::plan_expiry_slack_ms + 1);
  writes_before = disk->writes;
  EXPECT_EQ(answer_to(plan), "plan_expired");
  expect_no_effect("expired");
  clock.jump_wall(-2);
  EXPECT_EQ(answer_to(plan), "taken");
  clock.jump_wall(3'600'000);
  EXPECT_EQ(answer_to(plan), "taken") << "asked again, it is answered again";
  sent.clear();
  shell->handle(MessageArrived{1, protocol::Abort{host.id(), {}, true, "late"}});
  ASSERT_FALSE(sent.empty()) << "and it can always be undone";
  EXPECT_TRUE(std::holds_alternative<protocol::Reverted>(sent.back()));
}

TEST_F(SignedPlans, AreNotTakenASecondTimeNorAfterANewerOne) {
  const auto numbered = [&](const std::string& id, std::uint64_t seq) {
    return signed_again([&](auto& header, auto& slice) {
      header.deployment = slice.deployment = DeploymentId(id);
      header.plan_seq = seq;
    });
  };
  const protocol::SignedPlan older = numbered("d-0000000000000005", 5);
  const protocol::SignedPlan newer = numbered("d-0000000000000007", 7);
  ASSERT_EQ(answer_to(newer), "taken");
  shell->handle(MessageArrived{1, protocol::Abort{DeploymentId("d-0000000000000007"), {}, true, "over"}});
  const auto before = shell->core().reports(clock.boot_ms());
  ASSERT_EQ(before.back().state, protocol::AgentState::reverted);
  const int writes = disk->writes;
  // Recorded and sent again: it is over.
  EXPECT_EQ(answer_to(newer), "another answer");
  // A rollback of plans: an older one that was signed, and never came here.
  EXPECT_EQ(answer_to(older), "old_plan");
  EXPECT_EQ(answer_to(numbered("d-0000000000000006", 7)), "old_plan") << "two plans of one number";
  EXPECT_EQ(disk->writes, writes);
  EXPECT_TRUE(host.executor.asked().empty());
  EXPECT_EQ(shell->core().reports(clock.boot_ms()), before);
  EXPECT_EQ(answer_to(numbered("d-0000000000000008", 8)), "taken");
}

}  // namespace
}  // namespace switchyard::agent
