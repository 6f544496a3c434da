#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace switchyard {

/// Seam: where blocking jobs run. Real: WorkerPool.
class Workers {
 public:
  virtual ~Workers() = default;
  /// False if the queue is full: the caller decides what that means. A job must not throw.
  [[nodiscard]] virtual bool submit(std::function<void()> job) = 0;
};

/// Threads for blocking jobs. A job takes values and hands its result back by EventLoop::post; jobs share nothing.
/// submit() is called from the loop's thread only. The destructor waits for the running jobs.
class WorkerPool final : public Workers {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool() override;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] bool submit(std::function<void()> job) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard
