#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "coordinator/api/http_message.hpp"
#include "coordinator/api/target.hpp"

namespace switchyard::api {

/// What a request must carry.
enum class BodyKind : std::uint8_t { none, json, octets };
/// `open`: answered to anybody who can connect; it tells nothing about the fleet.
enum class Access : std::uint8_t { open, known_caller };

/// A handler answers by calling `respond` once, now or later, on the loop's thread. It may throw InputError (400)
/// before it has answered.
using Handler = void (*)(fleet::Operations& operations, const Request& request, Respond respond);

struct Route {
  Method method;
  std::string_view path;  ///< /v1/hosts/{host}/replace
  Handler handler;
  BodyKind body = BodyKind::none;
  std::size_t body_bytes_max = 0;
  Access access = Access::known_caller;
};

/// The whole table; docs/openapi.yaml describes exactly these.
std::span<const Route> routes();

struct NoSuchPath {};
/// The path exists under other methods.
struct NoSuchMethod {
  std::string allow;  ///< GET, POST
};
struct Match {
  const Route* route = nullptr;
  std::vector<std::string> parameters;
};
std::variant<Match, NoSuchPath, NoSuchMethod> find_route(std::span<const Route> table, Method method,
                                                         const std::vector<std::string>& segments);

}  // namespace switchyard::api
