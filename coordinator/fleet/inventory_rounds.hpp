#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/timers.hpp"
#include "protocol/message.hpp"

namespace switchyard::fleet {

/// Asks agents what serves on their hosts, and gathers the answers until all are there or the time is over.
/// Loop thread only.
class InventoryRounds {
 public:
  using Questions = std::map<HostId, std::vector<protocol::InventoryQuestion>>;
  using Answers = std::map<HostId, std::vector<protocol::ComponentFact>>;
  using Done = std::function<void(Answers)>;

  InventoryRounds(AgentRegistry& registry, Timers& timers, const Clock& clock)
      : registry_(registry), timers_(timers), clock_(clock) {}

  /// `done` is called once, from the loop; hosts that are missing in the answers did not answer.
  void ask(Questions questions, Done done);
  /// What its agent can do (protocol/version.hpp); nothing: it is not connected.
  const std::vector<std::string>* features(const HostId& host) const;
  void answered(const HostId& host, const protocol::InventoryReply& reply);

 private:
  struct Round {
    Questions open;  ///< those that have not answered
    Answers answers;
    Done done;
    std::int64_t began_boot_ms = 0;
  };
  void tick(const std::string& id);
  bool over(const Round& round) const;
  void finish(const std::string& id);

  AgentRegistry& registry_;
  Timers& timers_;
  const Clock& clock_;
  std::map<std::string, Round> rounds_;
};

}  // namespace switchyard::fleet
