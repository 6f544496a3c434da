#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace switchyard {

/// Seam: what happens later, on the one thread that owns all state. Real: EventLoop. In the simulation: a queue of
/// events in the order of simulated time.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// May be called from any thread; the callback runs on the owner's.
  virtual void post(std::function<void()> callback) = 0;

  /// Cancels when destroyed.
  class Timer {
   public:
    struct State {
      virtual ~State() = default;  ///< cancels
    };
    Timer() = default;
    explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Timer(Timer&&) noexcept = default;
    Timer& operator=(Timer&&) noexcept = default;

   private:
    std::shared_ptr<State> state_;
  };
  [[nodiscard]] virtual Timer after(std::int64_t ms, std::function<void()> callback) = 0;
};

}  // namespace switchyard
