#include "http/client.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "http/limits.hpp"
#include "http/text.hpp"

namespace guestbook::http {

namespace {

using Clock = std::chrono::steady_clock;

/// Waits until the socket can be read (or written); throws when the time is over.
void wait_for(int socket, short events, Clock::time_point deadline) {
  pollfd watched{socket, events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  const int ready = ::poll(&watched, 1, static_cast<int>(std::max<long long>(left, 0)));
  if (ready == 0) throw std::runtime_error("no answer in time");
  if (ready < 0 && errno != EINTR) throw std::runtime_error(std::strerror(errno));
}

class Socket {
 public:
  explicit Socket(const Endpoint& endpoint) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
    if (failure != 0) throw std::runtime_error(::gai_strerror(failure));
    number_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int started = ::connect(number_, found->ai_addr, found->ai_addrlen);
    const int error = errno;
    ::freeaddrinfo(found);
    if (started != 0) finish_connecting(error);
  }
  ~Socket() { ::close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send_all(std::string_view bytes, Clock::time_point deadline) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN || errno == EINTR) {
        wait_for(number_, POLLOUT, deadline);
      } else {
        throw std::runtime_error(std::strerror(errno));
      }
    }
  }

  std::string receive_all(Clock::time_point deadline) const {
    std::string text;
    std::array<char, 16384> bytes;
    while (text.size() < limits::response_bytes_max) {
      const ssize_t count = ::recv(number_, bytes.data(), bytes.size(), 0);
      if (count == 0) return text;
      if (count > 0) {
        text.append(bytes.data(), static_cast<std::size_t>(count));
      } else if (errno == EAGAIN || errno == EINTR) {
        wait_for(number_, POLLIN, deadline);
      } else {
        throw std::runtime_error(std::strerror(errno));
      }
    }
    throw std::runtime_error("the answer is too long");
  }

 private:
  void finish_connecting(int error) {
    try {
      if (error != EINPROGRESS) throw std::runtime_error(std::strerror(error));
      wait_for(number_, POLLOUT, Clock::now() + limits::connect_time);
      socklen_t size = sizeof error;
      ::getsockopt(number_, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) throw std::runtime_error(std::strerror(error));
    } catch (...) {
      ::close(number_);
      throw;
    }
  }

  int number_ = -1;
};

Response parse_response(const std::string& text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos || !text.starts_with("HTTP/1.1 ")) throw std::runtime_error("a broken answer");
  const auto status = parse_number(std::string_view(text).substr(9, 3));
  if (!status) throw std::runtime_error("a broken status line");
  Response response{.status = static_cast<int>(*status), .content_type = {}, .body = {}, .headers = {}};
  const std::string body = text.substr(head_end + 4);
  std::size_t length = body.size();
  for (std::size_t line = text.find("\r\n") + 2; line < head_end + 2;) {
    const auto end = text.find("\r\n", line);
    const auto colon = text.find(':', line);
    const std::string name = to_lower(std::string_view(text).substr(line, colon - line));
    const std::string value(trim(std::string_view(text).substr(colon + 1, end - colon - 1)));
    if (name == "content-length") length = parse_number(value).value_or(body.size() + 1);
    if (name == "content-type") response.content_type = value;
    line = end + 2;
  }
  if (length != body.size()) throw std::runtime_error("the answer was cut short");
  response.body = body;
  return response;
}

std::string request_text(const Endpoint& endpoint, const Call& what) {
  std::string text = what.method + ' ' + what.target + " HTTP/1.1\r\n";
  text += "Host: " + endpoint.host + ':' + endpoint.port + "\r\nConnection: close\r\n";
  if (!what.request_id.empty()) text += "X-Request-Id: " + what.request_id + "\r\n";
  if (what.method == "POST") {
    text += "Content-Type: " + what.content_type + "\r\nContent-Length: " + std::to_string(what.body.size()) + "\r\n";
  }
  return text + "\r\n" + what.body;
}

}  // namespace

Endpoint parse_endpoint(const std::string& url) {
  static constexpr std::string_view scheme = "http://";
  const auto colon = url.rfind(':');
  if (!url.starts_with(scheme) || colon <= scheme.size() || !parse_number(url.substr(colon + 1))) {
    throw std::runtime_error("not of the form http://host:port: " + url);
  }
  return {url.substr(scheme.size(), colon - scheme.size()), url.substr(colon + 1)};
}

Answer call(const Endpoint& endpoint, const Call& what) noexcept {
  Answer answer;
  try {
    const auto deadline = Clock::now() + limits::exchange_time;
    const Socket socket(endpoint);
    answer.was_sent = true;
    socket.send_all(request_text(endpoint, what), deadline);
    answer.response = parse_response(socket.receive_all(deadline));
  } catch (const std::exception& error) {
    answer.error = endpoint.host + ':' + endpoint.port + ": " + error.what();
  }
  return answer;
}

}  // namespace guestbook::http
