#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "http/connection.hpp"
#include "http/message.hpp"

/// A small HTTP/1.1 server: one thread per connection, bounded in number, sizes and time.
namespace guestbook::http {

/// Called from many threads at once. What it throws is answered with status 500.
using Handler = std::function<Response(const Request&)>;
/// Called once per request, before its answer is sent: an answer that a client has seen has been logged.
using RequestLog = std::function<void(const Request&, int status, std::chrono::microseconds)>;

struct ServerOptions {
  std::string address;
  std::string port;
  std::string server_name;  ///< the Server header, for example guestbook-api/1.0.0
};

class Server {
 public:
  /// Listens when it is made. Throws std::runtime_error if the address is not to be had.
  Server(ServerOptions options, Handler handler, RequestLog log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until SIGTERM or SIGINT, then stops softly: requests that have arrived are answered, with
  /// `Connection: close`; nothing new is accepted. The caller must have blocked both signals in all threads.
  void run();

  /// True from the moment a stop was asked for; handlers that wait on purpose look at it.
  bool is_stopping() const { return stopping_; }

 private:
  void accept_until_signalled(int signals);
  void accept_one();
  void serve(int socket);
  bool serve_request(Connection& connection);

  ServerOptions options_;
  Handler handler_;
  RequestLog log_;
  int listener_ = -1;
  int stop_event_ = -1;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable connection_ended_;
  std::size_t connections_ = 0;
};

}  // namespace guestbook::http
