#pragma once

#include <deque>
#include <functional>

#include "coordinator/fleet/timers.hpp"

namespace switchyard::fleet {

/// What people ask to have worked out before anything is done (what to expect of a plan, a simulation) reads much and
/// takes up to a second of the loop's time. One at a time, and between two of them the loop does what has come in
/// meanwhile: leases of running deployments do not wait for all of them. Loop thread only.
class LookQueue {
 public:
  explicit LookQueue(Timers& timers) : timers_(timers) {}
  LookQueue(const LookQueue&) = delete;
  LookQueue& operator=(const LookQueue&) = delete;

  /// `look` is called later, from the loop. False when too many wait already: it is then forgotten.
  bool add(std::function<void()> look);

 private:
  void run_next_soon();

  Timers& timers_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace switchyard::fleet
