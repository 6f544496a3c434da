#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace switchyard {

/// Threads for blocking jobs. A job takes values and hands its result back by EventLoop::post; jobs share nothing.
/// submit() is called from the loop's thread only. The destructor waits for the running jobs.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False if the queue is full: the caller decides what that means. A job must not throw.
  [[nodiscard]] bool submit(std::function<void()> job);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard
