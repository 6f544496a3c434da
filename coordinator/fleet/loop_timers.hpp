#pragma once

#include <map>

#include "common/scheduler.hpp"
#include "coordinator/fleet/timers.hpp"

namespace switchyard::fleet {

/// Timers on the process's loop. Owned by the composition root.
class LoopTimers final : public Timers {
 public:
  explicit LoopTimers(Scheduler& loop) : loop_(loop) {}
  void set(const std::string& name, std::int64_t ms, std::function<void()> callback) override;
  void cancel(const std::string& name) override;
  void cancel_all(const std::string& prefix) override;

 private:
  Scheduler& loop_;
  std::map<std::string, Scheduler::Timer> timers_;
};

}  // namespace switchyard::fleet
