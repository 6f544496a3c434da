#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <thread>

#include "http/client.hpp"

/// The API servers that this front knows. Requests go round among those that were healthy when last asked.
namespace guestbook {

class ApiPool {
 public:
  /// `urls`: "http://10.0.0.5:8080,http://10.0.0.6:8080". Throws std::runtime_error if one is broken.
  explicit ApiPool(const std::string& urls);

  /// Asks one server; another one only if the first never got the request, so nothing is done twice.
  http::Answer call(const http::Call& what);

  bool has_healthy() const;

 private:
  struct Server {
    http::Endpoint endpoint;
    std::atomic<bool> healthy = false;
  };

  void watch(const std::stop_token& stop);

  std::deque<Server> servers_;  ///< a deque, because atomics do not move
  std::atomic<std::size_t> turn_ = 0;
  std::jthread watcher_;
};

}  // namespace guestbook
