#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/file_descriptor.hpp"

/// Real sockets, real packets: the whole test program runs in a network namespace of its own, so that no test ever
/// touches the machine's rules or ports.
namespace switchyard::testing {

/// Moves this process to a new network namespace with `lo` up. False if the machine does not allow it. Before any
/// thread.
bool enter_own_network();

/// Runs a program to its end; throws when it fails.
void run_tool(const std::vector<std::string>& argv, const std::string& input = "");

/// A listening TCP service: reads a line, works for `work_ms`, answers its name and closes; "stay" keeps the
/// connection open until the client closes. Ends with the object.
class SlotServer {
 public:
  struct Options {
    std::string address = "0.0.0.0";
    bool ipv6_only = false;
    int work_ms = 0;
    int workers = 4;
  };
  SlotServer(std::string name, std::uint16_t port) : SlotServer(std::move(name), port, Options{}) {}
  SlotServer(std::string name, std::uint16_t port, Options options);
  ~SlotServer();

 private:
  void serve();
  std::string name_;
  Options options_;
  FileDescriptor listener_;
  std::vector<std::jthread> workers_;
};

/// One connection to a service. Every wait is bounded by 5 s; a failure answers "".
class Client {
 public:
  Client(const std::string& address, std::uint16_t port);
  bool connected() const { return connected_; }
  /// Sends a line and reads the answer's line.
  std::string ask(const std::string& line);

 private:
  FileDescriptor socket_;
  bool connected_ = false;
};
/// Connects, asks, closes: the name of the slot that answered; "" if anything failed.
std::string ask_once(const std::string& address, std::uint16_t port);

/// Another host: a thread in a network namespace of its own, joined to ours by a veth pair. Ours: 10.9.0.1, fd00:9::1.
class PeerHost {
 public:
  PeerHost();
  ~PeerHost();
  /// Runs a function on the other host, to its end.
  void run(std::function<void()> job);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::jthread thread_;
};

/// A program that is running; killed, by its id, when the object ends.
class RunningProgram {
 public:
  /// The program's path, then its argv, which begins with the name that it is to show.
  explicit RunningProgram(const std::vector<std::string>& path_and_argv);
  ~RunningProgram() { end(); }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  void end();

 private:
  pid_t pid_ = -1;
};

}  // namespace switchyard::testing
