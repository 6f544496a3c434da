#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <set>

#include "coordinator/api/service.hpp"

namespace switchyard::api {

class HttpSession;

/// What the server and its sessions share; it outlives both.
struct SessionRoom {
  SessionRoom(Service the_service, std::int64_t the_receive_ms)
      : service(std::move(the_service)), receive_ms(the_receive_ms) {}
  const Service service;
  const std::int64_t receive_ms;
  std::set<HttpSession*> sessions;
};

/// One connection: requests in, responses out, one at a time. Private to the server; it lives as long as an operation
/// on its socket, or the answer to its request, is under way. On the loop's thread. A connection that breaks ends
/// silently.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  virtual ~HttpSession() = default;
  virtual void start() = 0;
  /// The socket is closed at once and no operation is asked any more.
  virtual void close() = 0;
};

std::shared_ptr<HttpSession> make_http_session(boost::asio::generic::stream_protocol::socket socket, Peer peer,
                                               std::shared_ptr<SessionRoom> room);

}  // namespace switchyard::api
