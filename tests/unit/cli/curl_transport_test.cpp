#include "cli/curl_transport.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include "cli/errors.hpp"
#include "common/file_descriptor.hpp"
#include "common/ids.hpp"
#include "coordinator/api/http_server.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::cli {
namespace {

/// The real client against the real server.
class CurlTransportTest : public ::testing::Test {
 protected:
  CurlTransportTest() : directory(std::filesystem::temp_directory_path() / ("switchyard-curl-" + random_hex(6))) {
    std::filesystem::create_directory(directory);
    config.unix_socket = directory / "api.sock";
    config.socket_group = "";
    config.listen_port = 0;
    config.state_directory = directory / "state";
    server = std::make_unique<api::HttpServer>(loop, operations, config, clock);
    port = server->tcp_port();
    thread = std::thread([this] { loop.run(); });
  }
  ~CurlTransportTest() override {
    loop.post([this] {
      server.reset();
      loop.stop();
    });
    thread.join();
    std::filesystem::remove_all(directory);
  }
  HttpReply ask(const Destination& destination, const HttpCall& call) {
    CurlTransport transport(destination, interrupt);
    return transport.perform(call);
  }
  Destination by_socket() const { return {config.unix_socket, "", ""}; }
  Destination by_url() const {
    std::ifstream file(config.state_directory / "admin.token");
    std::string token;
    std::getline(file, token);
    return {"", "http://127.0.0.1:" + std::to_string(port), token};
  }

  std::filesystem::path directory;
  EventLoop loop;
  testing::FakeOperations operations;
  api::ApiConfig config;
  std::unique_ptr<api::HttpServer> server;
  std::uint16_t port = 0;
  std::thread thread;
  testing::FakeClock clock;
  testing::FakeInterrupt interrupt{clock};
};

TEST_F(CurlTransportTest, ReachesTheCoordinatorByItsSocketAndByItsAddress) {
  EXPECT_EQ(ask(by_socket(), {"GET", "/v1/version", "", "", ""}).status, 200);
  EXPECT_EQ(ask(by_url(), {"GET", "/v1/version", "", "", ""}).status, 200);
}

TEST_F(CurlTransportTest, AWrongTokenIsAnAnswer) {
  Destination wrong = by_url();
  wrong.token = "wrong";
  EXPECT_EQ(ask(wrong, {"GET", "/v1/version", "", "", ""}).status, 401);
}

TEST_F(CurlTransportTest, SendsEveryMethodWithItsBodyAndHeadersOverOneConnection) {
  CurlTransport transport(by_socket(), interrupt);
  const std::string chunk(limits::chunk_bytes_max, '\0');
  EXPECT_EQ(
      transport
          .perform({"PUT", "/v1/artifacts/" + testing::release_a + "/chunks/1", "application/octet-stream", "", chunk})
          .status,
      200);
  EXPECT_EQ(operations.received_bytes, chunk);
  EXPECT_EQ(transport.perform({"POST", "/v1/deployments", "application/json", "key-1", R"({"manifest":"m"})"}).status,
            201);
  EXPECT_EQ(operations.deploy_request.idempotency_key, "key-1");
  EXPECT_EQ(transport.perform({"DELETE", "/v1/hosts/web-1", "", "", ""}).status, 200);
  EXPECT_EQ(transport.perform({"POST", "/v1/agents/web-1/revoke", "application/json", "", "{}"}).status, 200);
  EXPECT_EQ(transport.perform({"GET", "/v1/hosts", "", "", ""}).status, 200);
}

TEST_F(CurlTransportTest, TellsWhetherTheRequestMayHaveArrived) {
  try {
    ask({directory / "nobody.sock", "", ""}, {"POST", "/v1/deployments", "application/json", "", "{}"});
    ADD_FAILURE() << "answered by nobody";
  } catch (const UnreachableError& error) {
    EXPECT_FALSE(error.asked);
    EXPECT_NE(std::string(error.what()).find("nobody.sock cannot be reached: No such file or directory"),
              std::string::npos)
        << error.what();
  }
  operations.hold_timeline = true;
  HttpCall slow{"GET", "/v1/deployments/" + testing::known_deployment.str() + "/timeline?wait_ms=20000", "", "", ""};
  slow.answer_ms_max = 200;
  try {
    ask(by_socket(), slow);
    ADD_FAILURE() << "answered";
  } catch (const UnreachableError& error) {
    EXPECT_TRUE(error.asked);
  }
}

/// Another user for a while; only root may become one.
class AsUser {
 public:
  explicit AsUser(uid_t user) : changed_(::seteuid(user) == 0) {}
  ~AsUser() {
    if (!changed_) return;
    EXPECT_EQ(::seteuid(0), 0);
  }
  bool changed() const { return changed_; }

 private:
  bool changed_;
};

TEST_F(CurlTransportTest, ASocketOfAnotherGroupIsARefusalThatNamesTheGroup) {
  constexpr gid_t daemon = 1;
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const std::string socket = config.unix_socket;
  ASSERT_EQ(::chown(socket.c_str(), 0, daemon), 0);
  ASSERT_EQ(::chmod(socket.c_str(), 0660), 0);
  std::string message;
  {
    const AsUser nobody(65'534);
    ASSERT_TRUE(nobody.changed());
    try {
      ask(by_socket(), {"GET", "/v1/version", "", "", ""});
    } catch (const NotAllowedError& error) {
      message = error.what();
    }
  }
  EXPECT_NE(message.find("may not use the coordinator's socket " + socket), std::string::npos) << message;
  EXPECT_NE(message.find("usermod -aG daemon USER"), std::string::npos) << message;
}

TEST_F(CurlTransportTest, NamesTheSocketWhoseCoordinatorClosesUnheard) {
  const std::string path = directory / "crowded.sock";
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  std::thread closing([&] {  // until the listener is shut down
    while (true) {
      const FileDescriptor closed(::accept(listener.get(), nullptr, nullptr));
      if (closed.get() < 0) return;
    }
  });
  // Where curl stands when it is closed differs from time to time; what is said must not.
  std::set<std::string> messages;
  for (int i = 0; i < 300; ++i) {
    try {
      ask({path, "", ""}, {"GET", "/v1/version", "", "", ""});
      ADD_FAILURE() << "answered";
    } catch (const UnreachableError& error) {
      messages.insert(error.what());
    }
  }
  EXPECT_EQ(::shutdown(listener.get(), SHUT_RDWR), 0);
  closing.join();
  const std::string expected = "the coordinator at " + path +
                               " cannot be reached: it closed the connection unheard; it does so when there are too "
                               "many; its log says so (`journalctl -u switchyard-coordinator`)";
  EXPECT_EQ(messages, std::set{expected});
}

TEST_F(CurlTransportTest, CtrlCEndsAWait) {
  operations.hold_timeline = true;
  interrupt.is_pressed = true;
  EXPECT_THROW(
      ask(by_socket(),
          {"GET", "/v1/deployments/" + testing::known_deployment.str() + "/timeline?wait_ms=20000", "", "", ""}),
      InterruptedError);
}

}  // namespace
}  // namespace switchyard::cli
