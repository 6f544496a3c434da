#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "agent/executors/executors.hpp"
#include "agent/journal/journal_file.hpp"
#include "common/crypto.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent::testing {

/// Writes down what it was asked to do, and does what the test says (by default: succeeds). Any thread.
class NotingExecutor final : public Executor {
 public:
  std::function<protocol::StepResult(const StepContext&)> script = [](const StepContext&) { return done(true, ""); };

  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back((context.undo ? "undo " : "") + std::string(protocol::action_name(action)));
    }
    return script(context);
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;  ///< guards asked_
  std::vector<std::string> asked_;
};

/// A host with a real journal in a directory of its own, a signed plan of one component, and steps that are scripted.
struct JournalHost {
  explicit JournalHost(const Clock& clock_)
      : clock(clock_),
        executors({executor, executor, executor, executor, executor, executor, executor, executor, executor, executor,
                   executor, executor, executor, executor, executor},
                  clock_, mask) {
    plan.signature = protocol::sign_plan(plan.header, keys);
  }

  protocol::SignedPlan signed_plan() const {
    return {plan.header, protocol::encode_slice(plan.slices.at(self)), plan.signature};
  }
  const std::filesystem::path& state() const { return root.path(); }
  CoreIdentity identity() const { return {self, keys.public_key}; }
  const DeploymentId& id() const { return plan.deployment; }

  /// What an agent whose steps all succeed writes until it has swapped, with its dead-man's deadline so far away.
  void write_swapped(const std::string& boot_id, std::int64_t deadline_in_ms) {
    JournalFile journal(state());
    AgentCore core(identity(), Role::agent, journal.records());
    const std::int64_t then = clock.boot_ms() + deadline_in_ms - plan.slices.at(self).confirm_ms;
    play(journal, core, Began{boot_id}, then);
    play(journal, core, MessageArrived{1, protocol::Welcome{}}, then);
    play(journal, core, MessageArrived{1, protocol::Plan{signed_plan()}}, then);
    play(journal, core, MessageArrived{1, protocol::Prepare{id(), "app"}}, then);
    play(journal, core, MessageArrived{1, protocol::Swap{id(), "app", 1}}, then);
  }
  static void play(JournalFile& journal, AgentCore& core, const Event& event, std::int64_t now) {
    Effects effects = core.apply(event, now);
    JournalFile::Turn(journal).append(effects.writes);
    for (const RunStep& order : effects.runs) {
      protocol::StepResult result;
      result.state = protocol::StepState::done;
      play(journal, core, StepFinished{order.deployment, order.step, order.undo, result}, now);
    }
  }
  void append(RecordKind kind) {
    JournalFile journal(state());
    JournalRecord record;
    record.kind = kind;
    record.deployment = id();
    std::vector<JournalRecord> records{record};
    JournalFile::Turn(journal).append(records);
  }
  std::size_t count(RecordKind kind) const {
    const JournalFile journal(state());
    std::size_t found = 0;
    for (const JournalRecord& record : journal.records()) found += record.kind == kind ? 1 : 0;
    return found;
  }
  /// Nothing while it is open.
  protocol::AgentState told() const {
    const JournalFile journal(state());
    return AgentCore(identity(), Role::dead_man, journal.records()).reports(clock.boot_ms()).back().state;
  }

  /// The old slot is kept for a moment only.
  static model::Plan short_plan() {
    switchyard::testing::PlanBuilderOptions options;
    options.settings.keep_old_ms = 20;
    return switchyard::testing::plan_from_text("app@h1", options);
  }

  const Clock& clock;
  ScratchRoot root;
  SigningKeyPair keys = signing_key_from_secret(std::string(32, 'k'));
  HostId self{"h1"};
  model::Plan plan = short_plan();
  NotingExecutor executor;
  SecretMask mask;
  Executors executors;
};

}  // namespace switchyard::agent::testing
