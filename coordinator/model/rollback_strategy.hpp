#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchyard::model {

/// How what was begun is undone (docs/rollback.md). Each is a policy over the same engine: all of them end with all
/// old.
///   immediate   at the first failure, whatever is under way; components in the exact reverse order
///   batch       the batch under way comes to its end first
///   graceful    ... and then one component at a time
///   aggressive  all hosts at once, without an order among hosts, and nobody waits for connections to end
///   manual      nothing goes back by itself: it stands still and asks a person
enum class RollbackStrategy : std::uint8_t { immediate = 0, batch = 1, graceful = 2, aggressive = 3, manual = 4 };

inline constexpr std::array<std::string_view, 5> rollback_strategies = {"immediate", "batch", "graceful", "aggressive",
                                                                        "manual"};

std::string_view rollback_strategy_name(RollbackStrategy strategy);
std::optional<RollbackStrategy> rollback_strategy_from_name(std::string_view name);

/// What is being switched when something fails comes to its end before it is undone.
bool lets_batch_end(RollbackStrategy strategy);
/// Before a slot is stopped on the way back, the connections that it was given may end.
bool drains_on_the_way_back(RollbackStrategy strategy);

}  // namespace switchyard::model
