// The secrets of the bus at the program that is shipped: keys and tokens stand in their own files and nowhere else.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/hex.hpp"
#include "coordinator/api/router.hpp"
#include "protocol/enrolment.hpp"
#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// The program, by the directory that it was given.
pid_t pid_of(const Attacked& attacked) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string words = bytes_of(entry.path() / "cmdline");
    if (words.starts_with(SWITCHYARD_COORDINATOR) && words.find(attacked.root().string()) != std::string::npos) {
      return std::stoi(name);
    }
  }
  return -1;
}

/// Base64 of what contains `raw` after so many other bytes: the characters that depend on `raw` alone.
std::string base64_within(const std::string& raw, unsigned before) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string all = std::string(before, '\0') + raw;
  std::string text;
  for (std::size_t bit = 0; bit + 6 <= all.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      value = value << 1 | (static_cast<unsigned char>(all[i / 8]) >> (7 - i % 8) & 1u);
    }
    text += digits[value];
  }
  return text.substr(before == 0 ? 0 : before + 1);
}

std::vector<std::string> forms_of(const std::string& raw) {
  std::string upper = to_hex(raw);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' ? c - 32 : c; });
  std::vector<std::string> forms = {raw, to_hex(raw), upper};
  for (unsigned before = 0; before < 3; ++before) {
    std::string text = base64_within(raw, before);
    forms.push_back(text);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    forms.push_back(text);
  }
  std::array<char, 128> z85{};
  if (raw.size() % 4 == 0 && raw.size() < 100 &&
      zmq_z85_encode(z85.data(), reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()) != nullptr) {
    forms.emplace_back(z85.data());
  }
  return forms;
}

std::string z85_decoded(const std::string& text) {
  std::array<std::uint8_t, 64> raw{};
  if (zmq_z85_decode(raw.data(), text.c_str()) == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(raw.data()), text.size() * 4 / 5);
}

struct Secret {
  std::string name;
  std::string raw;
  std::string home;  ///< the file that may hold it
};

class Secrets : public ::testing::Test {
 protected:
  void find_in(const std::string& text, const std::string& where) {
    ++searched;
    for (const Secret& secret : secrets) {
      ASSERT_GE(secret.raw.size(), 32u) << secret.name;
      if (where.ends_with(secret.home) && !secret.home.empty()) continue;
      for (const std::string& form : forms_of(secret.raw)) {
        EXPECT_EQ(text.find(form), std::string::npos) << secret.name << " is in " << where;
      }
    }
  }
  void know_the_keys(const fs::path& state) {
    const std::string server = bytes_of(state / "server.key");
    const std::string last = server.substr(server.size() - 41, 40);
    secrets.push_back({"the server's key", z85_decoded(last), "server.key"});
    secrets.push_back({"the plan's key", from_hex(bytes_of(state / "plan.key").substr(0, 64)).value(), "plan.key"});
    secrets.push_back({"the administrator's token", attacked.admin_token(), "admin.token"});
  }

  Attacked attacked;
  std::vector<Secret> secrets;
  std::size_t searched = 0;
};

TEST_F(Secrets, StandInTheirFilesAndNowhereElse) {
  know_the_keys(attacked.root() / "var/lib/switchyard");
  std::string told;
  const std::string password = "cAnAry-7f3a-of-the-vault/0123456789+\"";
  secrets.push_back({"a secret of an environment", password, ""});
  told +=
      attacked
          .ask("POST", "/v1/secrets",
               R"({"environment":"production","name":"DB_PASSWORD","value":"cAnAry-7f3a-of-the-vault/0123456789+\""})")
          .body;
  ASSERT_NE(told.find("DB_PASSWORD"), std::string::npos) << told;
  // Tokens that are used, misused and left; every route with and without rights; frames that are none.
  for (int i = 0; i < 3; ++i) {
    const std::string made = attacked.ask("POST", "/v1/agents/tokens", "{\"host_pattern\":\"web-*\"}").body;
    const std::size_t at = made.find("sy1.");
    const protocol::Enrolment enrolment = protocol::decode_enrolment(made.substr(at, made.find('"', at) - at));
    secrets.push_back({"a token", enrolment.token, ""});
    secrets.push_back({"a token's key", protocol::enrolment_secret(enrolment.token), ""});
    RawPeer newcomer = attacked.dial(protocol::curve_keys_from_secret(protocol::enrolment_secret(enrolment.token)));
    const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
    secrets.push_back({"a host's key", z85_decoded(keys.secret), ""});
    ASSERT_EQ(newcomer.outcome(), Outcome::let_in);
    newcomer.say(protocol::Enrol{i == 2 ? "db-1" : "web-" + std::to_string(i), keys.public_key, "0"});
    ASSERT_TRUE(newcomer.hear().has_value());
    RawPeer agent = attacked.dial(keys);
    if (agent.outcome() == Outcome::let_in && agent.greet()) agent.say(protocol::Welcome{});
  }
  for (const api::Route& route : api::routes()) {
    const std::string method(api::method_name(route.method));
    // What it has just made is a secret, and is said to whom it is made for.
    if (route.path == "/v1/agents/tokens") continue;
    for (const std::string& headers : {std::string(), "Authorization: Bearer " + attacked.admin_token() + "\r\n",
                                       "Authorization: Bearer " + attacked.admin_token().substr(1) + "x\r\n"}) {
      told += converse(connect_tcp(attacked.http_port()), method, std::string(route.path), headers,
                       route.body == api::BodyKind::none ? "" : "{\"a\":")
                  .body;
    }
  }
  find_in(told, "answers of the API");
  const fs::path process = "/proc/" + std::to_string(pid_of(attacked));
  find_in(bytes_of(process / "cmdline"), "the arguments");
  find_in(bytes_of(process / "environ"), "the environment");
  attacked.stop();
  for (const auto& entry : fs::recursive_directory_iterator(attacked.root())) {
    if (entry.is_regular_file()) find_in(bytes_of(entry.path()), entry.path().string());
  }
  std::printf("secrets of the bus: %zu, in %zu forms each, searched in %zu files and outputs: 0 found\n",
              secrets.size(), forms_of(secrets.front().raw).size(), searched);
  EXPECT_GT(searched, 6u);
}

/// True when this machine would write an image of a process that ends so.
bool dumps_core(const fs::path& place) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(place.c_str()) == 0) ::raise(SIGABRT);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WCOREDUMP(status);
}

TEST(CoreDumps, OfTheCoordinatorAreNeverWritten) {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_CORE, &all), 0);
  const fs::path place = fs::temp_directory_path() / ("switchyard-cores-" + std::to_string(::getpid()));
  fs::create_directories(place);
  const bool would = dumps_core(place);
  fs::remove_all(place);
  if (!would) GTEST_SKIP() << "this machine writes no core dumps at all";
  const Attacked attacked;
  const pid_t pid = pid_of(attacked);
  ASSERT_GT(pid, 0);
  const std::string limits = bytes_of("/proc/" + std::to_string(pid) + "/limits");
  EXPECT_NE(limits.find("Max core file size        0                    0"), std::string::npos) << limits;
  ::kill(pid, SIGABRT);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(ended.si_code, CLD_KILLED) << "not CLD_DUMPED";
}

}  // namespace
}  // namespace switchyard::attack
