#include "http/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "http/limits.hpp"
#include "http/text.hpp"

namespace guestbook::http {

namespace {

using Clock = Connection::Clock;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, 1'000'000));
}

/// Visible ASCII only: what passes here may be written to a log line as it is.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

void parse_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) throw BadRequest{400, "broken request line"};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  request.method = line.substr(0, first);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") throw BadRequest{505, "only HTTP/1.0 and HTTP/1.1"};
  if (!target.starts_with('/') || !is_visible(target) || !is_visible(request.method)) {
    throw BadRequest{400, "broken request target"};
  }
  request.keep_alive = version == "HTTP/1.1";
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
}

void parse_header(std::string_view line, Request& request) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) throw BadRequest{400, "broken header"};
  const std::string name = to_lower(line.substr(0, colon));
  const std::string value(trim(line.substr(colon + 1)));
  if (!is_visible(name)) throw BadRequest{400, "broken header name"};
  const auto [place, is_new] = request.headers.emplace(name, value);
  if (is_new) return;
  // Two different lengths are how requests are smuggled past a proxy.
  if (name == "content-length" && place->second != value) throw BadRequest{400, "two different lengths"};
  if (name != "content-length") place->second += ", " + value;
}

Request parse_head(std::string_view head) {
  Request request;
  bool is_first = true;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    is_first ? parse_request_line(line, request) : parse_header(line, request);
    is_first = false;
  }
  const std::string connection = to_lower(request.header("connection"));
  if (connection.find("close") != std::string::npos) request.keep_alive = false;
  if (connection.find("keep-alive") != std::string::npos) request.keep_alive = true;
  if (request.headers.contains("transfer-encoding")) throw BadRequest{501, "send a body with Content-Length"};
  return request;
}

}  // namespace

Connection::~Connection() { ::close(socket_); }

bool Connection::wait_for_request(int stop_event) {
  auto deadline = Clock::now() + limits::idle_time;
  bool stopping = false;
  while (buffer_.empty()) {
    std::array<pollfd, 2> watched{{{socket_, POLLIN, 0}, {stop_event, POLLIN, 0}}};
    const int ready = ::poll(watched.data(), stopping ? 1 : 2, milliseconds_until(deadline));
    if (ready == 0) return false;
    if (ready < 0 && errno != EINTR) return false;
    if (watched[0].revents != 0) return receive(Clock::now());
    if (!stopping && watched[1].revents != 0) {
      stopping = true;
      deadline = std::min(deadline, Clock::now() + limits::idle_time_while_stopping);
    }
  }
  return true;
}

std::optional<Request> Connection::read_request() {
  const auto deadline = Clock::now() + limits::request_time;
  const auto head = read_head(deadline);
  if (!head) return std::nullopt;
  Request request = parse_head(*head);
  if (!read_body(request, deadline)) return std::nullopt;
  return request;
}

std::optional<std::string> Connection::read_head(Clock::time_point deadline) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (buffer_.size() > limits::head_bytes_max) throw BadRequest{431, "the headers are too long"};
    if (!receive(deadline)) {
      if (Clock::now() >= deadline) throw BadRequest{408, "the request came too slowly"};
      return std::nullopt;
    }
  }
  if (end > limits::head_bytes_max) throw BadRequest{431, "the headers are too long"};
  std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  return head;
}

bool Connection::read_body(Request& request, Clock::time_point deadline) {
  const std::string length_text = request.header("content-length");
  if (length_text.empty()) return true;
  const auto length = parse_number(length_text);
  if (!length) throw BadRequest{400, "broken Content-Length"};
  if (*length > limits::body_bytes_max) throw BadRequest{413, "the body is too long"};
  if (to_lower(request.header("expect")) == "100-continue" && buffer_.size() < *length) {
    if (!send_all("HTTP/1.1 100 Continue\r\n\r\n")) return false;
  }
  while (buffer_.size() < *length) {
    if (!receive(deadline)) {
      if (Clock::now() >= deadline) throw BadRequest{408, "the request came too slowly"};
      return false;
    }
  }
  request.body = buffer_.substr(0, *length);
  buffer_.erase(0, *length);
  return true;
}

bool Connection::receive(Clock::time_point deadline) {
  std::array<char, 8192> bytes;
  while (true) {
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0) return false;
    if (errno != EAGAIN && errno != EINTR) return false;
    pollfd watched{socket_, POLLIN, 0};
    if (::poll(&watched, 1, milliseconds_until(deadline)) == 0) return false;
  }
}

bool Connection::send_all(std::string_view bytes) {
  const auto deadline = Clock::now() + limits::send_time;
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
    pollfd watched{socket_, POLLOUT, 0};
    if (::poll(&watched, 1, milliseconds_until(deadline)) == 0) return false;
  }
  return true;
}

bool Connection::send_response(const Request& request, const Response& response, const std::string& server_name,
                               bool close) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ' + reason_phrase(response.status) + "\r\n";
  text += "Date: " + date_now() + "\r\nServer: " + server_name + "\r\n";
  text += "Content-Type: " + response.content_type + "\r\n";
  text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (!request.id.empty()) text += "X-Request-Id: " + request.id + "\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  text += close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  if (request.method != "HEAD") text += response.body;
  return send_all(text);
}

void Connection::finish() {
  ::shutdown(socket_, SHUT_WR);
  const auto deadline = Clock::now() + limits::linger_time;
  while (Clock::now() < deadline && receive(deadline)) buffer_.clear();
}

}  // namespace guestbook::http
