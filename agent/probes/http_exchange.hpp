#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/probes/deadline_socket.hpp"
#include "agent/probes/url.hpp"

namespace switchyard::agent {

struct HttpQuestion {
  std::string method = "GET";
  std::string url;  ///< http:// only: the agent carries no TLS
  std::map<std::string, std::string> headers;
  std::string body;
};
struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

/// One request over a connection of its own. Nothing on failure, and `why` says what failed. Any thread.
std::optional<HttpAnswer> ask_http(const HttpQuestion& question, const Deadline& deadline, const std::stop_token& stop,
                                   std::string& why);

/// The body of a request that somebody sent us, when `bytes` hold the whole of it; `broken` when it is none.
std::optional<std::string> whole_request_body(const std::string& bytes, bool& broken);

/// `expected` empty: any 2xx.
bool is_expected_status(const std::vector<std::uint16_t>& expected, unsigned status);
/// "2xx", "200 or 204".
std::string expected_text(const std::vector<std::uint16_t>& expected);

}  // namespace switchyard::agent
