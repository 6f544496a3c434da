// What a host says of itself, with text that is an attack, at the program that is shipped: no line of its log is
// forged, and no answer of its API carries what a terminal would obey.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

const std::vector<std::string> payloads = {
    "x\nFORGED line",
    "x\r\n<0>FORGED line",
    "\x1b]0;owned\x07\x1b[2J",
    "\",\"forged\":\"yes",
    "</script><script>",
    "$(touch /canary)",
    "'; DROP TABLE host; --",
    "../../../../canary",
    "\xe2\x80\xae"
    "gpj.exe",
    "{{7*7}}%s%n%n",
    std::string(4'000, 'A'),
    "\xef\xbb\xbf\xc2\x9b"
    "31m",
};

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file, std::ios::binary);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Injection, OfWhatHostsSayForgesNoLineAndNoAnswer) {
  const Attacked attacked;
  int number = 0;
  for (const std::string& said : payloads) {
    const std::string host = "host-" + std::to_string(++number);
    const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
    {
      RawPeer newcomer = attacked.dial(attacked.token_keys(host));
      ASSERT_EQ(newcomer.outcome(), Outcome::let_in);
      newcomer.say(protocol::Enrol{host, keys.public_key, said.substr(0, 200)});
      newcomer.hear();
      try {
        newcomer.say(protocol::Enrol{said, keys.public_key, "0"});  // a name
      } catch (const Error&) {
      }
    }
    const std::vector<protocol::Message> messages = {
        protocol::Failed{DeploymentId(said), StepId(said), said, said, said},
        protocol::Failed{DeploymentId("d-0123456789abcdef"), {}, said, said, said},
        protocol::Health{DeploymentId("d-0123456789abcdef"), said, false, said},
        protocol::Reverted{DeploymentId("d-0123456789abcdef"), said, true, said},
        protocol::Refuse{said, said},
    };
    for (const protocol::Message& message : messages) {
      RawPeer agent = attacked.dial(keys);
      if (agent.outcome() != Outcome::let_in) break;
      protocol::Hello hello = honest_hello();
      hello.agent_version = hello.boot_id = said.substr(0, 200);
      hello.features = {said.substr(0, 60)};
      try {
        agent.say(hello);
        if (agent.hear(quiet_ms)) agent.say(message);
      } catch (const Error&) {
        // Our own encoder refuses to say it: theirs might not, and the decoder's fuzzer does not ask ours.
      }
    }
    RawPeer last = attacked.dial(keys);
    if (last.outcome() != Outcome::let_in) continue;
    protocol::Hello hello = honest_hello();
    hello.audit_head = said.substr(0, 200);
    last.say(hello);
    last.hear(quiet_ms);
  }
  std::string told;
  for (const char* path : {"/v1/hosts", "/v1/audit?limit=1000", "/v1/deployments", "/v1/recovery", "/v1/health"}) {
    const HttpAnswer answer = attacked.ask("GET", path);
    EXPECT_EQ(answer.status, 200) << path;
    told += answer.body;
  }
  EXPECT_EQ(std::count_if(told.begin(), told.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }), 0)
      << "raw control characters";
  EXPECT_EQ(told.find("\",\"forged\":\"yes"), std::string::npos);
  std::size_t lines = 0;
  for (const std::string& line :
       lines_of(attacked.store().parent_path().parent_path().parent_path().parent_path() / "log")) {
    ++lines;
    EXPECT_TRUE(line.starts_with("20")) << line;  // the time, as every line of ours begins
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; }))
        << line;
  }
  EXPECT_GT(lines, payloads.size());
  std::printf("injection: %zu texts in every field that a host has, %zu lines of the log, none forged\n",
              payloads.size(), lines);
}

}  // namespace
}  // namespace switchyard::attack
