#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace switchyard::fleet {

/// Seam: one-shot timers by name. Real: LoopTimers. In tests: FakeTimers, fired by hand. Loop thread only; a callback
/// runs from the loop, never from within set().
class Timers {
 public:
  virtual ~Timers() = default;
  /// Replaces the timer of that name.
  virtual void set(const std::string& name, std::int64_t ms, std::function<void()> callback) = 0;
  virtual void cancel(const std::string& name) = 0;
  /// Cancels every timer whose name begins so.
  virtual void cancel_all(const std::string& prefix) = 0;
};

}  // namespace switchyard::fleet
