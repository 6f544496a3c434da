#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "coordinator/store/state_store.hpp"

namespace switchyard::store {

struct AuditCheck {
  std::uint64_t rows = 0;                   ///< that were read, up to the break
  std::optional<std::uint64_t> broken_row;  ///< the first that does not fit to the row before it
};

/// Reads the newest `rows_max` rows of the audit chain, piece by piece. What is before them is taken as it is: a break
/// there is found by a check of all. Throws StoreError, also for a row that cannot be read.
AuditCheck check_audit(const StateStore& store, std::uint64_t rows_max = std::numeric_limits<std::uint64_t>::max());

}  // namespace switchyard::store
