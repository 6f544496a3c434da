#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace switchyard::api {

struct ConnectionBounds {
  std::size_t all;
  std::size_t per_user;
};

/// The open connections of one listener, and who gives way to a newcomer when they are too many. A connection is
/// proven once a request of it came from a caller who is known: those never give way, so that nobody without a token,
/// and nobody who is silent, keeps out who has one. No sockets, no time. Owned by the listener's SessionRoom, on the
/// loop's thread. Throws nothing.
class ConnectionBook {
 public:
  using Number = std::uint64_t;

  explicit ConnectionBook(ConnectionBounds bounds) : bounds_(bounds) {}

  struct Place {
    bool free = false;
    std::optional<Number> gives_way;  ///< is to be closed first
  };
  /// `user`: who the kernel says it is; empty when it does not say.
  Place place_for(const std::string& user) const;
  Number enter(const std::string& user);
  void prove(Number number);
  /// Numbers that have left already are fine.
  void leave(Number number) { open_.erase(number); }

 private:
  struct Connection {
    std::string user;
    bool proven = false;
  };
  ConnectionBounds bounds_;
  Number next_ = 1;
  std::map<Number, Connection> open_;  ///< the oldest first
};

}  // namespace switchyard::api
