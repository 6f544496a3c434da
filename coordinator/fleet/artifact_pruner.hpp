#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "common/clock.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What must stay, whatever its age: what serves and what served before it, what an unfinished deployment starts or
/// goes back to, all of a deployment that some host has still to be brought to, all of every snapshot, and of every
/// component the last `keep_releases` that were committed. Throws StoreError.
std::set<ReleaseId> needed_releases(const store::StateStore& store, std::uint32_t keep_releases);

/// Removes artifacts that nothing needs any more, when a deployment has ended. The row goes first, then the files: a
/// crash in between leaves files without a row, which go when they have not been touched for artifact_grace_ms. What
/// was uploaded, or asked for, within that time stays too: somebody is about to deploy it. Loop thread only.
class ArtifactPruner {
 public:
  ArtifactPruner(store::StateStore& store, ArtifactStore& artifacts, Timers& timers, const Clock& clock,
                 std::uint32_t keep_releases)
      : store_(store), artifacts_(artifacts), timers_(timers), clock_(clock), keep_releases_(keep_releases) {}

  /// Somebody means to deploy this release.
  void wanted(const ReleaseId& release);
  /// Errors are logged: the next end of a deployment tries again. StaleEpochError passes.
  void deployment_finished();

 private:
  std::set<ReleaseId> unneeded() const;
  void prune();
  void remove_files();

  store::StateStore& store_;
  ArtifactStore& artifacts_;
  Timers& timers_;
  const Clock& clock_;
  std::uint32_t keep_releases_;
  std::map<ReleaseId, std::int64_t> wanted_wall_ms_;
};

}  // namespace switchyard::fleet
