#pragma once

#include <optional>

#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// From the moment in which the coordinator's new keys are being put in place until it begins anew with them: what were
/// made in it would name, or be signed with, keys that are over. Owned by the Fleet, begun by the KeyRenewal, asked by
/// those who make such things. Loop thread only; throws nothing.
class Changeover {
 public:
  void begin() { begun_ = true; }
  /// Why nothing is made now; nothing at all other times.
  std::optional<Refusal> refuse() const {
    if (!begun_) return std::nullopt;
    return Refusal{503,
                   "beginning_anew",
                   "the coordinator's keys are being changed, and it begins anew with the new ones: ask again in a few "
                   "seconds. If this lasts, they could not be put in place: `switchyard keys renew` says why",
                   {}};
  }

 private:
  bool begun_ = false;
};

}  // namespace switchyard::fleet
