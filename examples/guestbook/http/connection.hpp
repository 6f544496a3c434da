#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

/// One accepted connection, read and written by one thread. Owns the socket.
namespace guestbook::http {

/// A request that cannot be served: it is answered with `status`, and then the connection is closed.
struct BadRequest {
  int status = 400;
  std::string why;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Connection(int socket) noexcept : socket_(socket) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for the first byte of the next request. False: the client closed, the time is over, or a stop was asked for
  /// (`stop_event` became readable) and the connection stayed quiet for the shorter time that is allowed then.
  bool wait_for_request(int stop_event);

  /// Reads one request. Nothing if the client went away in the middle of it. Throws BadRequest.
  std::optional<Request> read_request();

  /// False if the client is gone.
  bool send_response(const Request& request, const Response& response, const std::string& server_name, bool close);

  /// Says that nothing more will come, and lets the client read what is on its way.
  void finish();

 private:
  bool receive(Clock::time_point deadline);
  bool send_all(std::string_view bytes);
  std::optional<std::string> read_head(Clock::time_point deadline);
  bool read_body(Request& request, Clock::time_point deadline);

  int socket_;
  std::string buffer_;  ///< received and not yet used; may hold the next request of a client that does not wait
};

}  // namespace guestbook::http
