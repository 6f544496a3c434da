#include "agent/probes/pause.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace switchyard::agent {

Pause real_pause() {
  return [](std::int64_t ms, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
  };
}

}  // namespace switchyard::agent
