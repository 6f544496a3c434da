#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/transport.hpp"
#include "protocol/zmq_socket.hpp"

namespace switchyard::protocol {

/// Which keys may connect. Every key that is let in has a grant, a number that is never used again; it is what ZAP
/// returns as the User-Id, and so stands on every frame of the connection. A grant that was taken back therefore
/// silences the connections that were made under it, also when the same host has a new key by now.
class PeerAllowList {
 public:
  void allow(std::uint64_t grant, std::string public_key);
  void disallow(std::uint64_t grant);
  std::optional<std::uint64_t> find(std::string_view public_key) const;
  bool holds(std::uint64_t grant) const { return keys_.contains(grant); }

 private:
  std::map<std::string, std::uint64_t, std::less<>> grants_;
  std::map<std::uint64_t, std::string> keys_;
};

/// The domain of every listening socket. An empty one would switch the question off (see protocol.md, Z3).
inline constexpr std::string_view zap_domain = "switchyard";

/// Answers libzmq's question "may this key connect?". It must be bound before any CURVE server socket of its context
/// is: without a handler libzmq lets everybody in. Owned and used by the transport thread; never blocks.
class ZapHandler {
 public:
  /// `expected_stranger`: the self-test's key, whose refusal is no news.
  ZapHandler(ZmqContext& context, std::string expected_stranger);
  ZmqSocket& socket() { return socket_; }
  /// Who is let in, asked for each question once it is there: a key that was allowed before its peer dialled is
  /// known by then, whatever this thread was doing in between.
  using AskAllowed = std::function<const PeerAllowList&()>;
  /// Answers at most a burst of waiting questions.
  void answer(const AskAllowed& allowed);
  /// What was turned away since the last call. From any thread.
  std::vector<RefusedDial> take_refused();

 private:
  bool answer_one(const AskAllowed& allowed);
  void note_refusal(const std::string& address, const std::string& key);

  ZmqSocket socket_;
  std::string expected_stranger_;
  std::uint64_t refused_ = 0;
  std::int64_t noted_boot_ms_ = 0;
  std::mutex mutex_;                                                    ///< guards dials_
  std::map<std::pair<std::string, std::string>, std::uint64_t> dials_;  ///< by address and key; bounded
};

}  // namespace switchyard::protocol
