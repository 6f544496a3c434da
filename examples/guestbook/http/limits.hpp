#pragma once

#include <chrono>
#include <cstddef>

/// Every bound of the HTTP parts, so that no client can make them wait or grow without end.
namespace guestbook::http::limits {

using namespace std::chrono_literals;

constexpr std::size_t head_bytes_max = 16 * 1024;
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr std::size_t response_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t connections_max = 512;
constexpr int backlog = 512;

/// From the first byte of a request to its last: slow clients are served, silent ones are not.
constexpr auto request_time = 30s;
constexpr auto send_time = 30s;
/// How long a connection may stay open between two requests.
constexpr auto idle_time = 60s;

/// After a stop was asked for, a quiet connection stays open this long: its next request is answered with
/// `Connection: close`. Closing at once would break a request that is on its way.
constexpr auto idle_time_while_stopping = 3s;
/// What lasts longer than this after a stop is cut off.
constexpr auto stop_time = 25s;

/// After the last answer the server waits so long for the client to close first. Closing with unread bytes would make
/// the kernel throw away the answer.
constexpr auto linger_time = 2s;

constexpr auto connect_time = 2s;
constexpr auto exchange_time = 20s;

}  // namespace guestbook::http::limits
