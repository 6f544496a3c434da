#include "tests/attack/injection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "common/hex.hpp"

namespace switchyard::attack {
namespace {

bool has_controls(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

std::string all_answers(const Attacked& attacked) {
  std::string told = attacked.whole_audit();
  for (const char* path : {"/v1/hosts", "/v1/agents", "/v1/deployments", "/v1/rollbacks", "/v1/rollback-targets",
                           "/v1/serving", "/v1/approvals", "/v1/artifacts", "/v1/tokens", "/v1/secrets",
                           "/v1/health-checks", "/v1/keys", "/v1/recovery", "/v1/health"}) {
    const HttpAnswer answer = attacked.ask("GET", path);
    EXPECT_EQ(answer.status, 200) << path;
    told += answer.body;
  }
  return told;
}

}  // namespace

const std::vector<std::string>& attacks() {
  static const std::vector<std::string> texts = {
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
      std::string("canary\0.yaml", 12),
      "\xff\xfe\xc0\xaf..",
  };
  return texts;
}

std::string printable(const std::string& text) {
  constexpr std::size_t shown_max = 24;
  const std::string begin = text.substr(0, shown_max);
  const bool plain = std::all_of(begin.begin(), begin.end(), [](char c) { return c >= ' ' && c < 127; });
  return plain ? "`" + begin + "`" : "the bytes " + to_hex(begin);
}

std::size_t expect_nothing_came_of_it(Attacked& attacked) {
  const std::string told = all_answers(attacked);
  EXPECT_FALSE(has_controls(told)) << "raw control characters";
  EXPECT_EQ(told.find("\",\"forged\":\"yes"), std::string::npos);
  attacked.stop();
  std::size_t count = 0;
  std::ifstream log(attacked.log(), std::ios::binary);
  for (std::string line; std::getline(log, line); ++count) {
    EXPECT_TRUE(line.starts_with("20")) << line;  // the time, as every line of ours begins
    EXPECT_FALSE(has_controls(line)) << line;
  }
  // After its log was read, to which this adds a line of another kind.
  EXPECT_EQ(attacked.run_beside({"--check"}), 0) << "the store, or the audit in it";
  EXPECT_FALSE(std::filesystem::exists("/canary"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(attacked.root())) {
    EXPECT_EQ(entry.path().filename().string().find("canary"), std::string::npos) << entry.path();
  }
  return count;
}

}  // namespace switchyard::attack
