#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/executors/executors.hpp"
#include "protocol/message.hpp"
#include "tests/simulation/commands.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/process.hpp"

namespace switchyard::simulation {

/// What a host is apart from its agent: files, releases, systemd's units, the traffic switch. Files, enablement and the
/// switch's map outlive a boot; running units do not.
class Machine {
 public:
  Machine(std::string host, Dice& dice, FaultPoints& points, const MachineClock& clock);

  /// The real dispatcher of steps, over this machine.
  agent::Executors& executors() { return executors_; }

  void boot();
  void power_off() { running_.clear(); }
  protocol::InventoryReply answer(const protocol::Inventory& question) const;

  // --- what is, for those who judge ---
  /// The release that clients of the component reach; empty: nothing serves.
  std::string serving(const std::string& component) const;
  bool walled() const;
  /// Units of the component that run, beside the one that serves.
  std::size_t idle_units_of(const std::string& component) const;
  bool enabled(const std::string& unit) const { return enabled_.contains(unit); }
  std::size_t enabled_of(const std::string& component) const;
  std::string current(const std::string& component) const;
  bool has_release(const std::string& component, const std::string& release) const;

  // --- faults ---
  struct Trouble {
    double slow = 0;                         ///< share of steps that take long
    double failing = 0;                      ///< share of tries that fail
    double failing_undo = 0;                 ///< share of tries of an undo that fail
    double falling_ill = 0;                  ///< share of releases that fall ill just after their switch
    std::set<std::string> bad_releases;      ///< whose checks never pass
    std::set<std::string> walling_releases;  ///< that let nobody reach the host anew while they serve
  };
  Trouble trouble;
  /// Of its agent, in Z85: what is sealed to it is put in place. Empty: nobody configures anything.
  std::string secret_key;
  bool masks = true;  ///< false: its agent is of a version that did not
  std::function<void(const std::string&)> on_violation, on_act;
  /// Just before a step changes something, or looks whether it has to.
  std::function<void(const agent::StepContext&)> on_effect;

 private:
  class Hands;
  protocol::StepResult act(const protocol::Action& action, const agent::StepContext& context);
  protocol::StepResult make(const protocol::Action& action, const agent::StepContext& context);
  protocol::StepResult make_typed(const protocol::Action& action);
  std::optional<protocol::StepResult> misfortune(const protocol::Action& action, const agent::StepContext& context);
  protocol::StepResult make(const protocol::EnsureUnit& wanted);
  protocol::StepResult make(const protocol::SwitchTraffic& wanted);
  protocol::StepResult make(const protocol::EnsureFile& wanted);
  protocol::StepResult make(const protocol::EnsureLink& wanted);
  protocol::StepResult make(const protocol::EnsureRelease& wanted);
  protocol::StepResult make(const protocol::Prune& wanted);
  protocol::StepResult make(const protocol::Probe& wanted);
  protocol::StepResult make(const protocol::VerifyOld& wanted);
  protocol::StepResult make(const protocol::EnsureConfiguration& wanted);
  protocol::StepResult make(const protocol::Snapshot&) { return agent::done(true, ""); }
  protocol::StepResult make(const protocol::Restore&) { return agent::done(true, ""); }
  protocol::StepResult make(const protocol::CheckSwitch&) { return agent::done(false, ""); }
  protocol::StepResult make(const protocol::Drain&) { return agent::done(false, ""); }
  void print_secrets(protocol::StepResult& result);
  std::string release_in_unit_file(const std::string& unit) const;
  protocol::OldState read_serving(const protocol::InventoryQuestion& question) const;

  std::string host_;
  Dice& dice_;
  FaultPoints& points_;
  const MachineClock& clock_;
  std::map<std::string, std::string> files_;               ///< by name
  std::map<std::string, std::string> links_;               ///< component -> release
  std::map<std::string, std::set<std::string>> releases_;  ///< component -> complete ones
  std::map<std::string, std::string> running_;             ///< unit -> the release that its process runs
  std::set<std::string> enabled_;
  std::map<std::string, std::string> live_slot_;  ///< component -> slot that the switch leads to
  std::set<std::string> switched_;                ///< components that have a switch
  std::vector<std::string> secrets_;              ///< that services were configured with
  Commands commands_;
  std::unique_ptr<agent::Executor> hands_;
  SecretMask mask_;
  agent::Executors executors_;
};

}  // namespace switchyard::simulation
