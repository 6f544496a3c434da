#include "coordinator/api/http_server.hpp"

#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/api/http_session.hpp"
#include "coordinator/api/local_peer.hpp"

namespace switchyard::api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

void check(const error_code& error, const std::string& what) {
  if (error) throw SysError(error.value(), what);
}

Peer peer_of(const tcp::socket& socket) {
  const tcp::endpoint endpoint = socket.remote_endpoint();
  const std::string address = endpoint.address().to_string();
  return {false, "",
          (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port())};
}
Peer peer_of(Local::socket& socket) { return local_peer(socket.native_handle()); }

/// Accepts connections of one kind for as long as it is open.
template <class Protocol>
class Listener : public std::enable_shared_from_this<Listener<Protocol>> {
 public:
  Listener(EventLoop& loop, std::shared_ptr<SessionRoom> room)
      : acceptor(loop.context()), loop_(loop), room_(std::move(room)) {}

  void accept_next() {
    acceptor.async_accept([self = this->shared_from_this()](const error_code& error, typename Protocol::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (error) return self->accept_later(error);
      self->take(std::move(socket));
      self->accept_next();
    });
  }

  void close() {
    error_code ignored;
    acceptor.close(ignored);
    retry_ = {};
    notice_ = {};
    // A session leaves the room when it is closed: hence the copy, which also keeps each alive meanwhile.
    std::vector<std::shared_ptr<HttpSession>> sessions;
    for (const auto& [number, session] : room_->sessions) sessions.push_back(session->shared_from_this());
    for (const auto& session : sessions) session->close();
  }

  typename Protocol::acceptor acceptor;

 private:
  void accept_later(const error_code& error) {
    log::warning("API connection not accepted", {{"error", error.message()}});
    retry_ = loop_.after(limits::api_accept_retry_ms, [this] { accept_next(); });
  }

  void take(typename Protocol::socket socket) {
    try {
      Peer peer = peer_of(socket);
      // Who finds no room is closed unheard: its client sees a closed connection and may try again.
      if (!make_room(peer)) return;
      make_http_session(std::move(socket), std::move(peer), room_)->start();
    } catch (const std::exception& error) {
      log::debug("API connection was gone before it was served", {{"error", std::string(error.what())}});
    }
  }

  bool make_room(const Peer& peer) {
    const ConnectionBook::Place place = room_->connections.place_for(peer.principal);
    if (place.free && !place.gives_way) return true;
    ++turned_away_;
    last_ = peer.local ? peer.principal : peer.origin;
    if (!notice_) say_crowded();
    if (place.gives_way) room_->sessions.at(*place.gives_way)->shared_from_this()->close();
    return place.free;
  }

  /// One line now, and one a minute for as long as it goes on.
  void say_crowded() {
    notice_ = {};
    if (turned_away_ == 0) return;
    log::warning("too many API connections; who is silent or unknown gives way",
                 {{"listener", room_->name}, {"turned_away", turned_away_}, {"last", last_}});
    turned_away_ = 0;
    notice_.emplace(loop_.after(limits::api_crowd_notice_ms, [this] { say_crowded(); }));
  }

  EventLoop& loop_;
  std::shared_ptr<SessionRoom> room_;
  EventLoop::Timer retry_;
  std::optional<EventLoop::Timer> notice_;
  std::size_t turned_away_ = 0;  ///< since the log last said so
  std::string last_;
};

}  // namespace

struct HttpServer::Parts {
  std::shared_ptr<Service> service;
  std::shared_ptr<Listener<Local>> local;
  std::shared_ptr<Listener<tcp>> loopback;
  std::filesystem::path socket_path;

  std::shared_ptr<SessionRoom> room_for(const ApiConfig& config, std::string name, ConnectionBounds bounds) const {
    return std::make_shared<SessionRoom>(service, SessionTimes{config.receive_ms, config.silence_ms}, bounds,
                                         std::move(name));
  }
  void listen_local(EventLoop& loop, const ApiConfig& config);
  void listen_loopback(EventLoop& loop, const ApiConfig& config);
};

void HttpServer::Parts::listen_local(EventLoop& loop, const ApiConfig& config) {
  const std::filesystem::path& path = config.unix_socket;
  const std::string what = "listening on the unix socket " + path.string();
  if (path.string().size() >= sizeof(sockaddr_un::sun_path)) {
    throw InputError("the API's socket path is too long (at most 107 bytes): " + path.string());
  }
  remove_stale_socket(path);
  local = std::make_shared<Listener<Local>>(
      loop,
      room_for(config, "socket", {limits::api_socket_connections_max, limits::api_socket_connections_per_user_max}));
  error_code error;
  local->acceptor.open(Local(), error);
  check(error, what);
  // The file is born with these rights, so that there is no moment in which anybody may connect.
  if (::fchmod(local->acceptor.native_handle(), 0600) != 0) throw_errno(what);
  local->acceptor.bind(Local::endpoint(path.string()), error);
  check(error, what);
  socket_path = path;
  set_socket_rights(path, config.socket_group);
  local->acceptor.listen(asio::socket_base::max_listen_connections, error);
  check(error, what);
  local->accept_next();
  log::info("API listens", {{"socket", path.string()}});
}

void HttpServer::Parts::listen_loopback(EventLoop& loop, const ApiConfig& config) {
  error_code error;
  const auto address = asio::ip::make_address(config.listen_address, error);
  if (error) throw InputError("the API's listen address is no IP address: " + config.listen_address);
  if (!address.is_loopback()) {
    throw InputError("http.listen: the API listens on loopback addresses only, and " + config.listen_address +
                     " is none: it does not speak TLS itself, and tokens must not cross a network in clear. On this "
                     "machine the command "
                     "line uses the unix socket; from another: ssh -L 8765:127.0.0.1:" +
                     std::to_string(config.listen_port) +
                     " THIS-MACHINE, or a TLS proxy in front of the loopback address");
  }
  const tcp::endpoint endpoint(address, config.listen_port);
  const std::string what = "listening on " + config.listen_address + " port " + std::to_string(config.listen_port);
  // No share of one address: every user of this machine has all of 127.0.0.0/8.
  loopback = std::make_shared<Listener<tcp>>(
      loop, room_for(config, "tcp", {limits::api_tcp_connections_max, limits::api_tcp_connections_max}));
  loopback->acceptor.open(endpoint.protocol(), error);
  check(error, what);
  loopback->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  check(error, what);
  loopback->acceptor.bind(endpoint, error);
  check(error, what);
  loopback->acceptor.listen(asio::socket_base::max_listen_connections, error);
  check(error, what);
  loopback->accept_next();
  log::info("API listens", {{"address", config.listen_address}, {"port", loopback->acceptor.local_endpoint().port()}});
}

HttpServer::HttpServer(EventLoop& loop, fleet::Operations& operations, const ApiConfig& config, const Clock& clock)
    : parts_(std::make_unique<Parts>()) {
  PosixFileSystem files;
  files.create_directories(config.state_directory, 0700);
  TokenBook tokens = TokenBook::open(files, config.state_directory);
  tokens.add_administrators(config.admin_tokens);
  parts_->service = std::make_shared<Service>(operations, config, std::move(tokens), clock);
  if (!config.unix_socket.empty()) parts_->listen_local(loop, config);
  if (!config.listen_address.empty()) parts_->listen_loopback(loop, config);
}

HttpServer::~HttpServer() {
  if (parts_->local) parts_->local->close();
  if (parts_->loopback) parts_->loopback->close();
  std::error_code ignored;
  if (!parts_->socket_path.empty()) std::filesystem::remove(parts_->socket_path, ignored);
}

std::uint16_t HttpServer::tcp_port() const {
  return parts_->loopback ? parts_->loopback->acceptor.local_endpoint().port() : std::uint16_t{0};
}

}  // namespace switchyard::api
