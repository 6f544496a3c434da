#include "tests/simulation/process.hpp"

#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"

namespace switchyard::simulation {

namespace {

thread_local Process* process_at_work = nullptr;

}  // namespace

Process::Process(Events& events, Dice& dice, const MachineClock& clock, std::function<void(const Crashed&)> ended)
    : events_(events), dice_(dice), clock_(clock), ended_(std::move(ended)) {}

Process::~Process() { *alive_ = false; }

void Process::run(const std::function<void()>& code) {
  if (!*alive_) return;
  // Whoever comes while others still wait, waits behind them.
  if (paused_ || !waiting_.empty()) {
    waiting_.push_back(code);
    return;
  }
  run_now(code);
}

void Process::run_now(const std::function<void()>& code) {
  ENSURE(!inside_);
  inside_ = true;
  process_at_work = this;
  Crashed crash;
  try {
    code();
    inside_ = false;
    return;
  } catch (const Crashed& crashed) {
    crash = crashed;
  } catch (const Error& error) {
    crash.why = error.what();  // as in main(): the process ends, and its supervisor starts it again
  }
  inside_ = false;
  *alive_ = false;
  ended_(crash);
}

void Process::kill(const std::string& why, bool power) {
  if (!std::exchange(*alive_, false)) return;
  ended_({why, power});
}

void Process::job_took(std::int64_t ms) {
  ENSURE(process_at_work != nullptr && process_at_work->inside_);
  process_at_work->job_took_ms_ = ms;
}

void Process::go_on() {
  paused_ = false;
  take_next();
}

/// Each in an event of its own: the process may end, or be stopped again, in the middle of them.
void Process::take_next() {
  events_.at(0, [this, alive = alive_] {
    if (!*alive || paused_ || waiting_.empty()) return;
    const std::function<void()> code = waiting_.front();
    run_now(code);
    if (!*alive) return;
    waiting_.pop_front();
    take_next();
  });
}

void Process::post(std::function<void()> callback) {
  const std::int64_t delay = std::exchange(job_took_ms_, 0);
  events_.at(delay, [this, alive = alive_, callback = std::move(callback)] {
    if (*alive) run(callback);
  });
}

Scheduler::Timer Process::after(std::int64_t ms, std::function<void()> callback) {
  auto state = std::make_shared<Timer::State>();
  events_.at(clock_.world_ms(ms),
             [this, alive = alive_, weak = std::weak_ptr<Timer::State>(state), callback = std::move(callback)] {
               if (!*alive || weak.expired()) return;
               run([weak, callback] {
                 if (!weak.expired()) callback();
               });
             });
  return Timer(std::move(state));
}

bool Process::submit(std::function<void()> job) {
  events_.at(dice_.between(0, job_delay_ms_max), [this, alive = alive_, job = std::move(job)] {
    if (!*alive) return;
    run([this, job] {
      job();
      job_took_ms_ = 0;
    });
  });
  return true;
}

}  // namespace switchyard::simulation
