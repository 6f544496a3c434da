#pragma once

#include <map>
#include <string>

#include "http/message.hpp"

/// A client that opens one connection per request. So each request goes where new connections go, also in the moment
/// when that changes.
namespace guestbook::http {

struct Endpoint {
  std::string host;
  std::string port;
};

/// "http://10.0.0.5:8080"; throws std::runtime_error for anything else.
Endpoint parse_endpoint(const std::string& url);

struct Call {
  std::string method = "GET";
  std::string target;  ///< path and query
  std::string body;
  std::string content_type;
  std::string request_id;
};

struct Answer {
  bool was_sent = false;  ///< false: the server never saw the request, so another one may be asked
  std::string error;      ///< empty if `response` is an answer
  Response response;
};

/// Never throws; a failure is told in the answer.
Answer call(const Endpoint& endpoint, const Call& what) noexcept;

}  // namespace guestbook::http
