#pragma once

#include <chrono>
#include <string>

#include "http/message.hpp"

/// The programs log to stdout, one line per event; the journal keeps it.
namespace guestbook {

/// Safe to call from many threads: a line is written by one system call.
void log_line(const std::string& text);

/// request id=… method=GET path=/entries status=200 ms=0.412
void log_request(const http::Request& request, int status, std::chrono::microseconds duration);

}  // namespace guestbook
