#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.hpp"
#include "common/scheduler.hpp"
#include "common/worker_pool.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/events.hpp"

namespace switchyard::simulation {

/// Thrown through a process's code at the point where it ends. No Error: nothing may catch it on its way.
struct Crashed {
  std::string why;
  bool power = false;  ///< the whole machine, and what its disks had not written
};

/// A machine's clocks: they drift, and the wall clock jumps besides.
class MachineClock final : public Clock {
 public:
  explicit MachineClock(const Events& events) : events_(events) {}
  std::int64_t boot_ms() const override {
    return 1'000'000 + static_cast<std::int64_t>(static_cast<double>(events_.now()) * rate);
  }
  std::int64_t wall_ms() const override { return 1'790'000'000'000 + boot_ms() + wall_offset_ms; }
  /// How long the world waits until this much has passed here.
  std::int64_t world_ms(std::int64_t ms) const {
    return static_cast<std::int64_t>(static_cast<double>(ms) / rate + 0.999);
  }

  double rate = 1;
  std::int64_t wall_offset_ms = 0;

 private:
  const Events& events_;
};

/// One life of one process: its loop and its workers. What belongs to a life that has ended never happens. Real code
/// runs inside run() only, so that a crash unwinds it and the process is gone.
class Process final : public Scheduler, public Workers {
 public:
  /// `ended`: called once, when no code of the process is on the stack any more.
  Process(Events& events, Dice& dice, const MachineClock& clock, std::function<void(const Crashed&)> ended);
  ~Process() override;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void run(const std::function<void()>& code);
  /// From outside: SIGKILL.
  void kill(const std::string& why, bool power = false);
  bool alive() const { return *alive_; }
  /// For who may outlive it: another life may begin at the same address, and whether it does is not the seed's to say.
  std::shared_ptr<const bool> life() const { return alive_; }
  /// Frozen, as by SIGSTOP: what should happen waits, and happens all at once when it goes on.
  void pause() { paused_ = true; }
  void go_on();
  bool paused() const { return paused_; }

  void post(std::function<void()> callback) override;
  Timer after(std::int64_t ms, std::function<void()> callback) override;
  bool submit(std::function<void()> job) override;

  /// To be called by a job: how long it has taken when it hands its result over.
  static void job_took(std::int64_t ms);

  std::int64_t job_delay_ms_max = 20;  ///< until a worker takes a job

 private:
  void run_now(const std::function<void()>& code);
  void take_next();

  Events& events_;
  Dice& dice_;
  const MachineClock& clock_;
  std::function<void(const Crashed&)> ended_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool paused_ = false;
  bool inside_ = false;
  std::int64_t job_took_ms_ = 0;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace switchyard::simulation
