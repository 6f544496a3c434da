#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/probes/probe.hpp"
#include "common/clock.hpp"
#include "common/event_loop.hpp"
#include "common/worker_pool.hpp"
#include "protocol/check_order.hpp"

namespace switchyard::agent {

/// Runs the checks that the coordinator orders apart from deployments. An order must be signed by a plan key that this
/// host trusts, and be fresh; the same order is carried out once, and answered as often as it comes. A check that is
/// not good is tried again as often as it wants (`retry_attempts`), behind those that were not tried yet, and only as
/// long as the answer would come in time. The threads that run checks live only as long as there are some, and take no
/// worker from a deployment. Owned by the agent; loop's thread.
class CheckRounds {
 public:
  struct Hands {
    std::function<std::vector<std::string>()> trusted_keys;  ///< of plans, 32 raw bytes each
    std::function<void(protocol::ChecksRun)> send;
    std::function<ProbeTry(const protocol::ProbeSpec& spec, const std::stop_token& stop)> try_once;
  };
  CheckRounds(EventLoop& loop, const Clock& clock, HostId self, Hands hands);
  ~CheckRounds();

  void ordered(const protocol::RunChecks& run);

 private:
  struct Check {
    protocol::ProbeSpec spec;
    protocol::CheckResult result;
    EventLoop::Timer pause;  ///< until its next try
  };
  struct Round {
    std::vector<Check> checks;
    std::size_t left = 0;
    std::int64_t tries_end_boot_ms = 0;
  };
  std::string trouble_with(const protocol::RunChecks& run) const;
  void begin(const protocol::CheckOrder& order);
  void begin_try(const std::string& request, std::size_t index);
  void ended(const std::string& request, std::size_t index, const std::optional<ProbeTry>& tried);
  void answer(protocol::ChecksRun run);

  EventLoop& loop_;
  const Clock& clock_;
  HostId self_;
  Hands hands_;
  std::map<std::string, Round> rounds_;       ///< under way, by request
  std::deque<protocol::ChecksRun> answered_;  ///< the last ones
  std::stop_source stop_;
  std::unique_ptr<WorkerPool> pool_;  ///< while rounds are under way
};

}  // namespace switchyard::agent
