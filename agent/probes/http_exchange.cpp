// The only file of the agent that includes Beast, and of Beast only the parser: sockets and deadlines are our own.
#include "agent/probes/http_exchange.hpp"

#include <algorithm>
#include <string_view>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// The request, byte for byte; the parts were checked for line ends.
std::string request_text(const HttpUrl& url, const HttpQuestion& question) {
  std::string text = question.method + " " + url.path + " HTTP/1.1\r\n";
  const auto named = [&](std::string_view name) {
    return std::any_of(question.headers.begin(), question.headers.end(), [&](const auto& header) {
      return boost::beast::iequals({header.first.data(), header.first.size()}, {name.data(), name.size()});
    });
  };
  if (!named("Host")) text += "Host: " + url.authority + "\r\n";
  if (!named("User-Agent")) text += "User-Agent: switchyard-probe\r\n";
  if (!named("Accept")) text += "Accept: */*\r\n";
  for (const auto& [name, value] : question.headers) text += name + ": " + value + "\r\n";
  const bool has_body = !question.body.empty() || question.method == "POST" || question.method == "PUT";
  if (has_body) text += "Content-Length: " + std::to_string(question.body.size()) + "\r\n";
  return text + "Connection: close\r\n\r\n" + question.body;
}

/// Feeds the parser until the answer is whole. Empty when it is, else why not.
std::string read_answer(DeadlineSocket& socket, Parser& parser) {
  std::string pending;
  std::string why;
  while (!parser.is_done()) {
    const std::optional<std::string> got = socket.receive(why);
    if (!got) return why;
    boost::system::error_code error;
    if (got->empty()) {
      parser.put_eof(error);
      if (error || !parser.is_done()) return "the connection ended in the middle of the answer";
      return {};
    }
    pending += *got;
    while (!pending.empty() && !parser.is_done()) {
      const std::size_t used = parser.put(boost::asio::buffer(pending), error);
      pending.erase(0, used);
      if (error == http::error::need_more) break;
      if (error) return "the answer is refused: " + error.message();
      if (used == 0) break;
    }
  }
  return {};
}

}  // namespace

std::optional<HttpAnswer> ask_http(const HttpQuestion& question, const Deadline& deadline, const std::stop_token& stop,
                                   std::string& why) {
  const std::optional<HttpUrl> url = parse_http_url(question.url);
  if (!url) {
    why = "\"" + question.url + "\" is not a plain http:// address";
    return std::nullopt;
  }
  for (const auto& [name, value] : question.headers) {
    if (!name.empty() && is_clean(name) && is_clean(value)) continue;
    why = "a header of the probe holds a line end";
    return std::nullopt;
  }
  std::string trouble;
  std::optional<DeadlineSocket> socket = DeadlineSocket::connect(url->host, url->port, deadline, stop, trouble);
  if (!socket) {
    why = "cannot connect to " + url->authority + ": " + trouble;
    return std::nullopt;
  }
  if (!socket->send_all(request_text(*url, question), trouble)) {
    why = "cannot ask " + url->authority + ": " + trouble;
    return std::nullopt;
  }
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::probe_head_bytes_max));
  parser.body_limit(limits::probe_body_bytes_max);
  parser.eager(true);
  if (std::string failure = read_answer(*socket, parser); !failure.empty()) {
    why = question.method + " " + question.url + ": " + failure;
    return std::nullopt;
  }
  return HttpAnswer{parser.get().result_int(), parser.get().body()};
}

std::optional<std::string> whole_request_body(const std::string& bytes, bool& broken) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::probe_head_bytes_max));
  parser.body_limit(limits::probe_body_bytes_max);
  parser.eager(true);
  boost::system::error_code error;
  for (std::size_t used = 0; used < bytes.size() && !parser.is_done();) {
    const std::size_t more = parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += more;
    if (error && error != http::error::need_more) broken = true;
    if (error || more == 0) break;
  }
  if (!parser.is_done()) return std::nullopt;
  return parser.get().body();
}

bool is_expected_status(const std::vector<std::uint16_t>& expected, unsigned status) {
  if (expected.empty()) return status >= 200 && status < 300;
  return std::find(expected.begin(), expected.end(), status) != expected.end();
}

std::string expected_text(const std::vector<std::uint16_t>& expected) {
  if (expected.empty()) return "2xx";
  std::string text;
  for (const std::uint16_t status : expected) text += (text.empty() ? "" : " or ") + std::to_string(status);
  return text;
}

}  // namespace switchyard::agent
