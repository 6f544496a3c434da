#include "coordinator/fleet/artifact_pruner.hpp"

#include <string>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

void add_sources(const store::StateStore& store, const DeploymentRow& row, std::set<ReleaseId>& needed) {
  const auto source = store.source(row.id);
  if (!source) return;
  for (const auto& [component, release] : source->artifacts) needed.insert(release);
}

void add_unfinished(const store::StateStore& store, std::set<ReleaseId>& needed) {
  for (const DeploymentRow& row : store.unfinished_deployments()) {
    add_sources(store, row, needed);
    const auto plan = store.plan(row.id);
    for (const auto& [host, slice] : plan ? plan->slices : std::map<HostId, protocol::PlanSlice>{}) {
      for (const protocol::SliceComponent& component : slice.components) {
        needed.insert(component.release);
        needed.insert(component.old.release);
      }
    }
  }
}

/// What a snapshot says can be brought back as long as there is the snapshot.
void add_snapshots(const store::StateStore& store, std::set<ReleaseId>& needed) {
  for (const model::SnapshotRow& row : store.snapshots()) {
    for (const model::SnapshotPlace& place : row.places) needed.insert(place.serving.release);
  }
}

/// Deployments that somebody is behind, and the last ones of every component.
void add_committed(const store::StateStore& store, std::uint32_t keep, std::set<ReleaseId>& needed) {
  std::map<std::pair<std::string, std::string>, std::set<ReleaseId>> last;  // by environment and component
  for (const DeploymentRow& row : store.deployments(limits::deferral_rows_max)) {
    if (row.kind != DeploymentKind::deploy || row.state != DeploymentState::done) continue;
    const auto source = store.source(row.id);
    if (!source) continue;
    for (const auto& [component, release] : source->artifacts) {
      std::set<ReleaseId>& releases = last[{row.environment, component}];
      if (releases.size() < keep) releases.insert(release);
      if (!row.deferred.empty()) needed.insert(release);
    }
  }
  for (const auto& [component, releases] : last) needed.insert(releases.begin(), releases.end());
}

}  // namespace

std::set<ReleaseId> needed_releases(const store::StateStore& store, std::uint32_t keep_releases) {
  std::set<ReleaseId> needed;
  for (const model::ServingRow& row : store.serving()) {
    needed.insert(row.serving.release);
    needed.insert(row.previous.release);
  }
  add_unfinished(store, needed);
  add_snapshots(store, needed);
  add_committed(store, keep_releases, needed);
  needed.erase(ReleaseId());
  return needed;
}

void ArtifactPruner::wanted(const ReleaseId& release) {
  if (wanted_wall_ms_.size() >= limits::wanted_releases_max) wanted_wall_ms_.erase(wanted_wall_ms_.begin());
  wanted_wall_ms_[release] = clock_.wall_ms();
}

std::set<ReleaseId> ArtifactPruner::unneeded() const {
  const std::int64_t young = clock_.wall_ms() - limits::artifact_grace_ms;
  std::set<ReleaseId> rest;
  std::set<ReleaseId> known;
  for (const store::PutArtifact& artifact : store_.artifacts()) {
    known.insert(artifact.release);
    if (artifact.created_wall_ms < young) rest.insert(artifact.release);
  }
  for (const ReleaseId& release : artifacts_.untouched_for(limits::artifact_grace_ms)) {
    if (!known.contains(release)) rest.insert(release);
  }
  for (const ReleaseId& release : needed_releases(store_, keep_releases_)) rest.erase(release);
  for (const auto& [release, when] : wanted_wall_ms_) rest.erase(release);
  return rest;
}

void ArtifactPruner::prune() {
  std::erase_if(wanted_wall_ms_, [young = clock_.wall_ms() - limits::artifact_grace_ms](const auto& entry) {
    return entry.second < young;
  });
  const std::set<ReleaseId> rest = unneeded();
  if (rest.empty()) return;
  store::Transaction writes;
  for (const ReleaseId& release : rest) {
    writes.push_back(store::DropArtifact{release});
    writes.push_back(
        audit_row(clock_, coordinator_itself(), "artifact.prune", release.str(), "no deployment needs it any more"));
  }
  store_.commit(writes);
  for (const ReleaseId& release : rest) artifacts_.drop(release);
  log::info("artifacts pruned", {{"releases", rest.size()}});
}

void ArtifactPruner::deployment_finished() {
  try {
    prune();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const Error& error) {
    log::warning("artifacts were not pruned; will be tried after the next deployment", {{"why", error.what()}});
  }
  remove_files();
}

void ArtifactPruner::remove_files() {
  try {
    if (!artifacts_.remove_one()) return;
  } catch (const std::exception& error) {
    log::warning("files of a pruned artifact were not removed", {{"why", error.what()}});
    return;
  }
  timers_.set("artifacts/prune", limits::artifact_removal_pause_ms, [this] { remove_files(); });
}

}  // namespace switchyard::fleet
