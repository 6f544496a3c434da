#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/closed_deployments.hpp"
#include "agent/core/deployment.hpp"
#include "agent/core/effect.hpp"
#include "agent/core/event.hpp"
#include "agent/core/journal_record.hpp"

namespace switchyard::agent {

/// Who runs the core. The dead-man is the same core in another process: it only reverts what is past its deadline (or
/// what a reboot left provisional); it talks to nobody. `resume` is the dead-man that a booting host runs to its end
/// before its agent begins: it also brings back what is held. The dead-man must not, since its last step could take
/// effect after the agent, beside it, was told to go back.
enum class Role : std::uint8_t { agent, dead_man, resume };

struct CoreIdentity {
  HostId host;
  std::string plan_public_key;            ///< pinned, 32 raw bytes
  std::string next_plan_public_key = {};  ///< announced by the coordinator, and good as well; empty: none
};

/// The agent's decisions. Pure: no clock, no disk, no network. One thread. Every call returns what shall be done; the
/// shell makes `writes` durable before anything else happens (see effect.hpp). Throws DecodeError only when constructed
/// from a journal that cannot be replayed: the shell then runs in SAFE mode, without a core.
class AgentCore {
 public:
  AgentCore(CoreIdentity identity, Role role, const std::vector<JournalRecord>& journal);

  Effects apply(const Event& event, std::int64_t now_boot_ms);

  std::uint64_t max_epoch() const { return max_epoch_; }
  /// For HELLO: every deployment that is not closed, and the last closed ones.
  std::vector<protocol::DeploymentReport> reports(std::int64_t now_boot_ms) const;
  /// For HELLO: of committed deployments up to this plan it may have forgotten that they were.
  std::uint64_t forgotten_plan_seq() const { return closed_.forgotten_plan_seq(); }
  const std::map<DeploymentId, DeploymentRun>& deployments() const { return deployments_; }
  /// True when some deployment waits for its dead-man.
  bool armed() const;
  /// True when no chain runs and nothing is provisional: the dead-man may leave.
  bool idle() const;
  /// The journal without what is over: what a compaction writes.
  std::vector<JournalRecord> snapshot() const;

 private:
  // agent_core.cpp: what happens
  void on(const Began& event);
  void on(const MessageArrived& event);
  void on(const SessionBegan& event);
  void on(const SessionEnded& event);
  void on(const StepFinished& event);
  void on(const TimerFired& event);
  void on(const JournalGrew& event);
  void on(const HealthChanged& event);
  void on(const Resolved& event);

  // messages.cpp: what the coordinator asks
  void on(const protocol::Plan& message);
  void on(const protocol::Prepare& message);
  void on(const protocol::Swap& message);
  void on(const protocol::Hold& message);
  void on(const protocol::Commit& message);
  void on(const protocol::Abort& message);
  void on(const protocol::Extend& message);
  void on(const protocol::StepEventAck& message);
  void on(const protocol::Query& message);
  template <class Other>
  void on(const Other&) {}  // the session's business, or not for agents

  // chains.cpp: steps, one after another
  void begin_chain(DeploymentRun& run, const std::string& component, Activity activity, std::vector<Job> jobs,
                   std::uint32_t stage = 0);
  void run_next(DeploymentRun& run, const std::string& component);
  void end_chain(DeploymentRun& run, const std::string& component);
  void fail_chain(DeploymentRun& run, const std::string& component, const Job& job, const protocol::StepResult& result);
  void stop_chains(DeploymentRun& run);
  void decide_abort(DeploymentRun& run, const std::string& why);
  void drive_revert(DeploymentRun& run);
  void drive_commit(DeploymentRun& run);
  void drive_retire(DeploymentRun& run);
  void restore(DeploymentRun& run);
  void note_resumed(DeploymentRun& run);
  void start_watches(DeploymentRun& run);
  void retire_component(DeploymentRun& run, const std::string& component, const std::string& why);
  void close(const JournalRecord& record, protocol::AgentState state);
  std::uint64_t newest_plan_seq() const;

  // journal
  void write(JournalRecord record);
  void note(const JournalRecord& record);
  void forget_noted(const std::vector<JournalRecord>& journal);
  void note_plan(const JournalRecord& record);
  void note_component(DeploymentRun& run, const JournalRecord& record);

  DeploymentRun* find(const DeploymentId& id);
  void send(protocol::Message message) { effects_.sends.push_back(std::move(message)); }
  /// What stands against this plan; empty when nothing does.
  std::pair<std::string, std::string> plan_trouble(const protocol::SignedPlan& plan) const;
  bool stop_retiring(const protocol::PlanSlice& slice);
  void set_timer(const std::string& name, const DeploymentRun& run, std::int64_t ms, const std::string& component = {});
  void arm(DeploymentRun& run, const std::string& component, std::uint32_t stage);
  void answer_unknown(const DeploymentId& id, std::uint64_t plan_seq = 0);
  void try_hold(DeploymentRun& run);

  CoreIdentity identity_;
  Role role_;
  std::uint64_t max_epoch_ = 0;
  std::uint64_t connection_ = 0;
  std::string boot_id_;
  std::int64_t now_ = 0;
  std::map<DeploymentId, DeploymentRun> deployments_;  ///< not closed
  ClosedDeployments closed_;
  std::map<std::string, std::uint64_t> plan_seq_;  ///< component -> the newest plan's number
  Effects effects_;
};

}  // namespace switchyard::agent
