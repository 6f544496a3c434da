#pragma once

#include <map>

#include "common/event_loop.hpp"
#include "coordinator/fleet/timers.hpp"

namespace switchyard::fleet {

/// Timers on the process's loop. Owned by the composition root.
class LoopTimers final : public Timers {
 public:
  explicit LoopTimers(EventLoop& loop) : loop_(loop) {}
  void set(const std::string& name, std::int64_t ms, std::function<void()> callback) override;
  void cancel(const std::string& name) override;
  void cancel_all(const std::string& prefix) override;

 private:
  EventLoop& loop_;
  std::map<std::string, EventLoop::Timer> timers_;
};

}  // namespace switchyard::fleet
