#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "coordinator/engine/deployment_run.hpp"
#include "coordinator/engine/effect.hpp"

namespace switchyard::engine {

/// What a failure is known by; all of it may be empty.
struct Cause {
  std::string code;  ///< of model::error_table()
  std::string component = {};
  StepId step = {};
  std::string seen = {};  ///< unhealthy: what the agent saw, the check's name before it: "orders: status 503"
};

/// One event's work: the run, the effects that gather, and the verbs that need both. It lives within one apply(); what
/// the event means is engine.cpp's, what follows from it progress.cpp's business. Pure.
class Turn {
 public:
  Turn(DeploymentRun& run, Effects& effects) : run_(run), effects_(effects) {}

  DeploymentRun& run() { return run_; }
  Effects& effects() { return effects_; }
  model::DeploymentState state() const { return run_.row.state; }
  bool undecided() const { return !run_.decision && state() != model::DeploymentState::draft; }
  template <class Predicate>
  bool all_hosts(Predicate predicate) const {
    return std::all_of(run_.hosts.begin(), run_.hosts.end(),
                       [&](const auto& entry) { return predicate(entry.second); });
  }

  void enter(model::DeploymentState next, const std::string& why = {});
  /// Aborts, or pauses where the plan says so and nothing went back yet. `host` may be empty.
  void fail(const HostId& host, const Cause& cause, const std::string& why);
  /// Nothing is decided, and nothing asked, until a person says how it goes on. `host` may be empty.
  void wait_for_a_person(const HostId& host, const std::string& why);
  void decide(model::Decision decision, const std::string& why);
  void finish(model::DeploymentState state);

  void send(const HostId& host, protocol::Message message) { effects_.sends.push_back({host, std::move(message)}); }
  void timer(const std::string& name, std::int64_t ms) { effects_.timers.push_back({name, ms}); }
  /// Swapping and holding are bounded by the time without progress; preparing by its whole time.
  void renew_deadline();
  /// First who is silent has a confirm time in which to go back alone; then nobody waits for him any more, and the
  /// deployment is stuck when nothing is heard of the way back for as long as its undos may take, or at its end.
  void begin_revert();
  /// A host gets on with its way back.
  void renew_revert();
  void renew_lease();

  /// A line of the timeline: of the deployment, or of one host.
  void note(std::string text) { note({}, "state", std::string(model::state_name(state())), std::move(text)); }
  void note(const HostId& host, std::string what, std::string state, std::string text);

 private:
  DeploymentRun& run_;
  Effects& effects_;
};

}  // namespace switchyard::engine
