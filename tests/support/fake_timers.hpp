#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "coordinator/fleet/timers.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::testing {

/// Timers that fire when the test lets time pass, in the order of their times.
class FakeTimers final : public fleet::Timers {
 public:
  explicit FakeTimers(FakeClock& clock) : clock_(clock) {}

  void set(const std::string& name, std::int64_t ms, std::function<void()> callback) override {
    timers_.insert_or_assign(name, Timer{clock_.boot_ms() + ms, ++last_number_, std::move(callback)});
  }
  void cancel(const std::string& name) override { timers_.erase(name); }
  void cancel_all(const std::string& prefix) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  }

  /// Fires one timer that is due within `ms`, after moving the clock to its time. False if there is none.
  bool fire_next(std::int64_t ms) {
    auto next = timers_.end();
    for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
      if (next == timers_.end() || before(timer->second, next->second)) next = timer;
    }
    if (next == timers_.end() || next->second.due_boot_ms > clock_.boot_ms() + ms) return false;
    if (next->second.due_boot_ms > clock_.boot_ms()) clock_.advance(next->second.due_boot_ms - clock_.boot_ms());
    auto fired = timers_.extract(next);
    fired.mapped().callback();
    return true;
  }
  bool has(const std::string& name) const { return timers_.contains(name); }
  std::size_t size() const { return timers_.size(); }

 private:
  struct Timer {
    std::int64_t due_boot_ms = 0;
    std::uint64_t number = 0;
    std::function<void()> callback;
  };
  static bool before(const Timer& a, const Timer& b) {
    return std::pair(a.due_boot_ms, a.number) < std::pair(b.due_boot_ms, b.number);
  }

  FakeClock& clock_;
  std::map<std::string, Timer> timers_;
  std::uint64_t last_number_ = 0;
};

}  // namespace switchyard::testing
