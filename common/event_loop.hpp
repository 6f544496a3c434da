#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/scheduler.hpp"

namespace boost::asio {
class io_context;
}

namespace switchyard {

/// The one loop of a process. All state is owned by the thread that calls run(); every callback is a transaction.
/// post() and stop() may be called from any thread, all else only from the loop's own.
/// A callback that throws ends run() with that exception.
class EventLoop final : public Scheduler {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void post(std::function<void()> callback) override;

  [[nodiscard]] Timer after(std::int64_t ms, std::function<void()> callback) override;

  /// Calls back on each SIGINT and SIGTERM.
  void on_end_signal(std::function<void()> callback);

  void run();
  void stop();
  boost::asio::io_context& context();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard
