// What somebody on the way sees of an enrolment: nothing of the token, whether he only listens or answers in the
// coordinator's place.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/link/agent_identity.hpp"
#include "agent/link/enroll.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/file_system.hpp"
#include "common/hex.hpp"
#include "tests/unit/agent_link/coordinator_double.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent {
namespace {

using testing::CoordinatorDouble;

/// Carries bytes to another port of this machine, or nowhere, and keeps what the client sent. One thread.
class Eavesdropper {
 public:
  /// 0: takes everything and answers nothing.
  explicit Eavesdropper(std::uint16_t to) : to_(to), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { carry(stop); });
  }
  std::uint16_t port() const { return port_; }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  struct Pair {
    FileDescriptor client;
    FileDescriptor server;
  };

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  /// False: it is over.
  bool pass_on(int from, int to, bool keep) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    const auto size = static_cast<std::size_t>(got);
    if (keep) {
      const std::lock_guard lock(mutex_);
      heard_.append(buffer.data(), size);
    }
    return to < 0 || ::send(to, buffer.data(), size, MSG_NOSIGNAL) == got;
  }
  void accept_one() {
    Pair pair{FileDescriptor(::accept(listener_.get(), nullptr, nullptr)), {}};
    if (to_ != 0) {
      const sockaddr_in address = loopback(to_);
      pair.server = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    }
    pairs_.push_back(std::move(pair));
  }
  void carry(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> items{{listener_.get(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        items.push_back({pair.client.get(), POLLIN, 0});
        items.push_back({pair.server.get(), POLLIN, 0});
      }
      if (::poll(items.data(), items.size(), 20) <= 0) continue;
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        Pair& pair = pairs_[i];
        if (items[1 + 2 * i].revents != 0 && !pass_on(pair.client.get(), pair.server.get(), true)) pair.client = {};
        if (items[2 + 2 * i].revents != 0 && !pass_on(pair.server.get(), pair.client.get(), false)) pair.client = {};
      }
      std::erase_if(pairs_, [](const Pair& pair) { return !pair.client; });
      if (items[0].revents != 0) accept_one();
    }
  }

  std::uint16_t to_;
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::vector<Pair> pairs_;
  std::mutex mutex_;  ///< guards heard_
  std::string heard_;
  std::jthread thread_;
};

class OnTheWire : public ::testing::Test {
 protected:
  OnTheWire() { config.paths.state = root.path() / "state"; }

  std::string through(const Eavesdropper& ear, const std::string& server_key) const {
    return protocol::encode_enrolment({{{"127.0.0.1", ear.port(), ear.port()}}, server_key, token});
  }
  /// Of the token, of the secret that is derived from it and of that one's key: as they are and in hexadecimal digits.
  /// Looked for are pieces of eight bytes, one beginning at every fourth, so that eleven in a row are always found. A
  /// shorter piece could be among so many random bytes by chance.
  void expect_nothing_of_the_token(const std::string& heard) const {
    const protocol::CurveKeyPair derived = protocol::curve_keys_from_secret(protocol::enrolment_secret(token));
    for (const std::string& secret : {token, protocol::enrolment_secret(token), derived.secret}) {
      for (const std::string& form : {secret, to_hex(secret)}) {
        for (std::size_t at = 0; at + 8 <= form.size(); at += 4) {
          EXPECT_EQ(heard.find(form.substr(at, 8)), std::string::npos);
        }
      }
    }
  }

  testing::ScratchRoot root;
  AgentConfig config;
  const std::string token = sha256("a token that nobody guesses");
};

CoordinatorDouble::Answer yes_to_all() {
  return [](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
    return {protocol::Enrolled{HostId(std::get<protocol::Enrol>(heard.message).name), std::string(32, 'p')}};
  };
}

TEST_F(OnTheWire, AnImpostorGetsNothingOfTheTokenAndLetsNobodyIn) {
  CoordinatorDouble coordinator(yes_to_all());
  CoordinatorDouble impostor(yes_to_all());
  // He knows even the key that the token's is, and would say yes to everybody.
  const auto derived = protocol::curve_keys_from_secret(protocol::enrolment_secret(token));
  impostor.allow(protocol::enrolment_peer("0011223344556677"), derived.public_key);
  Eavesdropper ear(impostor.endpoint().control_port);
  EXPECT_THROW(enroll(config, through(ear, coordinator.public_key()), "web-1", 1'500), TransportError);
  const std::string heard = ear.heard();
  EXPECT_GT(heard.size(), 64u) << "it did dial";
  expect_nothing_of_the_token(heard);
  EXPECT_TRUE(impostor.heard().empty());
  PosixFileSystem files;
  EXPECT_FALSE(load_identity(files, config.paths.state));
}

TEST_F(OnTheWire, WhoOnlyTakesBytesGetsNothingOfTheToken) {
  CoordinatorDouble coordinator(yes_to_all());
  Eavesdropper ear(0);
  EXPECT_THROW(enroll(config, through(ear, coordinator.public_key()), "web-1", 800), TransportError);
  expect_nothing_of_the_token(ear.heard());
}

TEST_F(OnTheWire, WhoListensToARealEnrolmentHearsNeitherTokenNorKeyNorName) {
  CoordinatorDouble coordinator(yes_to_all());
  const auto derived = protocol::curve_keys_from_secret(protocol::enrolment_secret(token));
  coordinator.allow(protocol::enrolment_peer("0011223344556677"), derived.public_key);
  Eavesdropper ear(coordinator.endpoint().control_port);
  ASSERT_EQ(enroll(config, through(ear, coordinator.public_key()), "web-with-a-name"), HostId("web-with-a-name"));
  const std::string heard = ear.heard();
  expect_nothing_of_the_token(heard);
  const auto said = coordinator.wait_for<protocol::Enrol>();
  ASSERT_TRUE(said);
  EXPECT_EQ(heard.find(said->public_key), std::string::npos);
  EXPECT_EQ(heard.find("web-with-a-name"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::agent
