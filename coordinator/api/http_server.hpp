#pragma once

#include <cstdint>
#include <memory>

#include "common/clock.hpp"
#include "common/event_loop.hpp"
#include "coordinator/api/api_config.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::api {

/// The HTTP API on a unix socket and on a loopback address. Listens from its construction to its destruction; all its
/// callbacks run on the loop. Owned by the composition root, destroyed before `operations`
/// and `clock`.
/// Throws from the constructor: InputError for a configuration that it refuses, SysError when it cannot listen.
class HttpServer {
 public:
  HttpServer(EventLoop& loop, fleet::Operations& operations, const ApiConfig& config, const Clock& clock);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The TCP port that it listens on; 0 if it does not.
  std::uint16_t tcp_port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::api
