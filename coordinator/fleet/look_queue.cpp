#include "coordinator/fleet/look_queue.hpp"

#include <utility>

#include "common/limits.hpp"

namespace switchyard::fleet {

bool LookQueue::add(std::function<void()> look) {
  if (waiting_.size() >= limits::looks_waiting_max) return false;
  waiting_.push_back(std::move(look));
  if (waiting_.size() == 1) run_next_soon();
  return true;
}

void LookQueue::run_next_soon() {
  timers_.set("coordinator/look", 0, [this] {
    const std::function<void()> look = std::move(waiting_.front());
    waiting_.pop_front();
    // Before the look: should it throw, the others still have their turn.
    if (!waiting_.empty()) run_next_soon();
    look();
  });
}

}  // namespace switchyard::fleet
