#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/message.hpp"

namespace switchyard::forecast {

/// A step, or a step's undo, that a simulated agent has begun.
struct BegunStep {
  std::string component;
  const protocol::Step* step = nullptr;
  bool undo = false;
  std::uint64_t ticket = 0;                       ///< to be named when it ends
  std::optional<std::int64_t> not_after_ms = {};  ///< a swap's steps end before the dead-man's hour
};

/// What came of one thing that happened to an agent.
struct AgentTurn {
  std::vector<protocol::Message> says;
  std::vector<BegunStep> begins;
  std::vector<BegunStep> stops;               ///< told to stop: they end now
  std::vector<std::string> retries;           ///< components whose step is tried again soon
  std::optional<std::int64_t> alone_ms = {};  ///< when it acts by itself, unless it hears of the coordinator
  bool redials = false;
};

/// An agent as the protocol promises it, on a host where nothing goes wrong but what the simulation lets go wrong. It
/// changes nothing anywhere. That it takes the branches of the real agent is what a property of the tests says. Owned
/// by the Simulator; refers to the slice. Pure.
class SimulatedAgent {
 public:
  explicit SimulatedAgent(const protocol::PlanSlice& slice);

  AgentTurn hear(const protocol::Message& message, std::int64_t now_ms);
  /// Ignored when that step was stopped meanwhile.
  AgentTurn step_ended(std::uint64_t ticket, const protocol::StepResult& result, std::int64_t now_ms);
  AgentTurn try_again(const std::string& component, std::int64_t now_ms);
  /// The hour of the dead-man, or of a revert whose order the coordinator does not give.
  AgentTurn act_alone(std::int64_t now_ms);
  /// It is welcomed over a connection that was dialled after the swap: what was lost on the way is said again.
  AgentTurn dialled_anew(std::int64_t now_ms);
  /// Its lease was renewed all along: when it would act alone now. Nothing when it holds none.
  AgentTurn leased_until(std::int64_t deadline_ms);
  protocol::DeploymentReport report() const;

 private:
  enum class Work : std::uint8_t { none, preparing, swapping, committing, reverting, discarding };
  struct Job {
    const protocol::Step* step = nullptr;
    bool undo = false;
  };
  struct Part {
    bool staged = false;
    std::uint32_t stage = 0;
    bool reverted = false, revert_wanted = false, committed = false, discarded = false;
    std::set<StepId> touched;
    Work work = Work::none;
    std::uint32_t target = 0;  ///< the stage that is swapped to
    std::vector<Job> jobs;
    std::size_t next = 0;
    std::uint64_t ticket = 0;  ///< of the step that is out; 0: none is
    bool stopping = false;
  };

  void on(const protocol::Plan& message);
  void on(const protocol::Prepare& message);
  void on(const protocol::Swap& message);
  void on(const protocol::Hold& message);
  void on(const protocol::Commit& message);
  void on(const protocol::Abort& message);
  void on(const protocol::Extend& message);
  void on(const protocol::Query& message);
  void on(const protocol::StepEventAck& message);
  template <class Other>
  void on(const Other&) {}

  void tell_where_it_stands();
  const protocol::SliceComponent* find(const std::string& component) const;
  void begin(const std::string& component, Work work, std::vector<Job> jobs);
  void run_next(const std::string& component);
  void end_work(const std::string& component);
  void fail_work(const std::string& component, const Job& job, const protocol::StepResult& result);
  void decide_abort(const std::string& why);
  void drive_revert();
  void drive_commit();
  bool swapped() const;
  bool provisional() const { return armed_ && !held_ && !decided_; }
  protocol::AgentState state() const;
  void arm();
  void say(protocol::Message message) { turn_.says.push_back(std::move(message)); }
  AgentTurn take(std::int64_t now_ms);

  const protocol::PlanSlice& slice_;
  std::map<std::string, Part> parts_;
  bool accepted_ = false, armed_ = false, held_ = false, decided_ = false, commit_ = false, committed_ = false;
  bool revert_all_ = false, reverted_ = false;
  std::int64_t deadline_ms_ = 0, revert_ms_ = 0, now_ms_ = 0;
  std::uint64_t connection_ = 1, swapped_connection_ = 0, tickets_ = 0;
  std::string why_;
  std::vector<protocol::StepEvent> unacknowledged_;
  AgentTurn turn_;
};

}  // namespace switchyard::forecast
