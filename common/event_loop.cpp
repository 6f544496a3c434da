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

struct EventLoop::Timer::State {
  explicit State(boost::asio::io_context& context) : timer(context) {}
  boost::asio::steady_timer timer;
};

EventLoop::Timer::Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
EventLoop::Timer& EventLoop::Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (state_) state_->timer.cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}
EventLoop::Timer::~Timer() {
  if (state_) state_->timer.cancel();
}

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
  auto state = std::make_shared<Timer::State>(parts_->context);
  state->timer.expires_after(std::chrono::milliseconds(ms < 0 ? 0 : ms));
  // A weak reference: a Timer destroyed between expiry and dispatch must not call back.
  state->timer.async_wait([weak = std::weak_ptr<Timer::State>(state),
                           callback = std::move(callback)](const boost::system::error_code& error) {
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
