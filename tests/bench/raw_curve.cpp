// The floor of a fan-out: one ROUTER, N DEALERs, CURVE on loopback, libzmq and nothing else; and what N processes cost.
//
//   bench_raw_curve N
//
// It prints "ready MS" when all are connected, and how long that took, and then answers every line on its standard
// input with one line:
//
//   ping ROUNDS      64 bytes to all and back: milliseconds (median of the rounds), processor milliseconds of a round
//   spawn            N times /bin/true, a thread for each core: milliseconds, processor milliseconds
//
// All DEALERs are served by one thread, which is less than N agents can do with.

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int sockets_max = 4'096;
constexpr int backlog = 4'096;
constexpr int warm_rounds = 2;
constexpr std::size_t body_bytes = 64;
constexpr long look_again_ms = 20;
using Key = std::array<char, 41>;

void check(int result, const char* what) {
  if (result >= 0) return;
  std::fprintf(stderr, "bench_raw_curve: %s: %s\n", what, zmq_strerror(zmq_errno()));
  std::exit(EXIT_FAILURE);
}

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_ms() {
  double sum = 0;
  for (const int whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(whose, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(part.tv_sec) * 1e3 + static_cast<double>(part.tv_usec) / 1e3;
    }
  }
  return sum;
}

class Context {
 public:
  Context() : handle_(zmq_ctx_new()) { check(zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, sockets_max), "setting a context"); }
  void* handle() const { return handle_; }

 private:
  void* handle_;  // lives as long as the process
};

void set(void* socket, int option, const Key& key) {
  check(zmq_setsockopt(socket, option, key.data(), key.size() - 1), "setting a key");
}

void set(void* socket, int option, int value) {
  check(zmq_setsockopt(socket, option, &value, sizeof value), "setting an option");
}

void raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

class Floor {
 public:
  explicit Floor(int peers) : peers_(peers) {
    Key server_public, server_secret, public_key, secret;
    check(zmq_curve_keypair(server_public.data(), server_secret.data()), "making keys");
    check(zmq_curve_keypair(public_key.data(), secret.data()), "making keys");
    router_ = zmq_socket(here_.handle(), ZMQ_ROUTER);
    set(router_, ZMQ_CURVE_SERVER, 1);
    set(router_, ZMQ_CURVE_SECRETKEY, server_secret);
    set(router_, ZMQ_BACKLOG, backlog);
    set(router_, ZMQ_SNDHWM, 0);
    set(router_, ZMQ_RCVHWM, 0);
    check(zmq_bind(router_, "tcp://127.0.0.1:*"), "binding");
    char address[64];
    std::size_t size = sizeof address;
    check(zmq_getsockopt(router_, ZMQ_LAST_ENDPOINT, address, &size), "reading the address");
    for (int i = 0; i < peers_; ++i) {
      void* dealer = zmq_socket(there_.handle(), ZMQ_DEALER);
      set(dealer, ZMQ_CURVE_SERVERKEY, server_public);
      set(dealer, ZMQ_CURVE_PUBLICKEY, public_key);
      set(dealer, ZMQ_CURVE_SECRETKEY, secret);
      check(zmq_connect(dealer, address), "connecting");
      check(zmq_send(dealer, "hello", 5, 0), "saying hello");
      dealers_.push_back({dealer, 0, ZMQ_POLLIN, 0});
    }
    for (int i = 0; i < peers_; ++i) names_.push_back(receive());
    echo_ = std::jthread([this](const std::stop_token& stop) { echo(stop); });
  }

  void ping(int rounds) {
    std::vector<double> took;
    double cpu = 0;
    const std::string body(body_bytes, 'x');
    for (int round = -warm_rounds; round < rounds; ++round) {
      if (round == 0) cpu = cpu_ms();
      const double began = now_ms();
      for (const std::string& name : names_) {
        check(zmq_send(router_, name.data(), name.size(), ZMQ_SNDMORE), "sending");
        check(zmq_send(router_, body.data(), body.size(), 0), "sending");
      }
      for (int i = 0; i < peers_; ++i) receive();
      if (round >= 0) took.push_back(now_ms() - began);
    }
    cpu = (cpu_ms() - cpu) / rounds;
    std::nth_element(took.begin(), took.begin() + rounds / 2, took.end());
    std::printf("%.4f %.4f\n", took[static_cast<std::size_t>(rounds / 2)], cpu);
  }

 private:
  /// One message's routing id.
  std::string receive() {
    std::array<char, 256> bytes;
    const int size = zmq_recv(router_, bytes.data(), bytes.size(), 0);
    check(size, "receiving");
    check(zmq_recv(router_, nullptr, 0, 0), "receiving");
    return {bytes.data(), static_cast<std::size_t>(size)};
  }

  void echo(const std::stop_token& stop) {
    std::array<char, 256> bytes;
    while (!stop.stop_requested()) {
      if (zmq_poll(dealers_.data(), peers_, look_again_ms) <= 0) continue;
      for (const zmq_pollitem_t& dealer : dealers_) {
        if (dealer.revents == 0) continue;
        const int size = zmq_recv(dealer.socket, bytes.data(), bytes.size(), 0);
        check(size, "receiving");
        check(zmq_send(dealer.socket, bytes.data(), static_cast<std::size_t>(size), 0), "sending");
      }
    }
  }

  int peers_;
  Context here_, there_;
  void* router_ = nullptr;
  std::vector<zmq_pollitem_t> dealers_;
  std::vector<std::string> names_;
  std::jthread echo_;
};

void spawn_true() {
  char program[] = "/bin/true";
  char* arguments[] = {program, nullptr};
  char* environment[] = {nullptr};
  pid_t process = -1;
  if (::posix_spawn(&process, program, nullptr, nullptr, arguments, environment) != 0) std::exit(EXIT_FAILURE);
  ::waitpid(process, nullptr, 0);
}

void spawn(int count) {
  const double began = now_ms(), cpu = cpu_ms();
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([=] {
        for (int done = i; done < count; done += threads) spawn_true();
      });
    }
  }
  std::printf("%.4f %.4f\n", now_ms() - began, cpu_ms() - cpu);
}

}  // namespace

int main(int count, char** words) {
  const int peers = count == 2 ? std::atoi(words[1]) : 0;
  if (peers <= 0) {
    std::fputs("usage: bench_raw_curve N\n", stderr);
    return EXIT_FAILURE;
  }
  raise_file_limit();
  const double began = now_ms();
  const auto floor = std::make_unique<Floor>(peers);
  std::printf("ready %.1f\n", now_ms() - began);
  std::fflush(stdout);
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    int rounds = 0;
    if (std::sscanf(line, "ping %d", &rounds) == 1 && rounds > 0) floor->ping(rounds);
    if (std::strcmp(line, "spawn\n") == 0) spawn(peers);
    std::fflush(stdout);
  }
  return EXIT_SUCCESS;
}
