#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/probes/probe.hpp"
#include "common/file_descriptor.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/real_time.hpp"

namespace switchyard::agent::testing {

constexpr uid_t nobody = 65534;

using switchyard::testing::free_port;

/// A program of the machine as a child of the test, as nobody; ended with it.
class RealServer {
 public:
  explicit RealServer(const std::vector<std::string>& argv) : pid_(start(argv)) {}
  ~RealServer() {
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  /// False when nobody takes connections there within a minute: the machine may be busy.
  static bool listens(std::uint16_t port) {
    return switchyard::testing::within_ms(60'000,
                                          [port] { return try_tcp({.host = "127.0.0.1", .port = port}, 1000, {}).ok; });
  }
  /// Runs it to its end; its exit status.
  static int run(const std::vector<std::string>& argv) {
    int status = -1;
    ::waitpid(start(argv), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  static pid_t start(const std::vector<std::string>& argv) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    // What was started in the background may ignore it, and hands that down.
    ::signal(SIGQUIT, SIG_DFL);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int number : {0, 1, 2}) ::dup2(null, number);
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(255);
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(255);
  }
  pid_t pid_;
};

}  // namespace switchyard::agent::testing
