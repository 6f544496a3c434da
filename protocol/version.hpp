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
///   1  the first; since then the features
///      inventory, stages, traffic-haproxy, traffic-nftables   as it began
///      configuration   the step ensure_configuration; limits of a unit
///      check-kinds     custom, database, queue, storage, resources and smoke checks; tiers
///      check-orders    RUN_CHECKS
///      hooks           the step hook
///      snapshots       the steps snapshot and restore
///      database-tls    database checks over TLS
///      file-saves      SAVE_FILES; the inventory says what starts at boot, and with which configuration
///      schema-saves    SAVE_FILES reads the schemas of databases too
namespace switchyard::protocol {

inline constexpr std::uint16_t version_min = 1;
inline constexpr std::uint16_t version_max = 1;

/// Sorted. One name per ability that a peer of the same number may lack.
const std::vector<std::string>& own_features();

/// What an agent must be able to do beyond the number to carry the slice out. Another would refuse it, or pass over in
/// silence what it does not know. Sorted.
std::vector<std::string> features_needed(const PlanSlice& slice);
/// Likewise, to run these checks when it is ordered to.
std::vector<std::string> features_needed(const std::vector<ProbeSpec>& checks);
inline constexpr const char* check_orders_feature = "check-orders";
inline constexpr const char* file_saves_feature = "file-saves";
inline constexpr const char* schema_saves_feature = "schema-saves";

struct Agreement {
  std::uint16_t protocol = 1;
  std::vector<std::string> features;  ///< what both have, sorted
  bool operator==(const Agreement&) const = default;
};

/// The highest version that both speak; nothing if the ranges do not meet.
std::optional<Agreement> agree(const Hello& hello);

}  // namespace switchyard::protocol
