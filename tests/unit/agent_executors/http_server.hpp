#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "common/file_descriptor.hpp"

namespace switchyard::agent::testing {

/// A real server on a port of the kernel's choice. Each connection is handed to the handler, one after the other.
class Server {
 public:
  using Handler = std::function<void(int connection)>;
  explicit Server(Handler handler) : handler_(std::move(handler)) {
    listening_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~Server() {
    thread_.request_stop();
    thread_.join();
  }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::string last_request() const { return request_; }

  /// Answers each request with these bytes.
  static Handler answering(std::string bytes) {
    return [bytes = std::move(bytes)](int connection) {
      char request[8192];
      (void)::recv(connection, request, sizeof request, 0);
      (void)::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    };
  }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd polled{listening_.get(), POLLIN, 0};
      if (::poll(&polled, 1, 20) <= 0) continue;
      const FileDescriptor connection(::accept(listening_.get(), nullptr, nullptr));
      if (connection) handler_(connection.get());
    }
  }

  Handler handler_;
  FileDescriptor listening_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::jthread thread_;
};

}  // namespace switchyard::agent::testing
