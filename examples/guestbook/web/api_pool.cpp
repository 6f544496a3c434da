#include "web/api_pool.hpp"

#include <chrono>
#include <sstream>
#include <stdexcept>

#include "program/log.hpp"

namespace guestbook {

namespace {

using namespace std::chrono_literals;

constexpr auto watch_interval = 500ms;

}  // namespace

ApiPool::ApiPool(const std::string& urls) {
  std::istringstream list(urls);
  for (std::string url; std::getline(list, url, ',');) servers_.emplace_back().endpoint = http::parse_endpoint(url);
  if (servers_.empty()) throw std::runtime_error("API_URLS names no server");
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

http::Answer ApiPool::call(const http::Call& what) {
  const std::size_t first = turn_++;
  http::Answer answer;
  // Healthy servers first; when none is, any of them may have come back since it was asked.
  for (const bool wanted : {true, false}) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      Server& server = servers_[(first + i) % servers_.size()];
      if (server.healthy != wanted) continue;
      answer = http::call(server.endpoint, what);
      if (answer.error.empty() || answer.was_sent) return answer;
      server.healthy = false;
    }
  }
  return answer;
}

bool ApiPool::has_healthy() const {
  for (const Server& server : servers_) {
    if (server.healthy) return true;
  }
  return false;
}

void ApiPool::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (Server& server : servers_) {
      const http::Answer answer = http::call(
          server.endpoint, {.method = "GET", .target = "/health", .body = {}, .content_type = {}, .request_id = {}});
      const bool is_healthy = answer.error.empty() && answer.response.status == 200;
      if (server.healthy.exchange(is_healthy) != is_healthy) {
        log_line("api " + server.endpoint.host + ':' + server.endpoint.port +
                 (is_healthy ? " is healthy" : " is unhealthy " + answer.error));
      }
    }
    std::this_thread::sleep_for(watch_interval);
  }
}

}  // namespace guestbook
