#include "common/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace switchyard {

struct WorkerPool::Parts {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::size_t queue_max = 0;
  bool ending = false;
  std::vector<std::jthread> threads;

  void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return ending || !queue.empty(); });
        if (ending) return;
        job = std::move(queue.front());
        queue.pop_front();
      }
      job();
    }
  }
};

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_max) : parts_(std::make_unique<Parts>()) {
  parts_->queue_max = queue_max;
  for (std::size_t i = 0; i < threads; ++i) parts_->threads.emplace_back([parts = parts_.get()] { parts->work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->ending = true;
  }
  parts_->wake.notify_all();
  parts_->threads.clear();
}

bool WorkerPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->queue.size() >= parts_->queue_max) return false;
    parts_->queue.push_back(std::move(job));
  }
  parts_->wake.notify_one();
  return true;
}

}  // namespace switchyard
