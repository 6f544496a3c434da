#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/system/traffic_switch.hpp"
#include "common/error.hpp"

namespace switchyard::testing {

/// A switch in memory, one entry for each stable port (or haproxy backend).
class FakeSwitch final : public agent::TrafficSwitch {
 public:
  std::vector<protocol::SwitchTraffic> applied;
  std::optional<agent::SwitchRefusal> refusal;
  std::string failure;               ///< not empty: every call throws Error with it
  bool durable = true;               ///< what the next reading says, until apply()
  bool ignores_apply = false;        ///< something else keeps changing it back
  std::deque<std::uint64_t> counts;  ///< what connections() says, one after the other; the last stays

  void set(const protocol::SwitchTraffic& now) { live_[key(now)] = live(now); }

  agent::SwitchReading read(const protocol::SwitchTraffic& wanted) override {
    fail_if_told();
    const auto found = live_.find(key(wanted));
    agent::SwitchReading reading;
    if (found != live_.end()) reading.targets = found->second;
    reading.durable = durable;
    return reading;
  }
  void apply(const protocol::SwitchTraffic& wanted) override {
    fail_if_told();
    applied.push_back(wanted);
    durable = true;
    if (!ignores_apply) set(wanted);
  }
  std::optional<agent::SwitchRefusal> refuse(const protocol::SwitchTraffic&) override {
    fail_if_told();
    return refusal;
  }
  std::uint64_t connections(const protocol::SwitchTraffic&, const protocol::SwitchTarget&) override {
    fail_if_told();
    if (counts.empty()) return 0;
    const std::uint64_t count = counts.front();
    if (counts.size() > 1) counts.pop_front();
    return count;
  }

 private:
  void fail_if_told() const {
    if (!failure.empty()) throw Error(failure);
  }
  static std::string key(const protocol::SwitchTraffic& of) {
    return std::to_string(of.stable_port) + of.haproxy_socket + of.haproxy_backend;
  }
  static std::vector<protocol::SwitchTarget> live(const protocol::SwitchTraffic& wanted) {
    std::vector<protocol::SwitchTarget> targets;
    for (const protocol::SwitchTarget& target : wanted.targets) {
      if (target.weight > 0) targets.push_back(target);
    }
    return targets;
  }

  std::map<std::string, std::vector<protocol::SwitchTarget>> live_;
};

}  // namespace switchyard::testing
