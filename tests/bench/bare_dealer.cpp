// The floor of an agent: a process with the agent's libraries and one idle CURVE connection. Its other end is the same
// program.
//
//   bench_bare_dealer listen ENDPOINT            prints its public key, takes whoever comes
//   bench_bare_dealer dial ENDPOINT PUBLIC_KEY   connects, says one word, and waits for ever
//
// Heartbeats are those of the agent's connection.

#include <zmq.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr int heartbeat_interval_ms = 5'000;
constexpr int heartbeat_timeout_ms = 15'000;
constexpr std::size_t key_text_bytes = 41;

void check(int result, const char* what) {
  if (result >= 0) return;
  std::fprintf(stderr, "bench_bare_dealer: %s: %s\n", what, zmq_strerror(zmq_errno()));
  std::exit(EXIT_FAILURE);
}

void set_text(void* socket, int option, const char* value) {
  check(zmq_setsockopt(socket, option, value, std::strlen(value)), "setting a key");
}

void set_number(void* socket, int option, int value) {
  check(zmq_setsockopt(socket, option, &value, sizeof value), "setting an option");
}

void wait_for_ever(void* socket) {
  char byte = 0;
  while (zmq_recv(socket, &byte, sizeof byte, 0) >= 0) {
  }
}

int run(std::string_view role, const char* endpoint, const char* server_key) {
  void* context = zmq_ctx_new();
  const bool listens = role == "listen";
  void* socket = zmq_socket(context, listens ? ZMQ_ROUTER : ZMQ_DEALER);
  char public_key[key_text_bytes], secret_key[key_text_bytes];
  check(zmq_curve_keypair(public_key, secret_key), "making keys");
  set_text(socket, ZMQ_CURVE_SECRETKEY, secret_key);
  set_number(socket, ZMQ_HEARTBEAT_IVL, heartbeat_interval_ms);
  set_number(socket, ZMQ_HEARTBEAT_TIMEOUT, heartbeat_timeout_ms);
  if (listens) {
    set_number(socket, ZMQ_CURVE_SERVER, 1);
    check(zmq_bind(socket, endpoint), endpoint);
    std::puts(public_key);
    std::fflush(stdout);
  } else {
    set_text(socket, ZMQ_CURVE_PUBLICKEY, public_key);
    set_text(socket, ZMQ_CURVE_SERVERKEY, server_key);
    check(zmq_connect(socket, endpoint), endpoint);
    check(zmq_send(socket, "!", 1, 0), "sending");
  }
  wait_for_ever(socket);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** words) {
  const std::string_view role = count > 1 ? words[1] : "";
  if (role == "listen" && count == 3) return run(role, words[2], nullptr);
  if (role == "dial" && count == 4) return run(role, words[2], words[3]);
  std::fputs("usage: bench_bare_dealer listen ENDPOINT | dial ENDPOINT PUBLIC_KEY\n", stderr);
  return EXIT_FAILURE;
}
