// The only file of the agent that includes Beast, and of Beast only the parser: sockets and deadlines are our own.
#include <algorithm>
#include <optional>
#include <utility>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "agent/probes/deadline_socket.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/url.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// The request, byte for byte; the parts were checked for line ends.
std::string request_text(const HttpUrl& url, const protocol::HttpProbe& probe) {
  std::string text = "GET " + url.path + " HTTP/1.1\r\n";
  const auto named = [&](std::string_view name) {
    return std::any_of(probe.headers.begin(), probe.headers.end(), [&](const auto& header) {
      return boost::beast::iequals({header.first.data(), header.first.size()}, {name.data(), name.size()});
    });
  };
  if (!named("Host")) text += "Host: " + url.authority + "\r\n";
  if (!named("User-Agent")) text += "User-Agent: switchyard-probe\r\n";
  if (!named("Accept")) text += "Accept: */*\r\n";
  for (const auto& [name, value] : probe.headers) text += name + ": " + value + "\r\n";
  return text + "Connection: close\r\n\r\n";
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

bool is_expected(const protocol::HttpProbe& probe, unsigned status) {
  if (probe.expected_status.empty()) return status >= 200 && status < 300;
  return std::find(probe.expected_status.begin(), probe.expected_status.end(), status) != probe.expected_status.end();
}

std::string expectation(const protocol::HttpProbe& probe) {
  if (probe.expected_status.empty()) return "2xx";
  std::string text;
  for (const std::uint16_t status : probe.expected_status)
    text += (text.empty() ? "" : " or ") + std::to_string(status);
  return text;
}

ProbeTry judge(const protocol::HttpProbe& probe, const Parser::value_type& answer) {
  const unsigned status = answer.result_int();
  const std::string seen = "GET " + probe.url + " answered " + std::to_string(status);
  if (!is_expected(probe, status)) return not_ok(seen + ", expected " + expectation(probe));
  if (!probe.expected_body.empty() && answer.body().find(probe.expected_body) == std::string::npos) {
    return not_ok(seen + ", but its body does not contain \"" + probe.expected_body + "\"");
  }
  return ProbeTry{.ok = true, .detail = seen, .duration_ms = 0, .identity = {}};
}

}  // namespace

ProbeTry try_http(const protocol::HttpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop) {
  const std::optional<HttpUrl> url = parse_http_url(probe.url);
  if (!url) return not_ok("\"" + probe.url + "\" is not a plain http:// address");
  for (const auto& [name, value] : probe.headers) {
    if (name.empty() || !is_clean(name) || !is_clean(value)) return not_ok("a header of the probe holds a line end");
  }
  const Deadline deadline(timeout_ms);
  std::string why;
  std::optional<DeadlineSocket> socket = DeadlineSocket::connect(url->host, url->port, deadline, stop, why);
  if (!socket) return not_ok("cannot connect to " + url->authority + ": " + why);
  if (!socket->send_all(request_text(*url, probe), why)) return not_ok("cannot ask " + url->authority + ": " + why);
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::probe_head_bytes_max));
  parser.body_limit(limits::probe_body_bytes_max);
  parser.eager(true);
  if (std::string failure = read_answer(*socket, parser); !failure.empty()) {
    return not_ok("GET " + probe.url + ": " + failure);
  }
  return judge(probe, parser.get());
}

}  // namespace switchyard::agent
