#include "common/clock.hpp"

#include <ctime>

namespace switchyard {
namespace {

std::int64_t read_ms(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t SystemClock::boot_ms() const { return read_ms(CLOCK_BOOTTIME); }
std::int64_t SystemClock::wall_ms() const { return read_ms(CLOCK_REALTIME); }

}  // namespace switchyard
