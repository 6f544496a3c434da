#pragma once

#include <cstdint>

namespace switchyard {

/// Seam: where time comes from. Real: SystemClock. In tests: FakeClock (tests/support).
/// Decisions use durations on the boot clock; the wall clock is for display, and for the expiry of tokens and plans.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since boot, suspended time included (CLOCK_BOOTTIME).
  virtual std::int64_t boot_ms() const = 0;
  /// Milliseconds since 1970 (CLOCK_REALTIME).
  virtual std::int64_t wall_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t boot_ms() const override;
  std::int64_t wall_ms() const override;
};

}  // namespace switchyard
