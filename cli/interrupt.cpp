#include "cli/interrupt.hpp"

#include <ctime>

namespace switchyard::cli {

SignalInterrupt::SignalInterrupt() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

SignalInterrupt::~SignalInterrupt() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool SignalInterrupt::pressed_within(std::int64_t ms) {
  if (pressed_) return true;
  timespec time{};
  time.tv_sec = ms / 1'000;
  time.tv_nsec = ms % 1'000 * 1'000'000;
  pressed_ = sigtimedwait(&signals_, nullptr, &time) == SIGINT;
  return pressed_;
}

}  // namespace switchyard::cli
