#include "coordinator/api/http_session.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <limits>
#include <optional>

#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/api/failure.hpp"
#include "coordinator/api/head_check.hpp"

namespace switchyard::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

RequestHead head_of(const Parser::value_type& message, std::uint64_t content_length) {
  RequestHead head;
  head.method = method_from_name(text_of(message.method_string()));
  head.target = text_of(message.target());
  head.host = text_of(message[http::field::host]);
  if (message.count(http::field::origin) > 0) head.origin = text_of(message[http::field::origin]);
  head.authorization = text_of(message[http::field::authorization]);
  head.content_type = text_of(message[http::field::content_type]);
  head.idempotency_key = text_of(message["Idempotency-Key"]);
  head.content_length = content_length;
  return head;
}

class BeastSession final : public HttpSession {
 public:
  BeastSession(asio::generic::stream_protocol::socket socket, Peer peer, std::shared_ptr<SessionRoom> room)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), peer_(std::move(peer)), room_(std::move(room)) {
    number_ = room_->connections.enter(peer_.principal);
    room_->sessions.emplace(number_, this);
  }
  ~BeastSession() override { leave(); }

  void start() override { wait_for_request(); }

  void close() override {
    closed_ = true;
    leave();
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  std::shared_ptr<BeastSession> self() { return std::static_pointer_cast<BeastSession>(shared_from_this()); }
  /// What is closed takes no place any more, though its last callback is still to come.
  void leave() {
    room_->connections.leave(number_);
    room_->sessions.erase(number_);
  }
  void prove() {
    proven_ = true;
    room_->connections.prove(number_);
  }
  std::string_view received() const { return {static_cast<const char*>(buffer_.data().data()), buffer_.data().size()}; }

  // --- time ---
  // Not Beast's own timeouts: they close the socket, and a slow client shall be told why.

  /// From now on, what is under way ends after `ms` with timed_out_ set.
  void allow(std::int64_t ms) {
    timed_out_ = false;
    deadline_.expires_after(std::chrono::milliseconds(ms));
    deadline_.async_wait([weak = std::weak_ptr<BeastSession>(self()), turn = ++turn_](const error_code& error) {
      const auto session = weak.lock();
      // A wait that has just expired can no longer be cancelled: hence the turn.
      if (error || !session || session->turn_ != turn) return;
      session->timed_out_ = true;
      error_code ignored;
      session->socket_.cancel(ignored);
    });
  }
  void allow_any_time() {
    ++turn_;
    deadline_.cancel();
  }

  // --- the header ---

  void wait_for_request() {
    parser_.emplace();
    // Our own limits were checked by the time that a body is read.
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
    parser_->header_limit(static_cast<std::uint32_t>(limits::api_head_bytes_max));
    if (!received().empty()) {
      allow(room_->times.receive_ms);
      on_head_bytes();
      return;
    }
    allow(proven_ ? limits::api_idle_ms_max : room_->times.silence_ms);
    read_some_head(true);
  }

  /// One deadline runs from the first byte of the header to its last, however slowly the bytes drip.
  void read_some_head(bool first) {
    socket_.async_read_some(buffer_.prepare(limits::api_read_bytes),
                            [self = self(), first](const error_code& error, std::size_t bytes) {
                              if (self->closed_) return;
                              if (error) return self->on_broken_head(first);
                              self->buffer_.commit(bytes);
                              if (first) self->allow(self->room_->times.receive_ms);
                              self->on_head_bytes();
                            });
  }

  void on_broken_head(bool first) {
    if (timed_out_ && !first) {
      refuse_and_close(refusal(408, "too_slow", "the header did not arrive in time"));
    }
    // Else the peer is gone, or was idle: the session ends with its last reference.
  }

  void on_head_bytes() {
    const std::string_view bytes = received();
    const std::optional<std::size_t> end = end_of_head(bytes);
    if (end.value_or(bytes.size()) > limits::api_head_bytes_max) {
      return refuse_and_close(refusal(431, "header_too_large", "the request's header is larger than 16 KiB"));
    }
    if (!end) {
      if (is_hopeless(bytes)) {
        return refuse_and_close(refusal(400, "bad_header", "a header line does not end with CR LF"));
      }
      return read_some_head(false);
    }
    if (const std::optional<HeadRefusal> bad = refuse_head(bytes.substr(0, *end))) {
      return refuse_and_close(refusal(bad->status, "bad_header", bad->message));
    }
    error_code error;
    buffer_.consume(parser_->put(asio::const_buffer(bytes.data(), *end), error));
    if (error || !parser_->is_header_done()) {
      return refuse_and_close(refusal(400, "bad_header", "the header is malformed: " + error.message()));
    }
    on_head();
  }

  void on_head() {
    const std::uint64_t body_bytes = parser_->content_length().value_or(0);
    keep_alive_ = parser_->get().keep_alive();
    auto judged = room_->service->admit(head_of(parser_->get(), body_bytes), peer_);
    if (auto* response = std::get_if<Response>(&judged)) {
      // Where a body follows that nobody will read, the connection cannot be used again.
      if (body_bytes > 0) return refuse_and_close(std::move(*response));
      return send(std::move(*response));
    }
    admission_ = std::move(std::get<Service::Admission>(judged));
    if (!admission_.request.caller.principal.empty()) prove();
    if (body_bytes == 0) return run();
    allow(room_->times.receive_ms);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return send_continue();
    read_body();
  }

  // --- the body ---

  void send_continue() {
    asio::async_write(socket_, asio::buffer(continue_line), [self = self()](const error_code& error, std::size_t) {
      if (!error && !self->closed_) self->read_body();
    });
  }

  void read_body() {
    http::async_read(socket_, buffer_, *parser_, [self = self()](const error_code& error, std::size_t) {
      if (self->closed_) return;
      if (self->timed_out_) {
        return self->refuse_and_close(refusal(408, "too_slow", "the body did not arrive in time"));
      }
      if (!error) self->run();
    });
  }

  // --- the answer ---

  void run() {
    admission_.request.body = std::move(parser_->get().body());
    allow_any_time();
    answered_ = false;
    room_->service->run(*admission_.route, admission_.request, [self = self()](Response response) {
      if (!self->closed_) self->send_once(std::move(response));
    });
  }

  /// An operation that fails after it has replied would answer a second time; the first answer stands.
  void send_once(Response response) {
    if (answered_) {
      log::warning("second answer to a request dropped", {{"status", response.status}});
      return;
    }
    answered_ = true;
    send(std::move(response));
  }

  void refuse_and_close(Response response) {
    keep_alive_ = false;
    send(std::move(response));
  }

  void send(Response response) {
    message_ = {};
    message_.version(11);
    message_.result(static_cast<unsigned>(response.status));
    message_.set(http::field::content_type, "application/json");
    message_.set(http::field::cache_control, "no-store");
    message_.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message_.set(name, value);
    message_.keep_alive(keep_alive_);
    message_.body() = std::move(response.body);
    message_.prepare_payload();
    allow(limits::api_send_ms_max);
    http::async_write(socket_, message_, [self = self()](const error_code& error, std::size_t) {
      if (error || self->closed_) return;
      if (self->keep_alive_) return self->wait_for_request();
      self->linger();
    });
  }

  /// A socket that is closed with unread bytes resets the connection, and the peer may never read our answer. So the
  /// peer is told that we are done, and is heard out for a moment.
  void linger() {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    allow(limits::api_linger_ms_max);
    discard();
  }

  void discard() {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(limits::api_read_bytes),
                            [self = self()](const error_code& error, std::size_t) {
                              if (!error && !self->closed_) self->discard();
                            });
  }

  asio::generic::stream_protocol::socket socket_;
  asio::steady_timer deadline_;
  std::uint64_t turn_ = 0;
  bool timed_out_ = false;
  Peer peer_;
  std::shared_ptr<SessionRoom> room_;
  ConnectionBook::Number number_ = 0;
  bool proven_ = false;
  beast::flat_buffer buffer_{limits::api_buffer_bytes_max};
  std::optional<Parser> parser_;
  Service::Admission admission_;
  http::response<http::string_body> message_;
  bool keep_alive_ = false;
  bool answered_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<HttpSession> make_http_session(asio::generic::stream_protocol::socket socket, Peer peer,
                                               std::shared_ptr<SessionRoom> room) {
  return std::make_shared<BeastSession>(std::move(socket), std::move(peer), std::move(room));
}

}  // namespace switchyard::api
