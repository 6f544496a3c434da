#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"

/// A protocol is a number and a set of named features. The number changes only when an old peer would misread a frame;
/// everything else is a feature, used when both sides have it. HELLO, WELCOME, REFUSE, PING and PONG read the same in
/// every version, for ever.
///
/// History:
///   1  the first
namespace switchyard::protocol {

inline constexpr std::uint16_t version_min = 1;
inline constexpr std::uint16_t version_max = 1;

/// Sorted. One name per ability that a peer of the same number may lack.
const std::vector<std::string>& own_features();

struct Agreement {
  std::uint16_t protocol = 1;
  std::vector<std::string> features;  ///< what both have, sorted
  bool operator==(const Agreement&) const = default;
};

/// The highest version that both speak; nothing if the ranges do not meet.
std::optional<Agreement> agree(const Hello& hello);

}  // namespace switchyard::protocol
