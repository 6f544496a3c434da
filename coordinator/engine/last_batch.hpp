#pragma once

#include <cstddef>
#include <set>

#include "coordinator/engine/turn.hpp"

/// The batch that is being switched when a deployment fails. With some rollback strategies it comes to its end before
/// anything is undone: no step is cut off in its middle. The decision is made, and durable, before that: whatever
/// happens meanwhile, nothing but "all old" can come of it. A coordinator that restarts waits no more. Pure.
namespace switchyard::engine {

/// The nodes that may end, of a deployment that fails now; none where nobody waits for them.
std::set<std::size_t> last_batch(const DeploymentRun& run);

/// After the decision: these are waited for.
void wait_for_last_batch(Turn& turn, std::set<std::size_t> nodes);
/// Takes out what has ended, failed or cannot be waited for; with the last of it the revert begins.
void settle_last_batch(Turn& turn);
/// Its time is over: what has not ended is cut off.
void last_batch_is_overdue(Turn& turn);

}  // namespace switchyard::engine
