#include "coordinator/model/rollback_strategy.hpp"

#include <algorithm>

namespace switchyard::model {

std::string_view rollback_strategy_name(RollbackStrategy strategy) {
  return rollback_strategies.at(static_cast<std::size_t>(strategy));
}

std::optional<RollbackStrategy> rollback_strategy_from_name(std::string_view name) {
  const auto found = std::find(rollback_strategies.begin(), rollback_strategies.end(), name);
  if (found == rollback_strategies.end()) return std::nullopt;
  return static_cast<RollbackStrategy>(found - rollback_strategies.begin());
}

bool lets_batch_end(RollbackStrategy strategy) {
  return strategy == RollbackStrategy::batch || strategy == RollbackStrategy::graceful;
}

bool drains_on_the_way_back(RollbackStrategy strategy) { return strategy != RollbackStrategy::aggressive; }

}  // namespace switchyard::model
