#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "common/ids.hpp"

namespace switchyard::fleet {

/// Turns "these keys, and no others, may connect" into the single changes that the transport takes.
class AllowList {
 public:
  using Allow = std::function<bool(const HostId& peer, const std::string& public_key)>;
  using Disallow = std::function<void(const HostId& peer)>;
  AllowList(Allow allow, Disallow disallow) : allow_(std::move(allow)), disallow_(std::move(disallow)) {}

  /// What is no longer allowed goes first, so that a key may pass from one peer to another.
  void set(const std::map<std::string, HostId>& wanted);

 private:
  Allow allow_;
  Disallow disallow_;
  std::map<HostId, std::string> present_;  ///< peer -> key
};

}  // namespace switchyard::fleet
