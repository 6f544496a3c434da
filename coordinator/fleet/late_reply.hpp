#pragma once

#include "common/error.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// What an answer comes to that is worked out in a later turn: nobody is above it to catch what the store throws.
/// Throws StaleEpochError, which ends the coordinator.
template <class T, class Work>
void reply_with(const Reply<T>& reply, Work work) {
  try {
    work();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    reply(Refusal{503, "store_unavailable", error.what(), {}});
  }
}

}  // namespace switchyard::fleet
