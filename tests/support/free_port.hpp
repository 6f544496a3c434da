#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <random>
#include <stdexcept>

#include "common/file_descriptor.hpp"

namespace switchyard::testing {

/// A port of loopback's IPv4 for a program that must be told one. Nobody listened on it a moment ago; no call in this
/// process gets it again; and it lies below the kernel's own choice for outgoing connections (32768 on Linux), so that
/// none of them takes it before the program does. Bound to 0 instead, a socket that is closed at once gives the same
/// port twice now and then. One thread. Throws std::runtime_error when all are taken.
inline std::uint16_t free_port() {
  constexpr unsigned lowest = 10'000, count = 22'000;
  static unsigned next = std::random_device{}();
  for (unsigned tried = 0; tried < count; ++tried) {
    const auto port = static_cast<std::uint16_t>(lowest + next++ % count);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const FileDescriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace switchyard::testing
