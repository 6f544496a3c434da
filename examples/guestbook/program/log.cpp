#include "program/log.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>

namespace guestbook {

void log_line(const std::string& text) {
  const std::string line = text + '\n';
  // A log that cannot be written is no reason to stop serving.
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

void log_request(const http::Request& request, int status, std::chrono::microseconds duration) {
  std::array<char, 32> milliseconds{};
  std::snprintf(milliseconds.data(), milliseconds.size(), "%.3f", static_cast<double>(duration.count()) / 1000);
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  log_line("request id=" + or_dash(request.id) + " method=" + or_dash(request.method) +
           " path=" + or_dash(request.path) + " status=" + std::to_string(status) + " ms=" + milliseconds.data());
}

}  // namespace guestbook
