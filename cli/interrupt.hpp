#pragma once

#include <csignal>
#include <cstdint>

namespace switchyard::cli {

/// Seam: Ctrl-C as a question that is asked at good moments, instead of a sudden end. Real: SignalInterrupt. In tests:
/// a scripted one, whose waiting moves a fake clock.
class Interrupt {
 public:
  virtual ~Interrupt() = default;
  /// Waits; true at once when Ctrl-C was pressed, now or before.
  virtual bool pressed_within(std::int64_t ms) = 0;
  bool pressed() { return pressed_within(0); }
};

/// While it lives SIGINT is blocked and stays pending until asked for. One per process, on the main thread.
class SignalInterrupt final : public Interrupt {
 public:
  SignalInterrupt();
  ~SignalInterrupt() override;
  SignalInterrupt(const SignalInterrupt&) = delete;
  SignalInterrupt& operator=(const SignalInterrupt&) = delete;

  bool pressed_within(std::int64_t ms) override;

 private:
  sigset_t signals_;
  sigset_t before_;
  bool pressed_ = false;
};

}  // namespace switchyard::cli
