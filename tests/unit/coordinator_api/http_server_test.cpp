#include "coordinator/api/http_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/ids.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::api {
namespace {

constexpr int answer_ms_max = 10'000;

/// A blocking client that sends exactly the bytes that it is told to.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit RawClient(const std::filesystem::path& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connected = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  void send(std::string_view bytes) { (void)::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  /// One response: its header and as many bytes as its Content-Length says. Empty: closed without an answer.
  std::string response() {
    std::string head = until([](const std::string& bytes) { return bytes.find("\r\n\r\n") != std::string::npos; });
    const std::size_t end = head.find("\r\n\r\n");
    if (end == std::string::npos) return "";
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t length = at < end ? std::stoul(head.substr(at + 16)) : 0;
    const std::size_t whole = end + 4 + length;
    std::string bytes = until([&](const std::string& so_far) { return so_far.size() >= whole; });
    rest_ = bytes.substr(std::min(whole, bytes.size()));
    return bytes.substr(0, whole);
  }
  /// Nothing more came, and the other end is gone (a reset counts).
  bool is_closed() {
    return until([](const std::string&) { return false; }).empty() && ended_;
  }

  bool connected = false;

 private:
  template <class Enough>
  std::string until(Enough enough) {
    while (!enough(rest_)) {
      pollfd wait{socket_.get(), POLLIN, 0};
      char buffer[4096];
      if (::poll(&wait, 1, answer_ms_max) != 1) break;
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      ended_ = got <= 0;
      if (ended_) break;
      rest_.append(buffer, static_cast<std::size_t>(got));
    }
    return rest_;
  }

  FileDescriptor socket_;
  std::string rest_;
  bool ended_ = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() : directory(std::filesystem::temp_directory_path() / ("switchyard-api-" + random_hex(6))) {
    std::filesystem::create_directory(directory);
    config.unix_socket = directory / "api.sock";
    config.socket_group = "";
    config.listen_port = 0;
    config.state_directory = directory / "state";
  }
  ~HttpServerTest() override {
    end();
    std::filesystem::remove_all(directory);
  }
  void begin() {
    loop = std::make_unique<EventLoop>();
    server = std::make_unique<HttpServer>(*loop, operations, config, clock);
    port = server->tcp_port();
    thread = std::thread([this] { loop->run(); });
  }
  void end() {
    if (!thread.joinable()) return;
    loop->post([this] {
      server.reset();
      loop->stop();
    });
    thread.join();
  }
  std::string token() {
    std::ifstream file(config.state_directory / "admin.token");
    std::string text;
    std::getline(file, text);
    return text;
  }
  static std::string get(const std::string& path, const std::string& more = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
  }
  static std::string post(const std::string& path, const std::string& body, const std::string& more = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
  }
  static std::string status(const std::string& response) { return response.substr(0, response.find("\r\n")); }

  std::filesystem::path directory;
  ApiConfig config;
  std::unique_ptr<EventLoop> loop;  // outlives the replies that the operations keep
  testing::FakeOperations operations;
  SystemClock clock;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
  std::thread thread;
};

TEST_F(HttpServerTest, KnowsTheLocalUserAndNeedsNoToken) {
  begin();
  RawClient client(config.unix_socket);
  client.send("DELETE /v1/hosts/web-1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status(client.response()), "HTTP/1.1 200 OK");
  end();
  EXPECT_EQ(operations.callers.at(0).principal, ::getuid() == 0 ? "local:root" : operations.callers.at(0).principal);
  EXPECT_EQ(operations.callers.at(0).origin, "unix socket");
}

TEST_F(HttpServerTest, TheSocketIsForOwnerAndGroup) {
  begin();
  struct stat status {};
  ASSERT_EQ(::stat(config.unix_socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  end();
  EXPECT_FALSE(std::filesystem::exists(config.unix_socket));
}

TEST_F(HttpServerTest, TheAdministratorsTokenOpensTcp) {
  begin();
  RawClient stranger(port);
  stranger.send(get("/v1/hosts"));
  EXPECT_EQ(status(stranger.response()), "HTTP/1.1 401 Unauthorized");
  RawClient administrator(port);
  administrator.send(get("/v1/hosts", "Authorization: Bearer " + token() + "\r\n"));
  const std::string response = administrator.response();
  EXPECT_EQ(status(response), "HTTP/1.1 200 OK");
  EXPECT_NE(response.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(response.find("Cache-Control: no-store\r\n"), std::string::npos);
  struct stat mode {};
  ASSERT_EQ(::stat((config.state_directory / "admin.token").c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 07777, 0600u);
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOfOneConnectionInOrder) {
  begin();
  RawClient client(config.unix_socket);
  client.send(get("/v1/health") + post("/v1/hosts", R"({"host":"a"})") + get("/v1/nothing") + get("/v1/version"));
  EXPECT_EQ(status(client.response()), "HTTP/1.1 200 OK");
  EXPECT_EQ(status(client.response()), "HTTP/1.1 201 Created");
  EXPECT_EQ(status(client.response()), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(client.response()), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, TakesAHeaderThatComesByteByByte) {
  begin();
  RawClient client(config.unix_socket);
  for (const char c : post("/v1/hosts", R"({"host":"a"})")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(status(client.response()), "HTTP/1.1 201 Created");
}

TEST_F(HttpServerTest, TakesALargeBody) {
  begin();
  RawClient client(config.unix_socket);
  const std::string chunk(limits::chunk_bytes_max, 'x');
  client.send("PUT /v1/artifacts/" + testing::release_a + "/chunks/0 HTTP/1.1\r\nHost: localhost\r\n" +
              "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(chunk.size()) + "\r\n\r\n" +
              chunk);
  EXPECT_EQ(status(client.response()), "HTTP/1.1 200 OK");
  end();
  EXPECT_EQ(operations.received_bytes, chunk);
}

TEST_F(HttpServerTest, RefusesABodyOverTheBoundWithoutReadingItAndCloses) {
  begin();
  RawClient client(config.unix_socket);
  client.send(
      "POST /v1/hosts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 1000000\r\n\r\n" +
      std::string(1000, 'x'));
  EXPECT_EQ(status(client.response()), "HTTP/1.1 413 Payload Too Large");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, AnswersExpectBeforeTheBodyIsSent) {
  begin();
  RawClient client(config.unix_socket);
  const std::string body = R"({"host":"a"})";
  const std::string whole = post("/v1/hosts", body, "Expect: 100-continue\r\n");
  client.send(whole.substr(0, whole.size() - body.size()));
  EXPECT_EQ(status(client.response()), "HTTP/1.1 100 Continue");
  client.send(body);
  EXPECT_EQ(status(client.response()), "HTTP/1.1 201 Created");
}

TEST_F(HttpServerTest, RefusesSmuggledRequestsAndClosesTheConnection) {
  begin();
  for (const char* head :
       {"POST /v1/hosts HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /v1/health HTTP/1.1\nHost: localhost\n\n", "GET /v1/health HTTP/1.0\r\n\r\n",
        "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "\x16\x03\x01\n"}) {
    RawClient client(config.unix_socket);
    client.send(std::string(head) + get("/v1/health"));
    const std::string response = client.response();
    EXPECT_EQ(response.substr(0, 10), response.find("505") == 9 ? "HTTP/1.1 5" : "HTTP/1.1 4") << head;
    EXPECT_TRUE(client.is_closed()) << head;
  }
}

TEST_F(HttpServerTest, RefusesAHeaderOverTheBound) {
  begin();
  RawClient client(config.unix_socket);
  client.send(get("/v1/health", "X: " + std::string(limits::api_head_bytes_max, 'x') + "\r\n"));
  EXPECT_EQ(status(client.response()), "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_F(HttpServerTest, ASlowSenderIsTurnedAway) {
  config.receive_ms = 150;
  begin();
  RawClient slow_head(config.unix_socket);
  slow_head.send("GET /v1/hea");
  EXPECT_EQ(status(slow_head.response()), "HTTP/1.1 408 Request Timeout");
  RawClient slow_body(config.unix_socket);
  const std::string whole = post("/v1/hosts", R"({"host":"a"})");
  slow_body.send(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(status(slow_body.response()), "HTTP/1.1 408 Request Timeout");
  end();
  EXPECT_TRUE(operations.asked.empty());
}

TEST_F(HttpServerTest, ManyConnectionsAreServedAndThoseOverTheShareOfOneUserAreClosed) {
  begin();
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < limits::api_socket_connections_per_user_max + 1; ++i) {
    clients.emplace_back(config.unix_socket);
    ASSERT_TRUE(clients.back().connected);
    clients.back().send(get("/v1/health"));
    const bool within = i < limits::api_socket_connections_per_user_max;
    EXPECT_EQ(clients.back().response().empty(), !within) << i;
  }
}

TEST_F(HttpServerTest, SilentConnectionsKeepOutNeitherTheSocketNorWhoHasAToken) {
  begin();
  std::vector<RawClient> silent;
  for (std::size_t i = 0; i < limits::api_tcp_connections_max + 40; ++i) silent.emplace_back(port);
  RawClient root(config.unix_socket);
  root.send(get("/v1/hosts"));
  EXPECT_EQ(status(root.response()), "HTTP/1.1 200 OK");
  RawClient administrator(port);
  administrator.send(get("/v1/hosts", "Authorization: Bearer " + token() + "\r\n"));
  EXPECT_EQ(status(administrator.response()), "HTTP/1.1 200 OK");
  EXPECT_TRUE(silent.front().is_closed()) << "the oldest silent one gave way";

  // Who is known keeps its connection, however many come after it.
  for (std::size_t i = 0; i < limits::api_tcp_connections_max + 40; ++i) silent.emplace_back(port);
  administrator.send(get("/v1/hosts", "Authorization: Bearer " + token() + "\r\n"));
  EXPECT_EQ(status(administrator.response()), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, EndsAConnectionThatSaysNothing) {
  config.silence_ms = 150;
  begin();
  RawClient tcp(port);
  RawClient local(config.unix_socket);
  EXPECT_TRUE(tcp.is_closed());
  EXPECT_TRUE(local.is_closed());
}

TEST_F(HttpServerTest, ALongPollIsAnsweredWhenThereIsNewsAndTheServerMayGoBefore) {
  operations.hold_timeline = true;
  begin();
  const std::string path = "/v1/deployments/" + testing::known_deployment.str() + "/timeline?wait_ms=20000";
  RawClient client(config.unix_socket);
  client.send(get(path));
  RawClient other(config.unix_socket);
  other.send(get("/v1/health"));
  EXPECT_EQ(status(other.response()), "HTTP/1.1 200 OK");
  loop->post([this] { operations.held_reply(); });
  EXPECT_EQ(status(client.response()), "HTTP/1.1 200 OK");

  client.send(get(path));
  other.send(get("/v1/health"));
  EXPECT_EQ(status(other.response()), "HTTP/1.1 200 OK");
  end();
  EXPECT_TRUE(client.is_closed());
  operations.held_reply();  // must not touch what is gone
}

TEST_F(HttpServerTest, TakesOverASocketFileLeftBehindButNothingElse) {
  begin();
  end();
  const FileDescriptor stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, config.unix_socket.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  begin();
  EXPECT_TRUE(RawClient(config.unix_socket).connected);
  end();
  std::ofstream(config.unix_socket) << "a file";
  EXPECT_THROW(begin(), InputError);
}

TEST_F(HttpServerTest, RefusesToListenBeyondLoopback) {
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "localhost"}) {
    config.listen_address = address;
    EXPECT_THROW(begin(), InputError) << address;
  }
}

}  // namespace
}  // namespace switchyard::api
