#include "coordinator/fleet/bring_back.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {
namespace {

using protocol::OldKind;
using protocol::OldState;
using protocol::SliceComponent;

const SliceComponent* find_component(const protocol::PlanSlice& slice, const std::string& name) {
  for (const SliceComponent& component : slice.components) {
    if (component.name == name) return &component;
  }
  return nullptr;
}

const SliceComponent* find_component(const model::Plan& plan, const HostId& host, const std::string& name) {
  const auto slice = plan.slices.find(host);
  return slice == plan.slices.end() ? nullptr : find_component(slice->second, name);
}

class Search {
 public:
  Search(const store::StateStore& store, const ArtifactStore& artifacts, const model::DeploymentRow& done,
         const model::Plan& original)
      : store_(store),
        artifacts_(artifacts),
        done_(done),
        original_(original),
        rows_(store.deployments(limits::deferral_rows_max)) {}

  /// Nothing: the host goes back to its own past.
  Answer<std::optional<planner::BringBack>> bring_back(const HostId& host, const SliceComponent& brought) const {
    std::vector<ReleaseId> pasts = pasts_of(host, brought.name);
    std::erase(pasts, ReleaseId());
    if (pasts.empty()) return std::optional<planner::BringBack>();
    if (pasts.size() > 1) return refuse(host, brought.name, "the others go back to different releases");
    const ReleaseId& release = pasts.front();
    if (brought.old.kind == OldKind::release && brought.old.release == release)
      return std::optional<planner::BringBack>();

    const auto origin = origin_of(store_, rows_, done_.environment, brought.name, release, done_.id);
    if (!origin) return refuse(host, brought.name, "the manifest of " + name_of(release) + " is not known any more");
    planner::BringBack found{host, {}, {}};
    try {
      found.manifest = manifest_of(*store_.source(origin->id), host, brought.name);
    } catch (const InputError& error) {
      return refuse(host, brought.name, "the manifest of " + name_of(release) + " cannot be read: " + error.what());
    }
    // The others had it before, but this host was not among those that it was for.
    if (found.manifest.components.empty()) return std::optional<planner::BringBack>();
    const auto artifact = artifacts_.manifest(release);
    if (!artifact) return refuse(host, brought.name, name_of(release) + " is not kept here any more");
    found.artifact = {release, artifact->bytes, artifact->unpacked_bytes};
    return std::optional(std::move(found));
  }

 private:
  /// What the host's former machine served before, when it took part itself; else what the others served. Each once;
  /// the empty id stands for nothing.
  std::vector<ReleaseId> pasts_of(const HostId& host, const std::string& component) const {
    if (const SliceComponent* own = find_component(original_, host, component)) return {own->old.release};
    std::vector<ReleaseId> pasts;
    for (const auto& [other, slice] : original_.slices) {
      const SliceComponent* part = find_component(slice, component);
      if (part == nullptr) continue;
      if (std::find(pasts.begin(), pasts.end(), part->old.release) == pasts.end()) pasts.push_back(part->old.release);
    }
    return pasts;
  }

  static model::Manifest manifest_of(const store::PutSource& source, const HostId& host, const std::string& component) {
    model::Manifest manifest = planner::read_manifest(source.manifest, source.file_name);
    if (!source.environment.empty()) manifest.environment = source.environment;
    manifest = manifest_for_host(manifest, host);
    std::erase_if(manifest.components, [&](const model::Component& other) { return other.name != component; });
    for (model::Component& only : manifest.components) only.dependencies.clear();
    return manifest;
  }

  std::string name_of(const ReleaseId& release) const {
    for (const store::PutArtifact& artifact : store_.artifacts()) {
      if (artifact.release == release && !artifact.version.empty())
        return "release " + release.str().substr(0, 12) + " (" + artifact.version + ")";
    }
    return "release " + release.str().substr(0, 12);
  }

  Refusal refuse(const HostId& host, const std::string& component, const std::string& why) const {
    return {422,
            "cannot_plan",
            "host " + host.str() + " was brought to " + done_.id.str() + " later and never had what component `" +
                component + "` goes back to elsewhere, and " + why +
                "; deploy the release that you want from its manifest",
            {{"host", host.str()}, {"component", component}}};
  }

  const store::StateStore& store_;
  const ArtifactStore& artifacts_;
  const model::DeploymentRow& done_;
  const model::Plan& original_;
  std::vector<model::DeploymentRow> rows_;
};

}  // namespace

Answer<std::vector<planner::BringBack>> hosts_to_bring_back(const store::StateStore& store,
                                                            const ArtifactStore& artifacts,
                                                            const model::DeploymentRow& done,
                                                            const model::Plan& standing,
                                                            const std::vector<std::string>& components) {
  const auto original = store.plan(done.id);
  ENSURE(original.has_value());
  const Search search(store, artifacts, done, *original);
  std::vector<planner::BringBack> all;
  for (const auto& [host, slice] : standing.slices) {
    const auto first = original->slices.find(host);
    if (first != original->slices.end() && first->second == slice) continue;  // took part from the beginning
    for (const SliceComponent& component : slice.components) {
      const bool wanted =
          components.empty() || std::find(components.begin(), components.end(), component.name) != components.end();
      if (!wanted) continue;
      auto found = search.bring_back(host, component);
      if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
      if (auto& one = std::get<std::optional<planner::BringBack>>(found)) all.push_back(std::move(*one));
    }
  }
  return all;
}

}  // namespace switchyard::fleet
