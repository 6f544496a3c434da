#include "agent/core/agent_core.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "agent/core/hello.hpp"
#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "tests/support/plan_builder.hpp"

namespace switchyard::agent {
namespace {

const SigningKeyPair keys = signing_key_from_secret(std::string(32, 'k'));
const HostId self("h1");

/// A host with a journal, whose steps succeed at once unless they are named in `broken`.
class Host {
 public:
  explicit Host(const std::string& text = "db@h1 > app@h1", std::uint64_t epoch = 1,
                const testing::PlanBuilderOptions& options = {})
      : epoch_(epoch) {
    plan = testing::plan_from_text(text, options);
    plan.signature = protocol::sign_plan(plan.header, keys);
    start("boot-1");
  }

  void start(const std::string& boot) {
    core.emplace(CoreIdentity{self, keys.public_key}, Role::agent, journal);
    timers.clear();
    watches.clear();
    happen(Began{boot});
    happen(MessageArrived{epoch_, protocol::Welcome{}});
    happen(SessionBegan{++connection});
  }

  Effects happen(const Event& event) {
    Effects effects = core->apply(event, now);
    journal.insert(journal.end(), effects.writes.begin(), effects.writes.end());
    for (const SetTimer& timer : effects.timers) timers[timer.timer] = now + timer.ms;
    sent.insert(sent.end(), effects.sends.begin(), effects.sends.end());
    redialled = redialled || effects.redial;
    for (const StartWatch& watch : effects.start_watches) {
      watches[watch.component] = watch.probes;
      if (watch.unseen) unseen.push_back(watch.component);
    }
    for (const RunStep& order : effects.runs) {
      ran.push_back((order.undo ? "undo " : "") + std::string(protocol::action_name(order.action)) + " " +
                    order.component);
      protocol::StepResult result;
      const bool fails = std::find(broken.begin(), broken.end(), ran.back()) != broken.end();
      result.state = fails ? protocol::StepState::failed : protocol::StepState::done;
      result.code = fails ? "planted" : "";
      happen(StepFinished{order.deployment, order.step, order.undo, result});
    }
    return effects;
  }

  Effects ask(protocol::Message message) { return happen(MessageArrived{epoch_, std::move(message)}); }
  protocol::SignedPlan signed_plan() const {
    return {plan.header, protocol::encode_slice(plan.slices.at(self)), plan.signature};
  }
  void prepare_all() {
    ask(protocol::Plan{signed_plan()});
    for (const auto& component : plan.slices.at(self).components) ask(protocol::Prepare{id(), component.name});
  }
  void swap_all() {
    prepare_all();
    for (const auto& component : plan.slices.at(self).components) {
      for (std::uint32_t stage = 1; stage <= component.stages; ++stage)
        ask(protocol::Swap{id(), component.name, stage});
    }
  }
  void hold() {
    swap_all();
    happen(SessionBegan{++connection});
    ask(protocol::Hold{id()});
  }
  DeploymentId id() const { return plan.deployment; }
  template <class M>
  unsigned count() const {
    return static_cast<unsigned>(
        std::count_if(sent.begin(), sent.end(), [](const auto& m) { return std::holds_alternative<M>(m); }));
  }
  std::size_t place(RecordKind kind) const {
    const auto found =
        std::find_if(journal.begin(), journal.end(), [&](const auto& record) { return record.kind == kind; });
    return static_cast<std::size_t>(found - journal.begin());
  }
  bool has(RecordKind kind) const { return place(kind) < journal.size(); }
  protocol::AgentState state() const { return core->reports(now).back().state; }
  std::vector<std::string> ran_matching(const std::string& part) const {
    std::vector<std::string> some;
    std::copy_if(ran.begin(), ran.end(), std::back_inserter(some),
                 [&](const auto& text) { return text.find(part) != std::string::npos; });
    return some;
  }

  model::Plan plan;
  std::optional<AgentCore> core;
  std::vector<JournalRecord> journal;
  std::vector<protocol::Message> sent;
  std::vector<std::string> ran;
  std::vector<std::string> broken;
  std::map<std::string, std::int64_t> timers;
  std::map<std::string, std::vector<protocol::ProbeSpec>> watches;  ///< as they began last, by component
  std::vector<std::string> unseen;                                  ///< components of which the first look is told
  std::int64_t now = 1'000'000;
  std::uint64_t connection = 0;
  bool redialled = false;

 private:
  std::uint64_t epoch_;
};

TEST(AgentCore, StagesSwapsHoldsAndCommits) {
  Host host;
  host.hold();
  EXPECT_EQ(host.count<protocol::Staged>(), 2u);
  EXPECT_EQ(host.count<protocol::Swapped>(), 2u);
  EXPECT_EQ(host.count<protocol::Held>(), 1u);
  host.ask(protocol::Commit{host.id()});
  EXPECT_EQ(host.count<protocol::Committed>(), 1u);
  EXPECT_EQ(host.state(), protocol::AgentState::committed);
}

TEST(AgentCore, SaysOfEveryReportWhetherTheStepWasRunOrUndone) {
  Host host("db@h1");
  host.swap_all();
  const std::size_t before = host.sent.size();
  host.ask(protocol::Abort{host.id(), {}, true, "planted"});
  ASSERT_EQ(host.state(), protocol::AgentState::reverted);
  for (std::size_t at = 0; at < host.sent.size(); ++at) {
    const auto* report = std::get_if<protocol::StepEvent>(&host.sent[at]);
    if (report == nullptr) continue;
    EXPECT_EQ(report->undo, at >= before) << "report " << at;
  }
  const auto reports = [](auto begin, auto end) {
    return std::count_if(begin, end, [](const auto& m) { return std::holds_alternative<protocol::StepEvent>(m); });
  };
  const auto middle = host.sent.begin() + static_cast<std::ptrdiff_t>(before);
  EXPECT_GT(reports(host.sent.begin(), middle), 0);
  EXPECT_GT(reports(middle, host.sent.end()), 0);
}

/// Both of a step's reports say `done`; each has an acknowledgement of its own.
TEST(AgentCore, AStepsAcknowledgementDoesNotSilenceItsUndo) {
  Host host("db@h1");
  host.prepare_all();
  const auto* done = std::get_if<protocol::StepEvent>(&host.sent.at(host.sent.size() - 2));
  ASSERT_NE(done, nullptr);
  const protocol::StepEvent report = *done;
  protocol::StepEvent undone = report;
  undone.undo = true;
  host.ask(protocol::StepEventAck{host.id(), report.step, report.result.state, true});
  host.sent.clear();
  host.happen(SessionBegan{++host.connection});
  EXPECT_NE(std::find(host.sent.begin(), host.sent.end(), protocol::Message(report)), host.sent.end());
  host.ask(protocol::StepEventAck{host.id(), report.step, report.result.state, false});
  host.sent.clear();
  host.happen(SessionBegan{++host.connection});
  EXPECT_EQ(std::find(host.sent.begin(), host.sent.end(), protocol::Message(report)), host.sent.end());
}

TEST(AgentCore, GivesACommandOfAnOlderEpochNoEffectAtAll) {
  Host host("db@h1", 7);
  const Effects effects = host.happen(MessageArrived{6, protocol::Plan{host.signed_plan()}});
  EXPECT_TRUE(effects.writes.empty());
  EXPECT_TRUE(effects.sends.empty());
  EXPECT_TRUE(host.core->deployments().empty());
}

TEST(AgentCore, WritesANewEpochBeforeItObeys) {
  Host host("db@h1", 7);
  EXPECT_EQ(host.journal.front().kind, RecordKind::epoch);
  EXPECT_EQ(host.journal.front().epoch, 7u);
}

TEST(AgentCore, RefusesAPlanOfWhichOneByteIsChanged) {
  Host host;
  for (std::size_t at = 0; at < host.plan.header.size(); at += 7) {
    protocol::SignedPlan changed = host.signed_plan();
    changed.header[at] = static_cast<char>(changed.header[at] ^ 1);
    host.ask(protocol::Plan{changed});
  }
  EXPECT_EQ(host.count<protocol::PlanAck>(), 0u);
  EXPECT_TRUE(host.core->deployments().empty());
  EXPECT_TRUE(host.ran.empty());
}

TEST(AgentCore, RefusesAPlanNumberThatItHasSeen) {
  Host host;
  host.prepare_all();
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  Host other("db@h1 > app@h1");
  other.plan = host.plan;
  other.journal = host.core->snapshot();
  other.start("boot-1");
  protocol::PlanHeader header = protocol::decode_header(host.plan.header);
  header.deployment = DeploymentId("d-00000000000000ff");
  protocol::PlanSlice slice = host.plan.slices.at(self);
  slice.deployment = header.deployment;
  header.slices = {{self, sha256(protocol::encode_slice(slice))}};
  const std::string bytes = protocol::encode_header(header);
  other.ask(protocol::Plan{{bytes, protocol::encode_slice(slice), protocol::sign_plan(bytes, keys)}});
  ASSERT_EQ(other.count<protocol::Failed>(), 1u);
  EXPECT_EQ(std::get<protocol::Failed>(other.sent.back()).code, "old_plan");
}

TEST(AgentCore, ArmsOnDiskBeforeTheFirstStepOfASwap) {
  Host host("db@h1");
  host.prepare_all();
  const std::size_t before = host.journal.size();
  const Effects effects = host.ask(protocol::Swap{host.id(), "db", 1});
  ASSERT_GT(host.journal.size(), before + 1);
  EXPECT_EQ(host.journal[before].kind, RecordKind::armed);
  EXPECT_EQ(host.journal[before + 1].kind, RecordKind::intent);
  EXPECT_TRUE(effects.arm_dead_man);
}

TEST(AgentCore, DoesNotVoteOverTheConnectionOverWhichItSwapped) {
  Host host;
  host.swap_all();
  EXPECT_TRUE(host.redialled);
  host.ask(protocol::Hold{host.id()});
  EXPECT_EQ(host.count<protocol::Held>(), 0u);
  host.happen(SessionBegan{++host.connection});
  host.ask(protocol::Hold{host.id()});
  EXPECT_EQ(host.count<protocol::Held>(), 1u);
}

TEST(AgentCore, DoesNotVoteForWhatIsUnhealthy) {
  Host host;
  host.swap_all();
  host.happen(SessionBegan{++host.connection});
  host.happen(HealthChanged{host.id(), "app", false, "status 503"});
  host.ask(protocol::Hold{host.id()});
  EXPECT_EQ(host.count<protocol::Held>(), 0u);
  EXPECT_FALSE(host.has(RecordKind::held));
}

TEST(AgentCore, SaysAgainOnANewConnectionHowHealthyIsWhatServes) {
  Host host;
  host.swap_all();
  host.happen(HealthChanged{host.id(), "app", true, "status 503"});
  host.happen(SessionEnded{});
  host.happen(SessionBegan{++host.connection});
  ASSERT_GE(host.sent.size(), 2u);
  EXPECT_EQ(host.sent.end()[-2], protocol::Message(protocol::Health{host.id(), "app", true, "status 503"}));
  EXPECT_EQ(host.sent.end()[-1], protocol::Message(protocol::Health{host.id(), "db", true, ""}));
}

// What the process before had seen last is not known: "healthy" would let the coordinator commit a release that is ill.
TEST(AgentCore, TellsNothingAsHealthyBeforeItHasLookedWhenItBeginsAnew) {
  Host host;
  host.hold();
  host.happen(HealthChanged{host.id(), "app", true, "status 503"});
  host.sent.clear();
  host.unseen.clear();
  host.start("boot-1");
  EXPECT_EQ(host.unseen, (std::vector<std::string>{"db", "app"})) << "their first looks are told";
  const std::string doubt = "not looked at yet since the agent began anew";
  ASSERT_GE(host.sent.size(), 2u);
  EXPECT_EQ(host.sent.end()[-2], protocol::Message(protocol::Health{host.id(), "app", true, doubt}));
  EXPECT_EQ(host.sent.end()[-1], protocol::Message(protocol::Health{host.id(), "db", true, doubt}));
  host.happen(HealthChanged{host.id(), "app", true, ""});
  EXPECT_EQ(host.sent.back(), protocol::Message(protocol::Health{host.id(), "app", true, ""}));
}

TEST(AgentCore, RevertsByItselfAtTheDeadlineInTheExactReverseOrder) {
  Host host;
  host.swap_all();
  const std::string timer = "deadman:" + host.id().str();
  host.now = host.timers.at(timer);
  host.happen(TimerFired{timer});
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
  const std::vector<std::string> switched = host.ran_matching("undo switch_traffic");
  EXPECT_EQ(switched, (std::vector<std::string>{"undo switch_traffic app", "undo switch_traffic db"}));
  const std::string why = host.core->reports(host.now).back().why;
  EXPECT_NE(why.find("the coordinator had not confirmed it when the confirm time was over"), std::string::npos) << why;
}

TEST(AgentCore, CallsTheHooksBeforeTheRollbackFirstAndThoseAfterItLast) {
  model::Manifest manifest = testing::manifest_from_text("db@h1");
  for (const auto phase : {protocol::HookPhase::post_rollback, protocol::HookPhase::pre_rollback}) {
    model::HookCommand hook;
    hook.name = "tell";
    hook.phase = phase;
    hook.command = {"/usr/bin/tell"};
    hook.user = "www";
    hook.timeout_ms = 1'000;
    hook.critical = false;
    manifest.components[0].hooks.push_back(hook);
  }
  Host host("db@h1");
  host.plan = planner::plan_deployment(manifest, testing::facts_for(manifest), {});
  host.plan.signature = protocol::sign_plan(host.plan.header, keys);
  host.broken = {"switch_traffic db"};
  host.swap_all();
  EXPECT_EQ(host.ran_matching("hook").size(), 2u) << "they are kept ready";
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  ASSERT_EQ(host.state(), protocol::AgentState::reverted);
  const std::vector<std::string> undone = host.ran_matching("undo");
  ASSERT_GT(undone.size(), 3u);
  EXPECT_EQ(undone[0], "undo hook db") << "whatever the swap had come to";
  EXPECT_EQ(undone[1], "undo switch_traffic db");
  EXPECT_EQ(undone.back(), "undo hook db");
  EXPECT_EQ(host.ran_matching("undo hook").size(), 2u);
}

TEST(AgentCore, NeverRevertsByItselfOnceItHolds) {
  Host host;
  host.hold();
  host.now += 10'000'000;
  host.happen(TimerFired{"deadman:" + host.id().str()});
  host.happen(SessionEnded{});
  host.start("boot-1");
  host.start("boot-2");
  EXPECT_EQ(host.state(), protocol::AgentState::held);
  EXPECT_TRUE(host.ran_matching("undo").empty());
}

TEST(AgentCore, RevertsAfterARebootBeforeTheVote) {
  Host host;
  host.swap_all();
  EXPECT_EQ(host.core->reports(host.now).back().why, "");
  host.start("boot-2");
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
  EXPECT_EQ(host.core->reports(host.now).back().why, "the host rebooted before the deployment was confirmed");
}

TEST(AgentCore, BringsTheNewReleaseBackAfterARebootOnceItHolds) {
  Host host;
  host.hold();
  host.ran.clear();
  host.start("boot-2");
  EXPECT_EQ(host.ran_matching("switch_traffic").size(), 2u);
  EXPECT_EQ(host.ran_matching("ensure_unit").size(), 2u) << "the slots are started, and not stopped first";
  EXPECT_TRUE(host.ran_matching("undo").empty());
}

TEST(AgentCore, ReportsAFailedStepAndWaitsForTheWord) {
  Host host;
  host.broken = {"switch_traffic app"};
  host.swap_all();
  EXPECT_EQ(host.count<protocol::Failed>(), 1u);
  EXPECT_EQ(host.state(), protocol::AgentState::swapping);
  host.ask(protocol::Abort{host.id(), "app", false, "test"});
  EXPECT_TRUE(host.ran_matching("undo switch_traffic db").empty());  // the coordinator names db in its turn
  host.ask(protocol::Abort{host.id(), "db", false, "test"});
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
}

TEST(AgentCore, SaysThatItIsStuckWhenAnUndoFailsAndTriesAgainWhenAsked) {
  Host host("db@h1");
  host.swap_all();
  host.broken = {"undo switch_traffic db"};
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  for (int i = 0; i < 3; ++i) host.happen(TimerFired{"retry:" + host.id().str() + ":db"});
  EXPECT_EQ(host.count<protocol::Stuck>(), 1u);
  EXPECT_EQ(host.state(), protocol::AgentState::stuck);
  host.broken.clear();
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
}

/// Found by the simulation: the release that does not go away had cut its host off, so nobody could ask.
TEST(AgentCore, TriesAStuckRevertAgainByItself) {
  Host host("db@h1");
  host.swap_all();
  host.broken = {"undo switch_traffic db"};
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  for (int i = 0; i < 3; ++i) host.happen(TimerFired{"retry:" + host.id().str() + ":db"});
  ASSERT_EQ(host.state(), protocol::AgentState::stuck);
  ASSERT_TRUE(host.timers.contains("again:" + host.id().str()));
  host.broken.clear();
  host.happen(TimerFired{"again:" + host.id().str()});
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
}

TEST(AgentCore, RenewsItsDeadlineWhenTheLeaseIs) {
  Host host("db@h1");
  host.swap_all();
  const std::string timer = "deadman:" + host.id().str();
  const std::int64_t first = host.timers.at(timer);
  host.now = first - 1;
  host.ask(protocol::Extend{host.id()});
  EXPECT_EQ(host.count<protocol::Extended>(), 1u);
  host.now = first;
  host.happen(TimerFired{timer});
  EXPECT_EQ(host.state(), protocol::AgentState::swapped);
}

TEST(AgentCore, AnswersACommitWithoutItsVoteWithTheTruth) {
  Host host;
  host.swap_all();
  host.ask(protocol::Commit{host.id()});
  EXPECT_FALSE(host.has(RecordKind::decision));
  EXPECT_TRUE(std::holds_alternative<protocol::Report>(host.sent.back()));
}

TEST(AgentCore, SaysOfADeploymentThatNeverCameThatNothingWasChanged) {
  Host host;
  host.ask(protocol::Abort{DeploymentId("d-00000000000000aa"), {}, true, "test"});
  ASSERT_EQ(host.count<protocol::Reverted>(), 1u);
  EXPECT_TRUE(std::get<protocol::Reverted>(host.sent.back()).complete);
}

/// Found by the simulation: the plan was overtaken by the order to abort it, and then held its components for ever.
TEST(AgentCore, TakesNoPlanThatWasAbortedBeforeItCame) {
  Host host;
  host.ask(protocol::Abort{host.id(), {}, true, "test"});
  host.ask(protocol::Plan{host.signed_plan()});
  EXPECT_EQ(host.count<protocol::PlanAck>(), 0u);
  host.start("boot-1");
  host.ask(protocol::Plan{host.signed_plan()});
  EXPECT_EQ(host.count<protocol::PlanAck>(), 0u);
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
}

/// A host that has committed and ended its deployment, and as many others since as it remembers.
Host forgetful_host() {
  Host host("db@h1");
  host.hold();
  host.ask(protocol::Commit{host.id()});
  host.now += host.plan.slices.at(self).keep_old_ms;
  host.happen(TimerFired{"retire:" + host.id().str()});
  for (std::size_t other = 0; other < limits::closed_deployments_max; ++other) {
    const std::string digits = std::to_string(1'000 + other);
    host.ask(protocol::Abort{DeploymentId("d-000000000000" + digits), {}, true, "another"});
  }
  host.sent.clear();
  return host;
}

bool answers_that_it_has_forgotten(Host& host, protocol::Message question) {
  host.ask(std::move(question));
  const auto* answer = std::get_if<protocol::Report>(&host.sent.back());
  return answer != nullptr && answer->report.state == protocol::AgentState::idle && answer->report.forgotten;
}

/// Asked by a coordinator with an old copy of its store, which does not know that this was committed.
TEST(AgentCore, DoesNotSayRevertedOfWhatItMayHaveCommittedAndForgotten) {
  Host host = forgetful_host();
  const std::uint64_t plan_seq = protocol::decode_header(host.plan.header).plan_seq;
  const protocol::Abort abort{host.id(), {}, true, "an old copy", plan_seq};
  const auto expect_honest = [&](const char* when) {
    EXPECT_TRUE(answers_that_it_has_forgotten(host, abort)) << when;
    EXPECT_TRUE(answers_that_it_has_forgotten(host, protocol::Query{host.id(), plan_seq})) << when;
    EXPECT_TRUE(answers_that_it_has_forgotten(host, protocol::Plan{host.signed_plan()})) << when;
    EXPECT_EQ(host.count<protocol::Reverted>(), 0u) << when;
    EXPECT_EQ(make_hello({}, *host.core, host.now).forgotten_plan_seq, plan_seq) << when;
  };
  expect_honest("at once");
  host.start("boot-1");
  expect_honest("after a restart");
  host.journal = host.core->snapshot();
  host.start("boot-1");
  expect_honest("after a compaction");
}

TEST(AgentCore, SaysStillOfALaterPlanThatNeverCameThatNothingWasChanged) {
  Host host = forgetful_host();
  const std::uint64_t later = protocol::decode_header(host.plan.header).plan_seq + 1;
  host.ask(protocol::Abort{DeploymentId("d-00000000000000aa"), {}, true, "test", later});
  ASSERT_EQ(host.count<protocol::Reverted>(), 1u);
  EXPECT_TRUE(std::get<protocol::Reverted>(host.sent.back()).complete);
}

/// Such a record has no number of a plan: it is one of those that were seen.
TEST(AgentCore, MayHaveForgottenEveryPlanItHasSeenWhereAnOlderAgentHasCompactedTheJournal) {
  JournalRecord fence, retired;
  fence.kind = RecordKind::fence;
  fence.component = "db";
  fence.epoch = 5;
  retired.kind = RecordKind::retired;
  retired.deployment = DeploymentId("d-0000000000000001");
  std::vector<JournalRecord> journal(limits::closed_deployments_max + 2, retired);
  journal.front() = fence;
  const AgentCore core({self, keys.public_key}, Role::agent, journal);
  EXPECT_EQ(core.forgotten_plan_seq(), 5u);
}

TEST(AgentCore, RootOnTheHostDecidesForACoordinatorThatIsGone) {
  Host host;
  host.hold();
  host.happen(Resolved{host.id(), false, "the coordinator burnt down"});
  EXPECT_EQ(host.state(), protocol::AgentState::reverted);
}

TEST(AgentCore, IsAfterARestartWhatItsJournalSays) {
  // At every length of the journal: what a new process makes of it is what it would make of its own snapshot.
  Host host;
  host.hold();
  host.ask(protocol::Commit{host.id()});
  for (std::size_t length = 0; length <= host.journal.size(); ++length) {
    const std::vector<JournalRecord> some(host.journal.begin(),
                                          host.journal.begin() + static_cast<std::ptrdiff_t>(length));
    const AgentCore replayed(CoreIdentity{self, keys.public_key}, Role::agent, some);
    const AgentCore compacted(CoreIdentity{self, keys.public_key}, Role::agent, replayed.snapshot());
    EXPECT_EQ(replayed.reports(0), compacted.reports(0)) << length << " records";
    EXPECT_EQ(replayed.max_epoch(), compacted.max_epoch());
  }
}

TEST(AgentCore, EndsTheOldSlotsLifeWhenKeepOldIsOver) {
  Host host("db@h1");
  host.hold();
  host.ask(protocol::Commit{host.id()});
  host.ran.clear();
  host.now += host.plan.slices.at(self).keep_old_ms;
  host.happen(TimerFired{"retire:" + host.id().str()});
  EXPECT_FALSE(host.ran_matching("ensure_unit db").empty());
  EXPECT_TRUE(host.core->deployments().empty());
}

TEST(AgentCore, TakesInWhatTheDeadManWrote) {
  Host host("db@h1");
  host.swap_all();
  AgentCore dead_man(CoreIdentity{self, keys.public_key}, Role::dead_man, host.journal);
  const std::int64_t late = host.now + 1'000'000;
  std::vector<JournalRecord> written = dead_man.apply(Began{"boot-1"}, late).writes;
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.front().kind, RecordKind::decision);
  host.happen(JournalGrew{written});
  host.ask(protocol::Hold{host.id()});
  EXPECT_EQ(host.count<protocol::Held>(), 0u);
  EXPECT_EQ(host.state(), protocol::AgentState::reverting);
}

// Found by the simulation (seed 3366) when the dead-man did not hide it any more: the agent ended on the way, its next
// process took the reboot for dealt with, and the commit closed a deployment whose unit did not run.
TEST(AgentCore, BringsBackWhatIsHeldAgainWhenItEndedOnTheWay) {
  Host host("db@h1");
  host.hold();
  host.core.emplace(CoreIdentity{self, keys.public_key}, Role::agent, host.journal);
  const Effects begun = host.core->apply(Began{"boot-2"}, host.now);
  ASSERT_FALSE(begun.runs.empty());
  host.journal.insert(host.journal.end(), begun.writes.begin(), begun.writes.end());  // and no step ends
  host.ran.clear();
  host.start("boot-2");
  EXPECT_FALSE(host.ran_matching("ensure_unit db").empty());
  host.ran.clear();
  host.start("boot-2");
  EXPECT_TRUE(host.ran.empty()) << "once it is back, it is back";
}

// Found by the simulation (crash points, seed 4474): the shares were gone through once more, and traffic was led to the
// old slot, which does not run after a reboot in the commit.
TEST(AgentCore, BringsACanaryBackWhereItHadArrivedAndNotByTheSharesOnTheWay) {
  Host host("app@h1", 1, {.strategy = model::Strategy::canary});
  host.hold();
  ASSERT_EQ(host.ran_matching("switch_traffic app").size(), 3u);
  host.ran.clear();
  host.start("boot-2");
  EXPECT_EQ(host.ran_matching("switch_traffic app").size(), 1u);
  EXPECT_EQ(host.ran_matching("ensure_unit app").size(), 1u);
}

/// The probes that are steps of the swap to that stage.
std::vector<protocol::ProbeSpec> asked_in_stage(const protocol::SliceComponent& plan, std::uint32_t stage) {
  std::vector<protocol::ProbeSpec> asked;
  for (const protocol::Step& step : plan.steps) {
    const auto* probe = std::get_if<protocol::Probe>(&step.action);
    if (probe != nullptr && step.phase == protocol::Phase::swap && step.stage == stage) asked.push_back(probe->spec);
  }
  return asked;
}

// Found by tests/fleet/run canary: with 10 % of the traffic nine of ten looks through the stable port ask the old
// release, so that an ill one was seen only when its share grew.
TEST(AgentCore, WatchesAShareAtTheNewReleasesOwnPort) {
  Host host("app@h1", 1, {.strategy = model::Strategy::canary});
  const protocol::SliceComponent& plan = host.plan.slices.at(self).components.at(0);
  ASSERT_EQ(plan.stages, 3u);
  ASSERT_FALSE(asked_in_stage(plan, 1).empty());
  ASSERT_NE(asked_in_stage(plan, 1), plan.watch);
  host.prepare_all();
  host.ask(protocol::Swap{host.id(), "app", 1});
  EXPECT_EQ(host.watches.at("app"), asked_in_stage(plan, 1));
  host.ask(protocol::Swap{host.id(), "app", 2});
  host.start("boot-1");
  EXPECT_EQ(host.watches.at("app"), asked_in_stage(plan, 2)) << "also after the agent has died";
  host.ask(protocol::Swap{host.id(), "app", 3});
  EXPECT_EQ(host.watches.at("app"), plan.watch);
}

// Found by the simulation (seed 3013): what the watch had seen between two shares was forgotten with the next one.
TEST(AgentCore, DoesNotVoteForACanaryThatFellIllBetweenItsShares) {
  Host host("app@h1", 1, {.strategy = model::Strategy::canary});
  host.prepare_all();
  host.ask(protocol::Swap{host.id(), "app", 1});
  host.happen(HealthChanged{host.id(), "app", false, "answers 500"});
  host.ask(protocol::Swap{host.id(), "app", 2});
  host.ask(protocol::Swap{host.id(), "app", 3});
  host.happen(SessionBegan{++host.connection});
  host.ask(protocol::Hold{host.id()});
  EXPECT_EQ(host.count<protocol::Held>(), 0u);
}

// Found by tests/model (BESIDE_THE_AGENT): the dead-man of a booted host works beside the agent. Its last step of
// bringing back what is held took effect after the agent had been told to go back, and had.
TEST(AgentCore, LeavesItToAgentAndResumeUnitToBringBackWhatIsHeld) {
  Host host("db@h1");
  host.hold();
  AgentCore dead_man(CoreIdentity{self, keys.public_key}, Role::dead_man, host.journal);
  EXPECT_TRUE(dead_man.apply(Began{"boot-2"}, host.now).runs.empty());
  EXPECT_TRUE(dead_man.idle());
  AgentCore resume(CoreIdentity{self, keys.public_key}, Role::resume, host.journal);
  EXPECT_FALSE(resume.apply(Began{"boot-2"}, host.now).runs.empty());

  host.ask(protocol::Commit{host.id()});
  std::erase_if(host.journal, [](const JournalRecord& record) { return record.kind == RecordKind::committed; });
  AgentCore decided(CoreIdentity{self, keys.public_key}, Role::dead_man, host.journal);
  EXPECT_TRUE(decided.apply(Began{"boot-2"}, host.now).runs.empty());
}

std::map<DeploymentId, protocol::AgentState> states_of(const AgentCore& core) {
  std::map<DeploymentId, protocol::AgentState> states;
  for (const protocol::DeploymentReport& report : core.reports(0)) states[report.deployment] = report.state;
  return states;
}

/// A compaction hands the other process the whole journal once more, however much of it it had read.
void expect_follows_a_compaction(const std::vector<JournalRecord>& journal) {
  const CoreIdentity identity{self, keys.public_key};
  for (std::size_t end = 0; end <= journal.size(); ++end) {
    const std::vector<JournalRecord> written(journal.begin(), journal.begin() + static_cast<std::ptrdiff_t>(end));
    const AgentCore writer(identity, Role::agent, written);
    for (std::size_t read = 0; read <= end; ++read) {
      AgentCore reader(identity, Role::dead_man,
                       {written.begin(), written.begin() + static_cast<std::ptrdiff_t>(read)});
      reader.apply(JournalGrew{writer.snapshot(), true}, 0);
      ASSERT_EQ(reader.snapshot(), writer.snapshot()) << end << " written, " << read << " read";
      ASSERT_EQ(reader.armed(), writer.armed());
      const AgentCore fresh(identity, Role::dead_man, writer.snapshot());
      ASSERT_EQ(states_of(reader), states_of(fresh));
    }
  }
}

TEST(AgentCore, FollowsACompactionOfTheOtherProcessWhateverItHadRead) {
  Host committed;
  committed.hold();
  committed.ask(protocol::Commit{committed.id()});
  expect_follows_a_compaction(committed.journal);

  Host reverted;
  reverted.prepare_all();
  reverted.start("boot-2");
  reverted.swap_all();
  reverted.ask(protocol::Abort{reverted.id(), {}, true, "test"});
  expect_follows_a_compaction(reverted.journal);
}

}  // namespace
}  // namespace switchyard::agent
