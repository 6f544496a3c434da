#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "coordinator/store/memory_store.hpp"
#include "protocol/message.hpp"

namespace switchyard::simulation {

/// Checks the protocol's invariants after every event that could break one (docs/protocol.md says which when). It sees
/// what a power cut would leave of each journal, what was committed to the store, what agents say and what their steps
/// do; it keeps its own books.
class Watchman {
 public:
  /// component -> those that need it
  std::map<std::string, std::set<std::string>> dependents;

  void violation(const std::string& text) {
    if (violations_.size() < 20) violations_.push_back(text);
  }
  const std::vector<std::string>& violations() const { return violations_; }

  // --- hosts ---
  void journal_grew(const HostId& host, std::uint64_t file, const std::string& durable);
  void power_was_cut(const HostId& host, std::uint64_t file, const std::string& durable);
  void agent_says(const HostId& host, const protocol::Message& message);
  void agent_reports(const HostId& host, const protocol::Hello& hello);
  void agent_hears(const HostId& host, const protocol::Message& message);
  /// It has taken in the WELCOME of a coordinator of that epoch.
  void agent_welcomed(const HostId& host, std::uint64_t epoch);
  /// A step of a deployment is about to take effect.
  void step_acts(const HostId& host, const DeploymentId& deployment, const StepId& step, bool undo);
  /// A host whose key is in other hands says what is not so, or not its own.
  void host_lies(const HostId& host, const protocol::Message& message);
  void agent_sees(const HostId&, const std::string& audit_head) { seen_heads_.insert(audit_head); }

  void health_changed(const HostId& host, const DeploymentId& deployment, const std::string& component, bool healthy);
  void health_forgotten(const HostId& host, bool by_agent) {
    if (by_agent) sick_[host].clear();
  }
  /// To be asked now and then of a host that is up: did it go back when its time was over?
  void deadline(const HostId& host, const std::string& boot, std::int64_t now_boot_ms);

  // --- secrets ---
  void keep_secret(const std::string& value);
  /// Nothing of this may be read by whoever has the bytes.
  void must_not_tell(std::string_view bytes, const char* what, const std::string& of_whom);

  // --- the store ---
  void store_took_epoch(std::uint64_t epoch);
  /// After `switchyard recover`: no host may have obeyed anybody of that number.
  void store_took_epoch_above(std::uint64_t epoch);
  void store_committed(std::uint64_t epoch, const store::Transaction& writes);
  /// An old copy took the place of the store. What the lost one decided may still be obeyed by who was told so.
  void store_was_restored(const store::MemoryDisk& lost, const store::MemoryDisk& copy);
  void audit_at_the_end(const std::vector<store::StoredAudit>& rows);

 private:
  using StepKey = std::pair<StepId, bool>;  ///< the bool: its undo
  /// What a host's disk says for certain about one deployment.
  struct Facts {
    std::set<StepKey> intents, results;
    std::set<StepId> swap_steps;
    std::size_t extended = 0, said_extended = 0;
    bool plan = false, held = false, decided = false, commit = false, committed = false, closed = false;
    std::set<std::string> staged, swapped, reverted;
    std::map<std::string, std::set<std::string>>
        after;                          ///< component -> those that were switched after it, and are related
    std::string boot;                   ///< in which it must be held or going back ...
    std::int64_t deadline_boot_ms = 0;  ///< ... by this time; 0: not armed
  };
  struct Book {
    std::uint64_t file = 0;
    std::size_t read = 0;
    std::uint64_t epoch = 0;
    std::map<std::string, std::uint64_t> plan_seq;  ///< component -> its newest plan's number
    std::map<DeploymentId, Facts> deployments;
  };
  struct Deployment {
    std::map<HostId, std::set<std::string>> components;
    std::set<HostId> left_out;
    std::set<model::DeploymentState> states;  ///< that its row has had
  };

  void read_on(const HostId& host, Book& book, const std::string& durable, bool again);
  void note(const HostId& host, Book& book, const agent::JournalRecord& record, bool again);
  void note_plan(const HostId& host, Book& book, Facts& facts, const agent::JournalRecord& record, bool again);
  void note_step(Facts& facts, const agent::JournalRecord& record);
  void judge_step_event(const HostId& host, const protocol::StepEvent& event);
  void judge_author(const store::Write& write);
  void judge_end(const model::DeploymentRow& row, const Deployment& deployment);
  void note_decision(const HostId& host, Facts& facts, const agent::JournalRecord& record);
  bool decided(const DeploymentId& id, model::Decision decision) const;
  void operator_take(const store::TakeLock& lock);
  void decide(const store::PutDecision& write);

  std::vector<std::string> violations_;
  std::map<HostId, Book> books_;
  std::map<DeploymentId, Deployment> deployments_;
  std::map<DeploymentId, model::Decision> decisions_, lost_decisions_;
  std::map<std::pair<HostId, std::string>, DeploymentId> locks_;
  std::uint64_t store_epoch_ = 0;
  std::set<std::string> seen_heads_, lost_heads_;
  bool restored_ = false;
  std::map<HostId, std::set<std::pair<DeploymentId, std::string>>> sick_;
  using StepWord = std::tuple<HostId, StepId, std::string, bool>;  ///< what a host says of a step, or of its undo
  std::set<StepWord> said_, stored_;
  std::set<HostId> liars_;
  std::vector<std::string> secrets_;  ///< in each of the shapes in which they are told
};

}  // namespace switchyard::simulation
