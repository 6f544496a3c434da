#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace switchyard::simulation {

/// What happens in a world, in the order of its time; at one time, in the order in which it was arranged.
class Events {
 public:
  std::int64_t now() const { return now_; }
  void at(std::int64_t delay_ms, std::function<void()> happen) {
    queue_.push({now_ + std::max<std::int64_t>(delay_ms, 0), order_++, std::move(happen)});
  }
  bool empty() const { return queue_.empty(); }
  std::uint64_t count() const { return count_; }
  void happen_next() {
    // The queue hands out const references only; the event is over as soon as it is taken.
    std::function<void()> happen = std::move(const_cast<Event&>(queue_.top()).happen);
    now_ = queue_.top().at;
    queue_.pop();
    ++count_;
    happen();
  }

 private:
  struct Event {
    std::int64_t at;
    std::uint64_t order;
    std::function<void()> happen;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  std::int64_t now_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t count_ = 0;
  std::priority_queue<Event> queue_;
};

}  // namespace switchyard::simulation
