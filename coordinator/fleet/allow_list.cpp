#include "coordinator/fleet/allow_list.hpp"

#include "common/ensure.hpp"

namespace switchyard::fleet {

void AllowList::set(const std::map<std::string, HostId>& wanted) {
  std::map<HostId, std::string> next;
  for (const auto& [key, peer] : wanted) next.emplace(peer, key);
  for (const auto& [peer, key] : present_) {
    const auto kept = next.find(peer);
    if (kept == next.end() || kept->second != key) disallow_(peer);
  }
  for (const auto& [peer, key] : next) {
    const auto before = present_.find(peer);
    if (before != present_.end() && before->second == key) continue;
    // The book gives every key to one peer only.
    const bool allowed = allow_(peer, key);
    ENSURE(allowed);
  }
  present_ = std::move(next);
}

}  // namespace switchyard::fleet
