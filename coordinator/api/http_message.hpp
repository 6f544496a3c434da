#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/fleet/operations.hpp"

/// HTTP requests and responses as plain values: all that the routes see. Beast's types stay in http_session.cpp and
/// http_server.cpp.
namespace switchyard::api {

enum class Method : std::uint8_t { get, put, post, delete_, other };
std::string_view method_name(Method method);
Method method_from_name(std::string_view name);

/// Who is at the other end of a connection, as the kernel says.
struct Peer {
  bool local = false;     ///< the unix socket: the kernel vouches for the user
  std::string principal;  ///< local: `local:<user>`
  std::string origin;     ///< `unix socket` or address:port
};

/// What is known when the header has arrived and no byte of the body has been read.
struct RequestHead {
  Method method = Method::other;
  std::string target;
  std::string host;
  std::optional<std::string> origin;
  std::string authorization;
  std::string content_type;
  std::string idempotency_key;
  std::uint64_t content_length = 0;
};

/// A request that was admitted: its route is known and its caller may speak.
struct Request {
  std::vector<std::string> parameters;       ///< the values of the path's {…} parts, in order
  std::map<std::string, std::string> query;  ///< decoded
  std::string idempotency_key;
  std::string body;
  fleet::Caller caller;
};

struct Response {
  int status = 200;
  std::string body;  ///< JSON
  std::vector<std::pair<std::string, std::string>> headers;
};
/// Called exactly once, on the loop's thread.
using Respond = std::function<void(Response)>;

}  // namespace switchyard::api
