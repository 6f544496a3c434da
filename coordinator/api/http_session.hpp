#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <map>
#include <memory>
#include <utility>

#include "coordinator/api/connection_book.hpp"
#include "coordinator/api/service.hpp"

namespace switchyard::api {

class HttpSession;

/// How long a session waits.
struct SessionTimes {
  std::int64_t receive_ms = limits::api_receive_ms_max;
  std::int64_t silence_ms = limits::api_silence_ms_max;
};

/// What a listener and its sessions share; it outlives both.
struct SessionRoom {
  SessionRoom(std::shared_ptr<Service> the_service, SessionTimes the_times, ConnectionBounds bounds,
              std::string the_name)
      : service(std::move(the_service)), times(the_times), name(std::move(the_name)), connections(bounds) {}
  const std::shared_ptr<Service> service;  ///< of all listeners
  const SessionTimes times;
  const std::string name;  ///< for the log: socket, tcp
  ConnectionBook connections;
  std::map<ConnectionBook::Number, HttpSession*> sessions;
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
