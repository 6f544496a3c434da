#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Viewers that wait for more lines of a deployment's timeline. Loop thread only.
class TimelineViewers {
 public:
  TimelineViewers(const store::StateStore& store, Timers& timers) : store_(store), timers_(timers) {}

  /// Calls back once: when the timeline is longer than `after`, when the deployment has ended, or after `wait_ms`.
  void wait(const DeploymentId& id, std::size_t after, std::int64_t wait_ms, std::function<void()> reply);
  /// To be called after lines of the deployment were committed.
  void grew(const DeploymentId& id);

 private:
  struct Viewer {
    DeploymentId deployment;
    std::size_t after = 0;
    std::function<void()> reply;
  };
  bool ready(const Viewer& viewer) const;
  void answer(std::uint64_t number);

  const store::StateStore& store_;
  Timers& timers_;
  std::map<std::uint64_t, Viewer> viewers_;
  std::uint64_t last_number_ = 0;
};

}  // namespace switchyard::fleet
