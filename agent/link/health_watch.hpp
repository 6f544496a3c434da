#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/effect.hpp"
#include "agent/core/event.hpp"
#include "agent/probes/probe.hpp"
#include "common/event_loop.hpp"
#include "common/limits.hpp"
#include "common/worker_pool.hpp"

namespace switchyard::agent {

/// Which of these are asked in that round (the first is 0): what is costly in every third one; and, as long as the last
/// look was bad, all of them in each, so that nobody waits for three of the rare ones. Pure.
std::vector<protocol::ProbeSpec> due_probes(std::vector<protocol::ProbeSpec> probes, unsigned round, bool doubted);

/// Looks at components that are live and not yet committed, once a second, and tells when the
/// verdict changes: three bad rounds in a row make it unhealthy, a good one healthy again. A service that has become
/// another process stays unhealthy. The first bad round, or one that takes long, is told too, as a doubt: nobody shall
/// commit between it and the verdict. Of what is unseen the first round is told in any case, since it ends a doubt.
/// Owned by the agent; loop's thread, the tries themselves on workers.
class HealthWatch {
 public:
  using Changed = std::function<void(HealthChanged)>;
  HealthWatch(EventLoop& loop, WorkerPool& workers, Prober& prober, Changed changed,
              std::int64_t round_ms = limits::health_round_ms);
  ~HealthWatch();

  /// Of a component that is watched already, only the probes change: what was seen holds.
  void start(const StartWatch& watch);
  void stop(const StopWatch& watch);

 private:
  struct Look;
  struct Watched;
  using Key = std::pair<DeploymentId, std::string>;
  void look(const Key& key);
  void judge(const Key& key, std::uint64_t number, const Look& seen);
  void tell(const Key& key, Watched& watched, bool healthy, const std::string& detail);

  EventLoop& loop_;
  WorkerPool& workers_;
  Prober& prober_;
  Changed changed_;
  std::int64_t round_ms_;
  std::uint64_t last_number_ = 0;
  std::map<Key, std::unique_ptr<Watched>> watched_;
};

}  // namespace switchyard::agent
