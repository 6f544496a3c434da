#include "agent/probes/host_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "agent/probes/deadline_socket.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

struct Answer {
  std::vector<SocketAddress> addresses;
  std::string why;
};

Answer ask(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  Answer answer;
  if (error != 0) {
    answer.why = "no address for " + host + ": " + ::gai_strerror(error);
    return answer;
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
    answer.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return answer;
}

/// fd00:ec2::254 is the metadata service of Amazon's machines (its guide of EC2, "instance metadata"); most others
/// listen at 169.254.169.254.
bool is_of_the_link_or_cloud(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address.storage, sizeof four);
    return (ntohl(four.sin_addr.s_addr) >> 16) == 0xa9fe;
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &address.storage, sizeof six);
  const auto& bytes = six.sin6_addr.s6_addr;
  static constexpr unsigned char amazon[16] = {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  return IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr) || std::memcmp(bytes, amazon, sizeof amazon) == 0 ||
         (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) && bytes[12] == 0xa9 && bytes[13] == 0xfe);
}

/// Shared by the one who waits and the thread that asks; whoever ends last frees it. That is why it is a shared_ptr.
struct Lookup {
  std::mutex mutex;
  std::condition_variable answered;
  bool done = false;
  Answer answer;
};

std::atomic<int> lookups_under_way = 0;

Answer ask_with_deadline(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  if (lookups_under_way.fetch_add(1) >= limits::probe_lookups_max) {
    lookups_under_way.fetch_sub(1);
    return Answer{.addresses = {},
                  .why = "too many name look-ups hang in the resolver; use an address instead of " + host};
  }
  const auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, host, port] {
    Answer answer = ask(host, port, 0);
    lookups_under_way.fetch_sub(1);
    const std::lock_guard lock(lookup->mutex);
    lookup->answer = std::move(answer);
    lookup->done = true;
    lookup->answered.notify_all();
  }).detach();
  std::unique_lock lock(lookup->mutex);
  lookup->answered.wait_for(lock, std::chrono::milliseconds(deadline.left_ms()), [&] { return lookup->done; });
  if (!lookup->done) return Answer{.addresses = {}, .why = "the name " + host + " was not resolved in time"};
  return lookup->answer;
}

}  // namespace

std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port, const Deadline& deadline,
                                   std::string& why) {
  Answer answer = ask(host, port, AI_NUMERICHOST);
  if (answer.addresses.empty() && host == "localhost") {
    answer = ask("127.0.0.1", port, AI_NUMERICHOST);
    Answer six = ask("::1", port, AI_NUMERICHOST);
    answer.addresses.insert(answer.addresses.end(), six.addresses.begin(), six.addresses.end());
  } else if (answer.addresses.empty()) {
    answer = ask_with_deadline(host, port, deadline);
  }
  if (std::erase_if(answer.addresses, is_of_the_link_or_cloud) != 0 && answer.addresses.empty()) {
    answer.why = host + " is an address of the link alone, or of the cloud's own: checks do not go there";
  }
  if (answer.addresses.empty()) why = answer.why;
  return answer.addresses;
}

}  // namespace switchyard::agent
