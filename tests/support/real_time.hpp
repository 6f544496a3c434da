#pragma once

#include <chrono>
#include <thread>

/// The only place of the unit tests where somebody sleeps (tests/tidy/tidy.py). It is for what no clock of ours moves:
/// systemd, other programs, the kernel, libzmq's own threads. Who can wait for the thing itself, a descriptor by poll()
/// or a condition variable, does that; and our own code is given a FakeClock. Any thread.
namespace switchyard::testing {

/// True as soon as the condition holds; false when it does not within `ms`. For states that nobody announces and that
/// can only be asked for again and again.
template <class Condition>
bool within_ms(int ms, Condition condition) {
  constexpr std::chrono::milliseconds pause(5);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// For a double that takes its time, as what it stands for does, and for what others do by the clock and show to
/// nobody. `because` is for the reader: each call says why there is no condition to wait for.
inline void let_real_time_pass(std::chrono::milliseconds time, [[maybe_unused]] const char* because) {
  std::this_thread::sleep_for(time);
}

}  // namespace switchyard::testing
