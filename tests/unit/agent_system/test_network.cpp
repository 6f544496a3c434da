#include "tests/unit/agent_system/test_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <future>
#include <mutex>
#include <stdexcept>

#include "agent/system/child_process.hpp"
#include "tests/support/real_time.hpp"

namespace switchyard::testing {
namespace {

constexpr int wait_ms = 5'000;

void loopback_up() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) throw std::runtime_error("lo cannot be brought up");
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address make_address(const std::string& text, std::uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (text.find(':') == std::string::npos) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    ::inet_pton(AF_INET, text.c_str(), &v4->sin_addr);
    address.size = sizeof *v4;
  } else {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    ::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr);
    address.size = sizeof *v6;
  }
  return address;
}

bool readable(int descriptor) {
  pollfd polled{descriptor, POLLIN, 0};
  return ::poll(&polled, 1, wait_ms) == 1;
}

std::string read_line(int descriptor) {
  std::string line;
  char c = 0;
  while (readable(descriptor) && ::recv(descriptor, &c, 1, 0) == 1) {
    if (c == '\n') return line;
    line += c;
  }
  return "";
}

}  // namespace

bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  loopback_up();
  return true;
}

void run_tool(const std::vector<std::string>& argv, const std::string& input) {
  const auto outcome =
      agent::run_process({.argv = argv, .input = input, .timeout_ms = wait_ms, .output_bytes_max = 65536});
  if (outcome.exit_status != 0) throw std::runtime_error(argv[0] + ": " + outcome.errors);
}

SlotServer::SlotServer(std::string name, std::uint16_t port, Options options)
    : name_(std::move(name)), options_(std::move(options)) {
  const Address address = make_address(options_.address, port);
  listener_ = FileDescriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int only = options_.ipv6_only ? 1 : 0;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6)
    ::setsockopt(listener_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  if (::bind(listener_.get(), address.get(), address.size) != 0 || ::listen(listener_.get(), 512) != 0) {
    throw std::runtime_error("a slot cannot listen: " + std::string(std::strerror(errno)));
  }
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { serve(); });
}

SlotServer::~SlotServer() { ::shutdown(listener_.get(), SHUT_RDWR); }

void SlotServer::serve() {
  for (;;) {
    const FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    const std::string answer = name_ + "\n";
    std::string line = read_line(connection.get());
    while (!line.empty()) {
      if (options_.work_ms > 0) {
        let_real_time_pass(std::chrono::milliseconds(options_.work_ms),
                           "it is a service at work: its connections are to be open while the switch is made");
      }
      ::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      line = line == "stay" ? read_line(connection.get()) : "";
    }
  }
}

Client::Client(const std::string& address, std::uint16_t port) {
  const Address to = make_address(address, port);
  socket_ = FileDescriptor(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{wait_ms / 1000, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  connected_ = ::connect(socket_.get(), to.get(), to.size) == 0;
}

std::string Client::ask(const std::string& line) {
  const std::string text = line + "\n";
  if (!connected_) return "";
  if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) return "";
  return read_line(socket_.get());
}

std::string ask_once(const std::string& address, std::uint16_t port) { return Client(address, port).ask("once"); }

struct PeerHost::Parts {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::packaged_task<void()>> jobs;
  bool ending = false;

  void work() {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return ending || !jobs.empty(); });
      if (ending) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
    }
  }
};

PeerHost::PeerHost() : parts_(std::make_unique<Parts>()) {
  thread_ = std::jthread([parts = parts_.get()] { parts->work(); });
  pid_t id = 0;
  run([&id] {
    if (!enter_own_network()) throw std::runtime_error("no second network namespace");
    id = ::gettid();
  });
  const std::string ip = "/usr/sbin/ip";
  run_tool({ip, "link", "add", "out", "type", "veth", "peer", "name", "in", "netns", std::to_string(id)});
  run_tool({ip, "addr", "add", "10.9.0.1/24", "dev", "out"});
  run_tool({ip, "addr", "add", "fd00:9::1/64", "dev", "out", "nodad"});
  run_tool({ip, "link", "set", "out", "up"});
  run([&ip] {
    run_tool({ip, "addr", "add", "10.9.0.2/24", "dev", "in"});
    run_tool({ip, "addr", "add", "fd00:9::2/64", "dev", "in", "nodad"});
    run_tool({ip, "link", "set", "in", "up"});
  });
}

PeerHost::~PeerHost() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->ending = true;
  }
  parts_->wake.notify_all();
  thread_.join();
  // The namespace goes with its thread, but a little later; its end of the pair must not be in the next test's way.
  try {
    run_tool({"/usr/sbin/ip", "link", "del", "out"});
  } catch (const std::exception&) {
    // It is gone already.
  }
}

void PeerHost::run(std::function<void()> job) {
  std::packaged_task<void()> task(std::move(job));
  std::future<void> end = task.get_future();
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->jobs.push_back(std::move(task));
  }
  parts_->wake.notify_all();
  end.get();
}

RunningProgram::RunningProgram(const std::vector<std::string>& path_and_argv) {
  std::vector<char*> arguments;
  for (const std::string& argument : path_and_argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {0, 1, 2})
    ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);

  const int error = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data() + 1, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + path_and_argv[0]);
}

void RunningProgram::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace switchyard::testing
