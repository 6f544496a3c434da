#pragma once

#include <atomic>
#include <cstdint>

#include "common/clock.hpp"

namespace switchyard::testing {

/// A clock that stands still until the test moves it. The wall clock starts in 2026 and advances with the boot clock;
/// it can jump on its own, as real ones do. May be read from other threads.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t boot = 1'000'000, std::int64_t wall = 1'790'000'000'000) : boot_(boot), wall_(wall) {}

  std::int64_t boot_ms() const override { return boot_; }
  std::int64_t wall_ms() const override { return wall_; }

  void advance(std::int64_t ms) {
    boot_ += ms;
    wall_ += ms;
  }
  /// The wall clock alone is set; durations must not notice.
  void jump_wall(std::int64_t ms) { wall_ += ms; }

 private:
  std::atomic<std::int64_t> boot_;
  std::atomic<std::int64_t> wall_;
};

}  // namespace switchyard::testing
