#pragma once

#include <cstdint>

#include "agent/executors/executor.hpp"
#include "agent/executors/release_tree.hpp"
#include "common/limits.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::agent {

/// EnsureRelease: the release stands complete and verified beneath releases/, read-only. Fetch, check, unpack aside,
/// make durable, one rename: at no moment is there half a release under its own name, and a crash at any point leaves
/// something that the next attempt takes up or clears away. A damaged release that is the current one is repaired in
/// place, file by file, since something may run from it. Steps of one component must not run at the same time.
class ReleaseExecutor final : public Executor {
 public:
  /// `disk_reserve_bytes`: what must stay free, so that a revert and the journal always have room.
  ReleaseExecutor(const HostPaths& paths, BlobSource& blobs,
                  std::uint64_t disk_reserve_bytes = limits::disk_reserve_bytes);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  protocol::StepResult present(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                               const TreeReport& found);
  protocol::StepResult install(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                               const StepContext& context);
  void unpack_aside(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                    const protocol::ArtifactManifest& manifest, const StepContext& context);

  HostPaths paths_;
  BlobSource& blobs_;
  std::uint64_t disk_reserve_bytes_;
};

}  // namespace switchyard::agent
