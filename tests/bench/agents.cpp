// Many agents on one coordinator, the real program: see scale.py and tests/light.
//
//   bench_agents DIRECTORY members [PROGRAM]
//                                      reads enrolment strings, one a line, up to an empty line; enrols an agent with
//                                      each, h1, h2 ..., and then is all of them until its standard input ends. PROGRAM
//                                      is switchyard-agent, for their dead-men; without it they have none
//   bench_agents DIRECTORY strangers N reads one string, for the coordinator's address and key; then N agents that
//                                      nobody has enrolled knock, again and again
//
// What it says on standard output, each with the moment in ms of the monotonic clock:
//   enrolled MS          all of them
//   welcomed MS          all of them are connected and welcomed, for the first time or again
//   refused MS COUNT     so many dials were turned away; about five times a second

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "agent/link/agent_config.hpp"
#include "agent/link/enroll.hpp"
#include "common/crypto.hpp"
#include "common/file_system.hpp"
#include "common/log.hpp"
#include "protocol/enrolment.hpp"
#include "tests/bench/local_fleet.hpp"

namespace switchyard::bench {
namespace {

constexpr unsigned enrolling_threads = 4;
constexpr std::size_t own_loops_max = 16;
constexpr std::int64_t told_every_ms = 200;
/// A round of so many dials passes before a refused agent rests for ten seconds: so a stranger with as many addresses
/// of one coordinator knocks far more often than one that is meant well.
constexpr std::size_t stranger_endpoints = 100;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void say(const char* what, const std::string& more = {}) {
  std::printf("%s %lld%s\n", what, static_cast<long long>(now_ms()), more.c_str());
  std::fflush(stdout);
}

std::vector<std::string> read_lines() {
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line) && !line.empty();) lines.push_back(line);
  return lines;
}

void wait_for_end_of_input() {
  for (std::string line; std::getline(std::cin, line);) {
  }
}

std::string name_of(std::size_t number) { return "h" + std::to_string(number); }

LocalAgentSettings enrolled(const std::filesystem::path& root, const std::string& enrolment, const std::string& name) {
  agent::AgentConfig config;
  config.paths = paths_below(root);
  agent::enroll(config, enrolment, name);
  const PosixFileSystem files;
  return {*agent::load_identity(files, config.paths.state), protocol::load_curve_keys(config.paths.state / "agent.key"),
          root};
}

int be_members(const std::filesystem::path& directory, const std::filesystem::path& dead_man) {
  const std::vector<std::string> strings = read_lines();
  std::vector<LocalAgentSettings> members(strings.size());
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < enrolling_threads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < strings.size(); at = next++) {
          members[at] = enrolled(directory / name_of(at + 1), strings[at], name_of(at + 1));
        }
      });
    }
  }
  say("enrolled");
  const auto changed = [&](const LocalFleet::Counts& counts) {
    if (counts.welcomed == members.size()) say("welcomed");
  };
  const LocalFleet fleet(members, changed, {.own_loops = members.size() <= own_loops_max, .dead_man = dead_man});
  wait_for_end_of_input();
  return EXIT_SUCCESS;
}

int be_strangers(const std::filesystem::path& directory, std::size_t count) {
  const protocol::Enrolment enrolment = protocol::decode_enrolment(read_lines().at(0));
  const std::vector<protocol::Endpoint> endpoints(stranger_endpoints, enrolment.endpoints.at(0));
  std::vector<LocalAgentSettings> strangers;
  for (std::size_t i = 1; i <= count; ++i) {
    strangers.push_back(
        {{HostId(name_of(i)), endpoints, enrolment.server_public_key, generate_signing_key().public_key},
         protocol::generate_curve_keys(),
         directory / name_of(i)});
  }
  std::int64_t told_ms = 0;
  const auto changed = [&](const LocalFleet::Counts& counts) {
    if (now_ms() < told_ms + told_every_ms) return;
    told_ms = now_ms();
    say("refused", " " + std::to_string(counts.refused));
  };
  const LocalFleet fleet(strangers, changed, {});
  wait_for_end_of_input();
  return EXIT_SUCCESS;
}

int run(int count, char** words) {
  const std::string what = count > 2 ? words[2] : "";
  const int strangers = count == 4 ? std::atoi(words[3]) : 0;
  if (what == "members" && count <= 4) return be_members(words[1], count == 4 ? words[3] : "");
  if (what == "strangers" && strangers > 0) return be_strangers(words[1], static_cast<std::size_t>(strangers));
  std::fputs("usage: bench_agents DIRECTORY members [PROGRAM] | bench_agents DIRECTORY strangers N\n", stderr);
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace switchyard::bench

int main(int count, char** words) {
  switchyard::log::set_up("bench_agents", switchyard::log::Level::off);
  switchyard::bench::raise_file_limit();
  try {
    return switchyard::bench::run(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_agents: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
