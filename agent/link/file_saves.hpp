#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/scheduler.hpp"
#include "common/worker_pool.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::agent {

/// Keeps files under the names of snapshots when the coordinator orders it, apart from deployments. An order must be
/// signed by a plan key that this host trusts, and be fresh; the same order is carried out once, and answered as often
/// as it comes. One that no worker has room for is not answered: it comes again. Owned by the agent; loop's thread.
class FileSaves {
 public:
  struct Hands {
    std::function<std::vector<std::string>()> trusted_keys;  ///< of plans, 32 raw bytes each
    std::function<void(protocol::FilesSaved)> send;
    /// On a worker thread; the order is good for so long.
    std::function<protocol::FileSaveResult(const protocol::FileSave&, std::int64_t left_ms)> keep;
  };
  FileSaves(Scheduler& loop, Workers& workers, const Clock& clock, HostId self, Hands hands);

  void ordered(const protocol::SaveFiles& save);

 private:
  std::string trouble_with_save(const protocol::SaveFiles& save) const;
  /// On a worker.
  protocol::FileSaveResult keep_in_time(const protocol::FileSave& wanted, std::int64_t not_after_wall_ms);
  void ended(protocol::FilesSaved saved);

  Scheduler& loop_;
  Workers& workers_;
  const Clock& clock_;
  HostId self_;
  Hands hands_;
  std::set<std::string> under_way_;            ///< requests
  std::deque<protocol::FilesSaved> answered_;  ///< the last ones
};

}  // namespace switchyard::agent
