#include "agent/probes/probe.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "agent/probes/deadline_socket.hpp"
#include "agent/probes/host_lookup.hpp"
#include "agent/probes/url.hpp"
#include "common/file_descriptor.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/http_server.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

std::uint16_t closed_port() {
  const Server server([](int) {});
  return server.port();
}

std::int64_t measured_ms(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
}

ProbeTry http(const protocol::HttpProbe& probe, std::uint32_t timeout_ms = 5000) {
  return try_http(probe, timeout_ms, {});
}

protocol::HttpProbe get(const std::string& url) {
  protocol::HttpProbe probe;
  probe.url = url;
  return probe;
}

TEST(HttpProbe, TakesAnySuccessByDefault) {
  const Server server(Server::answering("HTTP/1.1 204 No Content\r\n\r\n"));
  const ProbeTry tried = http(get(server.url()));
  EXPECT_TRUE(tried.ok) << tried.detail;
}

TEST(HttpProbe, FailsOnAnErrorAndSaysTheStatus) {
  const Server server(Server::answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
  const ProbeTry tried = http(get(server.url("/health")));
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("503, expected 2xx"), std::string::npos) << tried.detail;
}

TEST(HttpProbe, TakesTheStatusThatIsAskedFor) {
  const Server server(Server::answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"));
  protocol::HttpProbe probe = get(server.url());
  probe.expected_status = {401, 403};
  EXPECT_TRUE(http(probe).ok);
}

TEST(HttpProbe, DoesNotFollowRedirects) {
  const Server server(
      Server::answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(http(get(server.url())).ok);
}

TEST(HttpProbe, LooksIntoTheBody) {
  const Server server(Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"release\":\"v2\",\"ok\":1}"));
  protocol::HttpProbe probe = get(server.url());
  probe.expected_body = "\"release\":\"v2\"";
  EXPECT_TRUE(http(probe).ok);
  probe.expected_body = "\"release\":\"v3\"";
  EXPECT_FALSE(http(probe).ok);
}

TEST(HttpProbe, ReadsChunkedBodies) {
  const Server server(
      Server::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
  protocol::HttpProbe probe = get(server.url());
  probe.expected_body = "hello world";
  const ProbeTry tried = http(probe);
  EXPECT_TRUE(tried.ok) << tried.detail;
}

TEST(HttpProbe, ReadsABodyThatEndsWithTheConnection) {
  const Server server(Server::answering("HTTP/1.0 200 OK\r\n\r\nready"));
  protocol::HttpProbe probe = get(server.url());
  probe.expected_body = "ready";
  EXPECT_TRUE(http(probe).ok);
}

TEST(HttpProbe, ReadsAnAnswerThatComesByteByByte) {
  const Server server([](int connection) {
    char request[8192];
    (void)::recv(connection, request, sizeof request, 0);
    const std::string answer = "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (const char byte : answer) (void)::send(connection, &byte, 1, MSG_NOSIGNAL);
  });
  protocol::HttpProbe probe = get(server.url());
  probe.expected_body = "abc";
  const ProbeTry tried = http(probe);
  EXPECT_TRUE(tried.ok) << tried.detail;
}

TEST(HttpProbe, SendsItsHeadersAndPath) {
  std::string request(8192, '\0');
  const Server server([&](int connection) {
    request.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::recv(connection, request.data(), request.size(), 0), 0)));
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    (void)::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  });
  protocol::HttpProbe probe = get(server.url("/health?full=1"));
  probe.headers = {{"Host", "shop.example"}, {"X-Probe", "switchyard"}};
  ASSERT_TRUE(http(probe).ok);
  EXPECT_TRUE(request.starts_with("GET /health?full=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Host: shop.example\r\n"), std::string::npos);
  EXPECT_EQ(request.find("Host: 127.0.0.1"), std::string::npos);
  EXPECT_NE(request.find("X-Probe: switchyard\r\n"), std::string::npos);
}

TEST(HttpProbe, TakesNoHeaderThatWouldForgeARequest) {
  protocol::HttpProbe probe = get("http://127.0.0.1:1/");
  probe.headers = {{"X", "a\r\nHost: evil"}};
  EXPECT_NE(http(probe).detail.find("line end"), std::string::npos);
  EXPECT_FALSE(http(get("http://127.0.0.1:1/ HTTP/1.1\r\nX: y")).ok);
}

TEST(HttpProbe, GivesUpOnASilentServer) {
  std::atomic<bool> end = false;
  const Server server([&](int connection) {
    pollfd polled{connection, POLLRDHUP, 0};
    while (!end && ::poll(&polled, 1, 10) == 0) {
    }
  });
  ProbeTry tried;
  const std::int64_t took_ms = measured_ms([&] { tried = http(get(server.url()), 200); });
  end = true;
  EXPECT_FALSE(tried.ok);
  EXPECT_GE(took_ms, 190);
  EXPECT_LT(took_ms, 1500);
}

TEST(HttpProbe, GivesUpOnAServerThatDripsBytes) {
  const Server server([](int connection) {
    const std::string drop = "HTTP/1.1 200 OK\r\n";
    (void)::send(connection, drop.data(), drop.size(), MSG_NOSIGNAL);
    for (int i = 0; i < 1000; ++i) {
      pollfd polled{connection, POLLRDHUP, 0};
      if (::poll(&polled, 1, 20) != 0) return;
      if (::send(connection, "X: y\r\n", 6, MSG_NOSIGNAL) < 0) return;
    }
  });
  ProbeTry tried;
  const std::int64_t took_ms = measured_ms([&] { tried = http(get(server.url()), 300); });
  EXPECT_FALSE(tried.ok);
  EXPECT_LT(took_ms, 1500);
}

TEST(HttpProbe, RefusesABodyBeyondItsBound) {
  const Server server(Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"));
  const ProbeTry tried = http(get(server.url()));
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("refused"), std::string::npos) << tried.detail;
}

TEST(HttpProbe, RefusesAnEndlessHead) {
  const Server server([](int connection) {
    const std::string head = "HTTP/1.1 200 OK\r\n" + std::string(64 * 1024, 'x');
    (void)::send(connection, head.data(), head.size(), MSG_NOSIGNAL);
  });
  EXPECT_FALSE(http(get(server.url())).ok);
}

TEST(HttpProbe, FailsOnAnAnswerThatIsCutOff) {
  const Server server(Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  EXPECT_FALSE(http(get(server.url())).ok);
}

TEST(HttpProbe, FailsOnWhatIsNoHttp) {
  const Server server(Server::answering("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_FALSE(http(get(server.url())).ok);
}

TEST(HttpProbe, FailsAtOnceWhereNobodyListens) {
  const std::uint16_t port = closed_port();
  const ProbeTry tried = http(get("http://127.0.0.1:" + std::to_string(port) + "/"));
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("refused"), std::string::npos) << tried.detail;
}

TEST(HttpUrl, IsReadInItsParts) {
  const auto url = parse_http_url("http://[::1]:8080/a?b=c#d");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->path, "/a?b=c");
  EXPECT_EQ(url->authority, "[::1]:8080");
  EXPECT_EQ(parse_http_url("http://h?x")->path, "/?x");
  EXPECT_EQ(parse_http_url("http://h")->port, 80);
  for (const char* bad : {"https://h/", "http://", "http://h:0/", "http://h:99999/", "http://u@h/", "http://h/ x", "h",
                          "http://[::1/", "http://h:80x/"}) {
    EXPECT_FALSE(parse_http_url(bad)) << bad;
  }
}

TEST(TcpProbe, TellsAnOpenPortFromAClosedOne) {
  const Server server([](int) {});
  EXPECT_TRUE(try_tcp({.host = "127.0.0.1", .port = server.port()}, 1000, {}).ok);
  EXPECT_TRUE(try_tcp({.host = "localhost", .port = server.port()}, 1000, {}).ok);
  EXPECT_FALSE(try_tcp({.host = "127.0.0.1", .port = closed_port()}, 1000, {}).ok);
}

TEST(TcpProbe, GivesUpOnAnAddressThatDoesNotAnswer) {
  // A listener whose queue is full takes no more connections and sends no refusal.
  FileDescriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listening.get(), 0), 0);
  ASSERT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<FileDescriptor> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)::connect(fillers.back().get(), reinterpret_cast<sockaddr*>(&address), size);
  }
  ProbeTry tried;
  const std::int64_t took_ms =
      measured_ms([&] { tried = try_tcp({.host = "127.0.0.1", .port = ntohs(address.sin_port)}, 200, {}); });
  EXPECT_FALSE(tried.ok);
  EXPECT_LT(took_ms, 1500);
}

TEST(HostLookup, LeavesOutTheLinkAndTheCloudsOwnAddressesHoweverTheyAreWritten) {
  for (const char* host : {"169.254.169.254", "169.254.0.1", "0xa9fea9fe", "2852039166", "::ffff:169.254.169.254",
                           "fe80::1", "febf::1", "fd00:ec2::254"}) {
    std::string why;
    EXPECT_TRUE(look_up(host, 80, Deadline(1000), why).empty()) << host;
    EXPECT_NE(why.find("checks do not go there"), std::string::npos) << host << ": " << why;
  }
  for (const char* host : {"127.0.0.1", "169.253.255.255", "169.255.0.1", "::1", "fec0::1", "fd00:ec2::255"}) {
    std::string why;
    EXPECT_EQ(look_up(host, 80, Deadline(1000), why).size(), 1u) << host << ": " << why;
  }
}

TEST(TcpProbe, SaysThatANameIsUnknown) {
  const ProbeTry tried = try_tcp({.host = "no-such-host.invalid", .port = 80}, 2000, {});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("no-such-host.invalid"), std::string::npos);
}

/// systemd and time are the test's; `meanwhile` happens in every pause.
class Commands : public ::testing::Test {
 protected:
  ProbeTry run(const protocol::CommandProbe& probe, const std::function<void(const std::string& unit)>& meanwhile,
               std::stop_token stop = {}) {
    SecretMask mask;
    Prober prober(services, clock, mask, [&](std::int64_t ms, const std::stop_token&) {
      clock.advance(ms);
      if (!services.transients.empty()) meanwhile(services.transients.rbegin()->first);
    });
    protocol::ProbeSpec spec;
    spec.kind = probe;
    spec.timeout_ms = 2000;
    return prober.try_once(spec, stop);
  }
  /// Started units must be ended and forgotten.
  void expect_clean() {
    for (const auto& [name, unit] : services.transients) {
      EXPECT_EQ(services.status(name).load_state, "not-found") << name;
    }
  }
  switchyard::testing::FakeServiceManager services;
  switchyard::testing::FakeClock clock;
  const protocol::CommandProbe check{.argv = {"/usr/bin/check", "--all"}, .user = ""};
};

TEST_F(Commands, RunWithoutPrivilegesInAUnitOfTheirOwn) {
  const ProbeTry tried = run(check, [&](const std::string& unit) { services.end_process(unit, 0); });
  EXPECT_TRUE(tried.ok) << tried.detail;
  ASSERT_EQ(services.transients.size(), 1u);
  const TransientUnit& unit = services.transients.begin()->second;
  EXPECT_EQ(unit.user, "nobody");
  EXPECT_EQ(unit.argv, check.argv);
  EXPECT_EQ(unit.timeout_ms, 2000u) << "systemd ends it even if the agent is gone";
  expect_clean();
}

TEST_F(Commands, RunAsTheUserThatIsNamed) {
  protocol::CommandProbe probe = check;
  probe.user = "postgres";
  run(probe, [&](const std::string& unit) { services.end_process(unit, 0); });
  EXPECT_EQ(services.transients.begin()->second.user, "postgres");
}

TEST_F(Commands, FailWithTheirExitStatus) {
  const ProbeTry tried = run(check, [&](const std::string& unit) { services.end_process(unit, 2); });
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("status 2"), std::string::npos) << tried.detail;
  expect_clean();
}

TEST_F(Commands, AreStoppedAtTheirDeadline) {
  const std::int64_t began_ms = clock.boot_ms();
  const ProbeTry tried = run(check, [](const std::string&) {});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("in time"), std::string::npos);
  EXPECT_LE(clock.boot_ms() - began_ms, 2000 + 100);
  expect_clean();
}

TEST_F(Commands, AreStoppedWhenNobodyWantsTheirAnswer) {
  std::stop_source stop;
  EXPECT_FALSE(run(
                   check, [&](const std::string&) { stop.request_stop(); }, stop.get_token())
                   .ok);
  expect_clean();
}

TEST_F(Commands, AreAbsolutePathsAndNoShellLines) {
  EXPECT_FALSE(run({.argv = {"check"}, .user = ""}, [](const std::string&) {}).ok);
  EXPECT_FALSE(run({.argv = {}, .user = ""}, [](const std::string&) {}).ok);
  EXPECT_TRUE(services.transients.empty());
}

TEST_F(Commands, OfTwoTriesHaveTwoNames) {
  const auto end = [&](const std::string&) {
    for (const auto& [name, unit] : services.transients) {
      if (services.status(name).sub_state == "running") services.end_process(name, 0);
    }
  };
  run(check, end);
  run(check, end);
  EXPECT_EQ(services.transients.size(), 2u);
}

TEST(FileSystemProbe, ChecksWhatItIsAskedFor) {
  const Scratch scratch;
  protocol::FileSystemProbe probe{
      .path = scratch.path().string(), .check_readable = true, .check_writable = true, .min_free_space_mb = 1};
  EXPECT_TRUE(try_file_system(probe).ok) << try_file_system(probe).detail;
  EXPECT_TRUE(snapshot(scratch.path()).empty()) << "a probe leaves nothing behind";
  probe.min_free_space_mb = std::uint64_t{1} << 50;
  EXPECT_FALSE(try_file_system(probe).ok);
  EXPECT_FALSE(try_file_system({.path = (scratch / "missing").string(),
                                .check_readable = false,
                                .check_writable = false,
                                .min_free_space_mb = 0})
                   .ok);
}

TEST(FileSystemProbe, FindsAReadOnlyFileSystem) {
  EXPECT_FALSE(
      try_file_system({.path = "/proc", .check_readable = true, .check_writable = true, .min_free_space_mb = 0}).ok);
}

TEST(UnitProbe, WantsTheUnitActiveAndNamesItsProcess) {
  switchyard::testing::FakeServiceManager services;
  services.define_running("api@blue.service");
  SystemClock clock;
  SecretMask mask;
  Prober prober(services, clock, mask);
  protocol::ProbeSpec spec;
  spec.kind = protocol::UnitProbe{.unit = "api@blue.service"};
  const ProbeTry first = prober.try_once(spec, {});
  EXPECT_TRUE(first.ok);
  services.restart("api@blue.service", 0);
  const ProbeTry second = prober.try_once(spec, {});
  EXPECT_TRUE(second.ok);
  EXPECT_NE(first.identity, second.identity);
  services.end_process("api@blue.service", 1);
  EXPECT_FALSE(prober.try_once(spec, {}).ok);
}

}  // namespace
}  // namespace switchyard::agent::testing
