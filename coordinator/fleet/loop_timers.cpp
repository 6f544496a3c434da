#include "coordinator/fleet/loop_timers.hpp"

#include <utility>

namespace switchyard::fleet {

void LoopTimers::set(const std::string& name, std::int64_t ms, std::function<void()> callback) {
  timers_[name] = loop_.after(ms, [this, name, callback = std::move(callback)] {
    // Out of the map first: the callback may set a timer of the same name.
    const auto fired = timers_.extract(name);
    callback();
  });
}

void LoopTimers::cancel(const std::string& name) { timers_.erase(name); }

void LoopTimers::cancel_all(const std::string& prefix) {
  auto timer = timers_.lower_bound(prefix);
  while (timer != timers_.end() && timer->first.starts_with(prefix)) timer = timers_.erase(timer);
}

}  // namespace switchyard::fleet
