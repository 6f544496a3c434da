#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/file_descriptor.hpp"

/// The little of libzmq that Switchyard uses, owned and checked. Only the zmq_* files of this folder use it, so that no
/// socket is ever made without the settings that make CURVE an authentication. Errors throw TransportError.
namespace switchyard::protocol {

class ZmqContext {
 public:
  ZmqContext();
  ~ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  void* handle() const { return handle_; }

 private:
  void* handle_;
};

/// Throws TransportError unless the library is new enough to be safe before authentication, and has CURVE.
void check_zmq_library();

struct ZmqPart {
  std::string bytes;
  std::string user_id;  ///< as the ZAP handler answered for this connection; empty: none
  bool more = false;
};

enum class ZmqSent { sent, full, unreachable };

class ZmqMonitor;

/// One socket, used by one thread at a time. Nothing blocks.
class ZmqSocket {
 public:
  ZmqSocket(ZmqContext& context, int type);
  ZmqSocket(ZmqSocket&& other) noexcept;
  ZmqSocket& operator=(ZmqSocket&& other) noexcept;
  ~ZmqSocket();

  void* handle() const { return handle_; }
  void set(int option, int value);
  void set(int option, std::int64_t value);
  void set(int option, std::string_view value);
  void bind(const std::string& address);
  void connect(const std::string& address);
  /// After bind(): the address with the port that was found.
  std::string bound_address() const;

  ZmqSent send(std::string_view part, bool more);
  /// Nothing when there is nothing to receive.
  std::optional<ZmqPart> receive();
  /// Passes over the rest of a message.
  void drop_rest();

  /// Tells of the events of this socket, which must live longer.
  ZmqMonitor monitor(ZmqContext& context, int events);

 private:
  void* handle_;
};

struct ZmqEvent {
  int kind = 0;
  std::uint32_t value = 0;
};

/// Where a socket's events appear. libzmq writes them on the thread that serves every socket of the context, and blocks
/// that thread for good when nobody is there to read. So the watching is ended before the reading end is closed.
class ZmqMonitor {
 public:
  ZmqMonitor(ZmqSocket& watched, ZmqSocket events);
  ZmqMonitor(ZmqMonitor&& other) noexcept;
  ZmqMonitor& operator=(ZmqMonitor&& other) noexcept;
  ~ZmqMonitor();

  void* handle() const { return events_.handle(); }
  /// The next event; nothing when there is none.
  friend std::optional<ZmqEvent> next_event(ZmqMonitor& monitor);

 private:
  void* watched_;
  ZmqSocket events_;
};
std::optional<ZmqEvent> next_event(ZmqMonitor& monitor);

/// Wakes a thread that waits in zmq_poll: the one thing that crosses threads.
class ZmqWake {
 public:
  ZmqWake();
  int descriptor() const { return descriptor_.get(); }
  void ring();
  void silence();

 private:
  FileDescriptor descriptor_;
};

}  // namespace switchyard::protocol
