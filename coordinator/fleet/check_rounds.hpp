#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/crypto.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/timers.hpp"
#include "protocol/check_order.hpp"

namespace switchyard::fleet {

/// Has agents run checks, and gathers their answers until all are there or the time is over. Orders are signed with the
/// plan key; the same order is sent until it is answered, and agents carry it out once. Loop thread only.
class CheckRounds {
 public:
  using Orders = std::map<HostId, std::vector<protocol::ProbeSpec>>;
  /// What a host said; `why_not` is not empty where nothing is known of its checks.
  struct HostAnswer {
    std::vector<protocol::CheckResult> results;
    std::string why_not;
  };
  using Answers = std::map<HostId, HostAnswer>;
  using Done = std::function<void(Answers)>;

  CheckRounds(AgentRegistry& registry, Timers& timers, const Clock& clock, SigningKeyPair plan_key)
      : registry_(registry), timers_(timers), clock_(clock), plan_key_(std::move(plan_key)) {}

  /// False when too many rounds are under way. `done` is called once, from the loop, and names every host.
  bool run(const Orders& orders, Done done);
  void answered(const HostId& host, const protocol::ChecksRun& run);

 private:
  struct Order {
    HostId host;
    protocol::RunChecks message;
    std::size_t checks = 0;
  };
  struct Round {
    std::map<std::string, Order> open;  ///< by request
    Answers answers;
    Done done;
    std::int64_t began_boot_ms = 0;
    std::int64_t time_ms = 0;
  };
  void tick(const std::string& id);
  bool over(const Round& round) const;
  void finish(const std::string& id);

  AgentRegistry& registry_;
  Timers& timers_;
  const Clock& clock_;
  SigningKeyPair plan_key_;
  std::map<std::string, Round> rounds_;
};

}  // namespace switchyard::fleet
