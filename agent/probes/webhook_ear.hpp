#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/probes/deadline_socket.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard::agent {

/// Listens on a port of this host's loopback for what a service calls back, and answers 204 to each call. On a thread
/// of its own, since a service may wait for our answer before it answers us. Lives as long as its suite.
class WebhookEar {
 public:
  /// Throws SysError when no port can be had.
  WebhookEar();
  ~WebhookEar();
  WebhookEar(const WebhookEar&) = delete;
  WebhookEar& operator=(const WebhookEar&) = delete;

  /// http://127.0.0.1:PORT/
  std::string url() const;
  /// Waits for a call whose body contains the text, and takes it. False when time is over.
  bool await(const std::string& text, const Deadline& deadline, const std::stop_token& stop);

 private:
  void listen(const std::stop_token& stop);
  void hear(const FileDescriptor& caller, const std::stop_token& stop);

  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> bodies_;  ///< guarded by mutex_
  std::jthread thread_;              ///< last: it uses all of the above
};

}  // namespace switchyard::agent
