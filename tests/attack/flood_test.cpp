// A flood from people without a key, at the program that is shipped: 1,000 connections that say nothing and 100 that
// announce a frame of half a gigabyte and send what is taken. While it goes on a new agent must be served.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int silent_peers = 1'000;
constexpr int giant_peers = 100;
constexpr std::int64_t flood_ms = 10'000;
constexpr std::uint64_t descriptors = 16'384;  // as the unit of the coordinator has it

std::int64_t ms_since(Steady::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin).count();
}

/// ZMTP 3.0 greeting with the CURVE mechanism, then the head of a frame of 512 MiB.
std::string giant_opening() {
  std::string bytes("\xff\0\0\0\0\0\0\0\0\x7f\3\0CURVE", 17);
  bytes.resize(64, '\0');
  return bytes + std::string("\x06\0\0\0\0\x20\0\0\0", 9);
}

/// One connection of the flood; it is made again whenever the coordinator ends it.
struct Nuisance {
  int connection = -1;
  bool giant = false;
  std::uint64_t taken = 0;

  void push(std::uint16_t port, const std::string& opening, const std::string& filling) {
    if (connection >= 0 && is_over()) {
      ::close(connection);
      connection = -1;
    }
    if (connection < 0) {
      connection = connect_tcp(port);
      if (connection < 0) return;
      ::fcntl(connection, F_SETFL, O_NONBLOCK);
      if (giant) ::send(connection, opening.data(), opening.size(), MSG_NOSIGNAL);
    }
    if (!giant) return;
    const ssize_t sent = ::send(connection, filling.data(), filling.size(), MSG_NOSIGNAL);
    if (sent > 0) taken += static_cast<std::uint64_t>(sent);
  }
  bool is_over() const {
    char buffer[256];
    for (;;) {
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got == 0) return true;
      if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    }
  }
};

TEST(Flood, OfSilentAndGiantPeersKeepsNoNewAgentWaiting) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, descriptors);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  const Attacked attacked;
  const protocol::CurveKeyPair keys = attacked.enrol("newcomer");
  const std::uint64_t memory_before = attacked.memory_kib();
  const std::int64_t cpu_before = attacked.cpu_ms();
  const Steady::time_point begin = Steady::now();

  std::vector<Nuisance> flood(silent_peers + giant_peers);
  for (int i = 0; i < giant_peers; ++i) flood[static_cast<std::size_t>(i)].giant = true;
  std::uint64_t memory_most = memory_before;
  std::ptrdiff_t standing_most = 0;
  std::jthread flooding([&](const std::stop_token& stop) {
    const std::string opening = giant_opening();
    const std::string filling(16 * 1024, 'x');
    while (!stop.stop_requested()) {
      for (Nuisance& nuisance : flood) nuisance.push(attacked.endpoint().control_port, opening, filling);
      memory_most = std::max(memory_most, attacked.memory_kib());
      standing_most = std::max(standing_most, std::count_if(flood.begin(), flood.end(),
                                                            [](const auto& one) { return one.connection >= 0; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });

  std::int64_t served_worst = 0;
  int served = 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));  // the flood stands
  while (ms_since(begin) < flood_ms) {
    const Steady::time_point dialled = Steady::now();
    bool welcome = false;
    while (!welcome && ms_since(dialled) < flood_ms) {
      RawPeer agent = attacked.dial(keys);
      welcome = agent.outcome() == Outcome::let_in && agent.greet();
    }
    served_worst = std::max(served_worst, ms_since(dialled));
    served += welcome ? 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  flooding.request_stop();
  flooding.join();
  const std::int64_t elapsed = ms_since(begin);
  const double cpu_share = 100.0 * static_cast<double>(attacked.cpu_ms() - cpu_before) / static_cast<double>(elapsed);
  const double growth_mib = static_cast<double>(memory_most - memory_before) / 1024;
  std::uint64_t taken = 0;
  for (const Nuisance& nuisance : flood) {
    taken += nuisance.taken;
    if (nuisance.connection >= 0) ::close(nuisance.connection);
  }
  std::printf(
      "flood: %d silent and %d giant peers for %.1f s: new agents served %d times, in %.2f s at worst; "
      "memory +%.1f MiB, %.1f %% of a core\n",
      silent_peers, giant_peers, static_cast<double>(elapsed) / 1000, served, static_cast<double>(served_worst) / 1000,
      growth_mib, cpu_share);
  EXPECT_GE(standing_most, silent_peers) << "that was no flood";
  EXPECT_GT(taken, static_cast<std::uint64_t>(giant_peers) * 16 * 1024) << "nobody took of the giant frames";
  EXPECT_GE(served, 1);
  EXPECT_LE(served_worst, 5'000);
  EXPECT_LE(growth_mib, 32);
  EXPECT_LE(cpu_share, 20);
  EXPECT_EQ(attacked.ask("GET", "/v1/health").status, 200);
}

}  // namespace
}  // namespace switchyard::attack
