// libFuzzer target: what somebody sends to the HTTP API. The real session reads it from a socket: header check, parser,
// admission, routes, bodies, with operations that only note that they were asked. The first byte chooses who the sender
// is. A stranger without a token may get answers, but no operation is ever asked on his behalf.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ensure.hpp"
#include "common/log.hpp"
#include "coordinator/api/http_session.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/unit/agent_executors/scratch.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace {

using namespace switchyard;
using Socket = boost::asio::generic::stream_protocol::socket;

struct Site {
  agent::testing::Scratch scratch;
  PosixFileSystem files;
  boost::asio::io_context loop;
  switchyard::testing::FakeOperations operations;
  switchyard::testing::FakeClock clock;
  std::shared_ptr<api::SessionRoom> room;

  Site() {
    log::set_up("fuzz", log::Level::off);
    room = std::make_shared<api::SessionRoom>(
        std::make_shared<api::Service>(operations, api::ApiConfig(), api::TokenBook::open(files, scratch.path()),
                                       clock),
        api::SessionTimes{1'000, 1'000}, api::ConnectionBounds{16, 16}, "fuzz");
  }
};

void send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(to, SHUT_WR);
}

std::string receive_all(int from) {
  std::string all;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = ::recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Site site;
  if (size == 0) return 0;
  api::Peer peer;
  peer.local = data[0] % 2 == 0;
  peer.principal = peer.local ? "local:root" : "";
  peer.origin = "fuzz";
  site.operations.asked.clear();
  // Wrong tokens of the input before are forgotten: what one input comes to hangs on it alone.
  site.clock.advance(24 * 3'600'000);
  int ends[2];
  ENSURE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  {
    Socket socket(site.loop, boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    api::make_http_session(std::move(socket), peer, site.room)->start();
  }
  send_all(ends[1], {reinterpret_cast<const char*>(data) + 1, size - 1});
  site.loop.restart();
  site.loop.run();
  ENSURE(site.room->sessions.empty());
  const std::string answer = receive_all(ends[1]);
  ENSURE(answer.empty() || answer.starts_with("HTTP/1.1 "));
  ENSURE(peer.local || site.operations.asked.empty());
  ::close(ends[1]);
  return 0;
}
