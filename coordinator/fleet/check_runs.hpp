#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/check_registry.hpp"
#include "coordinator/fleet/check_rounds.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Runs registered checks where they belong, and judges what comes back. Keeps the last answer of each check on each
/// host in memory, for those who ask for one that is not older than so and so. Loop thread only.
class CheckRuns {
 public:
  CheckRuns(store::StateStore& store, const CheckRegistry& registry, CheckRounds& rounds, const Clock& clock)
      : store_(store), registry_(registry), rounds_(rounds), clock_(clock) {}

  void run(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply);
  /// What is known of it was known of another check of that name.
  void forget(const std::string& environment, const std::string& name);

 private:
  using Key = std::tuple<std::string, std::string, HostId>;  ///< environment, check, host
  struct Kept {
    model::Evidence evidence;
    std::int64_t at_boot_ms = 0;
  };
  /// What is known well enough; what is not is left in `wanted`.
  std::vector<model::Evidence> take_known(const RunChecksRequest& request, ChecksOfHosts& wanted) const;
  void keep(const std::string& environment, const model::Evidence& evidence);
  std::vector<model::Evidence> evidence_of(const std::string& environment, const ChecksOfHosts& wanted,
                                           const CheckRounds::Answers& answers);

  store::StateStore& store_;
  const CheckRegistry& registry_;
  CheckRounds& rounds_;
  const Clock& clock_;
  std::map<Key, Kept> kept_;
};

}  // namespace switchyard::fleet
