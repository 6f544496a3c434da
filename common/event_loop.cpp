#include "common/event_loop.hpp"

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>

namespace switchyard {

namespace {

struct AsioTimer final : Scheduler::Timer::State {
  explicit AsioTimer(boost::asio::io_context& context) : timer(context) {}
  ~AsioTimer() override { timer.cancel(); }
  boost::asio::steady_timer timer;
};

}  // namespace

struct EventLoop::Parts {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  boost::asio::signal_set signals{context};
  std::function<void()> on_end;

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      on_end();
      wait_for_signal();
    });
  }
};

EventLoop::EventLoop() : parts_(std::make_unique<Parts>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::post(std::function<void()> callback) { boost::asio::post(parts_->context, std::move(callback)); }

EventLoop::Timer EventLoop::after(std::int64_t ms, std::function<void()> callback) {
  auto state = std::make_shared<AsioTimer>(parts_->context);
  state->timer.expires_after(std::chrono::milliseconds(ms < 0 ? 0 : ms));
  // A weak reference: a Timer destroyed between expiry and dispatch must not call back.
  state->timer.async_wait(
      [weak = std::weak_ptr<AsioTimer>(state), callback = std::move(callback)](const boost::system::error_code& error) {
        if (!error && !weak.expired()) callback();
      });
  return Timer(std::move(state));
}

void EventLoop::on_end_signal(std::function<void()> callback) {
  parts_->on_end = std::move(callback);
  parts_->signals.add(SIGINT);
  parts_->signals.add(SIGTERM);
  parts_->wait_for_signal();
}

void EventLoop::run() { parts_->context.run(); }
void EventLoop::stop() { parts_->context.stop(); }
boost::asio::io_context& EventLoop::context() { return parts_->context; }

}  // namespace switchyard
