#include "coordinator/fleet/bring_back.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/serving_history.hpp"
#include "coordinator/fleet/standing_plan.hpp"
#include "coordinator/model/plan_lookup.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {
namespace {

using protocol::OldKind;
using protocol::OldState;
using protocol::SliceComponent;

/// The part of a source that concerns one component on one host.
model::Manifest manifest_of(const Configurations& configurations, const store::PutSource& source, const HostId& host,
                            const std::string& component) {
  model::Manifest manifest = planner::read_manifest(source.manifest, source.file_name, source.defaults);
  if (!source.environment.empty()) manifest.environment = source.environment;
  manifest = manifest_for_host(manifest, host);
  std::erase_if(manifest.components, [&](const model::Component& other) { return other.name != component; });
  for (model::Component& only : manifest.components) only.dependencies.clear();
  manifest.settings.run_tests = model::run_tests_from_name(source.run_tests).value_or(manifest.settings.run_tests);
  configurations.apply(source.configuration, manifest);
  return manifest;
}

/// What a host goes back to; without a release it is nothing.
struct Past {
  ReleaseId release;
  std::optional<Served> served;  ///< nothing: only the bytes are known
};

bool is_same_past(const Past& one, const Past& other) {
  return one.release == other.release && (!one.served || !other.served || serves_the_same(one.served, other.served));
}

class Search {
 public:
  Search(const store::StateStore& store, CommittedPlans& plans, const ArtifactStore& artifacts,
         const Configurations& configurations, const model::DeploymentRow& done, const model::Plan& original)
      : store_(store),
        history_(store, plans),
        artifacts_(artifacts),
        configurations_(configurations),
        done_(done),
        original_(original) {}

  /// Nothing: the host goes back to its own past.
  Answer<std::optional<planner::BringBack>> bring_back(const HostId& host, const SliceComponent& brought) const {
    std::vector<Past> pasts = pasts_of(host, brought.name);
    std::erase_if(pasts, [](const Past& past) { return past.release.empty(); });
    if (pasts.empty()) return std::optional<planner::BringBack>();
    if (pasts.size() > 1) return refuse(host, brought.name, "the others go back to different releases");
    const ReleaseId& release = pasts.front().release;
    if (brought.old.kind == OldKind::release && is_same_past(past_of(host, brought), pasts.front()))
      return std::optional<planner::BringBack>();

    const auto origin = origin_of_past(brought.name, pasts.front());
    if (!origin) return refuse(host, brought.name, "the manifest of " + name_of(release) + " is not known any more");
    planner::BringBack found{host, {}, {}, true};
    try {
      found.manifest = manifest_of(configurations_, *store_.source(origin->id), host, brought.name);
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
  Past past_of(const HostId& host, const SliceComponent& part) const {
    return {part.old.release, history_.before(done_.id, {host, part.name}, part.old)};
  }

  /// What the host's former machine served before, when it took part itself; else what the others served. Each once.
  std::vector<Past> pasts_of(const HostId& host, const std::string& component) const {
    if (const SliceComponent* own = model::find_component(original_, host, component)) return {past_of(host, *own)};
    std::vector<Past> pasts;
    for (const auto& [other, slice] : original_.slices) {
      const SliceComponent* part = model::find_component(slice, component);
      if (part == nullptr) continue;
      Past past = past_of(other, *part);
      const bool known =
          std::any_of(pasts.begin(), pasts.end(), [&](const Past& one) { return is_same_past(one, past); });
      if (!known) pasts.push_back(std::move(past));
    }
    return pasts;
  }

  /// The deployment that brought it, so configured; where that is not known, one that brought the bytes.
  std::optional<model::DeploymentRow> origin_of_past(const std::string& component, const Past& past) const {
    if (past.served) {
      auto origin = history_.origin(done_, component, *past.served);
      if (origin && has_source(store_, *origin)) return origin;
    }
    return origin_of(store_, history_.rows(), done_.environment, component, past.release, done_.id);
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
  ServingHistory history_;
  const ArtifactStore& artifacts_;
  const Configurations& configurations_;
  const model::DeploymentRow& done_;
  const model::Plan& original_;
};

}  // namespace

Answer<std::vector<planner::BringBack>> hosts_to_bring_back(const store::StateStore& store, CommittedPlans& plans,
                                                            const ArtifactStore& artifacts,
                                                            const Configurations& configurations,
                                                            const model::DeploymentRow& done,
                                                            const model::Plan& standing,
                                                            const std::vector<std::string>& components) {
  const auto original = store.plan(done.id);
  ENSURE(original.has_value());
  const Search search(store, plans, artifacts, configurations, done, *original);
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

Answer<std::vector<planner::BringBack>> hosts_to_bring_to(const store::StateStore& store,
                                                          const ArtifactStore& artifacts,
                                                          const Configurations& configurations,
                                                          const ChosenTarget& target) {
  const DeploymentId& id = target.row.id;
  const auto source = store.source(id);
  const auto refuse = [&](const Place& place, const std::string& why) {
    return Refusal{422,
                   "cannot_plan",
                   "component `" + place.second + "` on host " + place.first.str() + " cannot go back to deployment " +
                       id.str() + ": " + why + "; deploy the release that you want from its manifest",
                   {{"host", place.first.str()}, {"component", place.second}}};
  };
  std::vector<planner::BringBack> all;
  for (const auto& [place, release] : target.anew) {
    if (!release) return refuse(place, "that deployment did not bring it there");
    if (!source) return refuse(place, "its manifest is not known any more");
    planner::BringBack one{place.first, {}, {}};
    try {
      one.manifest = manifest_of(configurations, *source, place.first, place.second);
    } catch (const InputError& error) {
      return refuse(place, std::string("its manifest cannot be read: ") + error.what());
    }
    const auto artifact = artifacts.manifest(*release);
    if (one.manifest.components.empty() || !artifact) return refuse(place, "its release is not kept here any more");
    one.artifact = {*release, artifact->bytes, artifact->unpacked_bytes};
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace switchyard::fleet
