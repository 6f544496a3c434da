#pragma once

#include <cstdint>
#include <string>

#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The head of the audit chain that hosts are told, so that they bear witness to it. When it is gone from the chain,
/// somebody has changed a row behind the coordinator's back and made hashes anew: then hosts are told nothing newer,
/// and `audit verify`, which asks them, says whose head is missing. Owned by Intake; loop's thread.
class WitnessedHead {
 public:
  explicit WitnessedHead(const store::StateStore& store) : store_(store) {}

  /// Throws StoreError.
  std::string now();

 private:
  std::string hash_of_row(std::uint64_t seq) const;

  const store::StateStore& store_;
  std::uint64_t epoch_ = 0;
  std::uint64_t seq_ = 0;
  std::string head_{model::empty_audit_head};
  bool gone_ = false;
};

}  // namespace switchyard::fleet
