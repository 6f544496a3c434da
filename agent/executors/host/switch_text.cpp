#include "agent/executors/host/switch_text.hpp"

#include <algorithm>
#include <tuple>

namespace switchyard::agent {
namespace {

auto key_of(const protocol::SwitchTarget& target) { return std::tie(target.port, target.server, target.weight); }

}  // namespace

std::vector<protocol::SwitchTarget> live_targets(const std::vector<protocol::SwitchTarget>& targets) {
  std::vector<protocol::SwitchTarget> live;
  for (const protocol::SwitchTarget& target : targets) {
    if (target.weight > 0) live.push_back(target);
  }
  if (live.size() == 1 && live.front().slot == "legacy") live.clear();
  std::sort(live.begin(), live.end(), [](const auto& left, const auto& right) { return key_of(left) < key_of(right); });
  return live;
}

bool same_targets(const std::vector<protocol::SwitchTarget>& left, const std::vector<protocol::SwitchTarget>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auto& a, const auto& b) { return key_of(a) == key_of(b); });
}

std::string targets_text(const std::vector<protocol::SwitchTarget>& targets) {
  if (targets.empty()) return "no slot";
  std::string text;
  for (const protocol::SwitchTarget& target : targets) {
    if (!text.empty()) text += ", ";
    text += (target.slot.empty() ? "an unknown slot" : target.slot) + " (port " + std::to_string(target.port) + ") " +
            std::to_string(target.weight) + " %";
  }
  return text;
}

}  // namespace switchyard::agent
