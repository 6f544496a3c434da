// A thousand wrong tokens a second from one address, at the program that is shipped: who has a right one must not
// notice, and neither the memory nor the audit may fill.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int asked = 300;
constexpr int wrong_per_burst = 20;
constexpr auto burst_every = std::chrono::milliseconds(20);
/// What a busy machine adds to the slowest of a hundred.
constexpr double noise_ms = 50;

HttpAnswer ask_with(const Attacked& attacked, const std::string& path, const std::string& token) {
  return converse(connect_tcp(attacked.http_port()), "GET", path, "Authorization: Bearer " + token + "\r\n", "");
}

/// The time within which 99 of 100 requests with a right token were answered.
double p99_ms(const Attacked& attacked) {
  const std::string token = attacked.admin_token();
  std::vector<double> took_ms;
  for (int i = 0; i < asked; ++i) {
    const auto begin = Steady::now();
    EXPECT_EQ(ask_with(attacked, "/v1/version", token).status, 200);
    took_ms.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
  }
  std::sort(took_ms.begin(), took_ms.end());
  return took_ms[took_ms.size() * 99 / 100];
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(WrongTokens, AThousandASecondKeepNobodyWaitingWhoHasARightOne) {
  const Attacked attacked;
  const double quiet_ms = p99_ms(attacked);
  const std::uint64_t memory_before = attacked.memory_kib();
  std::atomic<int> refused = 0;
  std::atomic<int> held_off = 0;
  double flooded_ms = 0;
  const auto begin = Steady::now();
  {
    const std::jthread flooding([&](const std::stop_token& stop) {
      for (auto next = Steady::now(); !stop.stop_requested(); next += burst_every) {
        for (int i = 0; i < wrong_per_burst; ++i) {
          const int status = ask_with(attacked, "/v1/version", std::to_string(refused)).status;
          refused += status == 401 || status == 429 ? 1 : 0;
          held_off += status == 429 ? 1 : 0;
        }
        std::this_thread::sleep_until(next);
      }
    });
    while (refused < 1'000 && Steady::now() - begin < std::chrono::seconds(30)) p99_ms(attacked);
    flooded_ms = p99_ms(attacked);
  }
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  const double growth_mib = (static_cast<double>(attacked.memory_kib()) - static_cast<double>(memory_before)) / 1024;
  std::printf("wrong tokens: %d in %.1f s; right ones p99 %.2f ms, %.2f ms before; memory %+.1f MiB\n", refused.load(),
              seconds, flooded_ms, quiet_ms, growth_mib);
  EXPECT_GE(refused, 1'000) << "that was no flood";
  EXPECT_GE(held_off, refused * 9 / 10) << "who tries tokens out is told to wait";
  EXPECT_LE(flooded_ms, 2 * quiet_ms + noise_ms);
  EXPECT_LE(growth_mib, 16);
  const std::string audit = attacked.ask("GET", "/v1/audit?limit=500").body;
  EXPECT_LE(count_of(audit, "api.refuse"), 5u) << "one row per address, and then a pause that doubles";
}

}  // namespace
}  // namespace switchyard::attack
