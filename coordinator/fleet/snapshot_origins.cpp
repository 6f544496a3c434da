#include "coordinator/fleet/snapshot_origins.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/deferral_ledger.hpp"
#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/fleet/serving_views.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/host_change.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {
namespace {

using PlaceKey = std::pair<HostId, std::string>;

std::string place_text(const HostId& host, const std::string& component) {
  return "component `" + component + "` on host " + host.str();
}

std::string short_release(const ReleaseId& release) { return "release " + release.str().substr(0, 12); }

/// Of all that is said in words; the configuration has its own digest, of what it renders to.
std::string origin_digest(const store::PutSource& source) {
  std::string bytes;
  const auto add = [&](const std::string& text) { bytes += std::to_string(text.size()) + ":" + text; };
  add("switchyard origin 1");
  add(source.manifest);
  add(source.environment);
  for (const auto& [component, release] : source.artifacts) {
    add(component);
    add(release.str());
  }
  return sha256_hex(bytes);
}

/// These components of a source on these hosts. Throws InputError.
model::Manifest manifest_part(const Configurations& configurations, const store::PutSource& source,
                              const std::set<PlaceKey>& places) {
  model::Manifest manifest =
      planner::choose_components(planner::read_manifest(source.manifest, source.file_name, source.defaults),
                                 source.components)
          .manifest;
  if (!source.environment.empty()) manifest.environment = source.environment;
  for (model::Component& component : manifest.components) {
    std::erase_if(component.hosts, [&](const HostId& host) { return !places.contains({host, component.name}); });
  }
  std::erase_if(manifest.components, [](const model::Component& component) { return component.hosts.empty(); });
  configurations.apply(source.configuration, manifest);
  return manifest;
}

std::string configuration_of(const model::Component& component) {
  return component.service.delivery ? component.service.delivery->digest : std::string();
}

// --- making one
// --------------------------------------------------------------------------------------------------------

Refusal drifted(const model::ServingRow& row, const std::string& what) {
  return {409,
          "drifted",
          place_text(row.host, row.component) + " " + what +
              ": a snapshot is of what was committed and serves. Look at it with `switchyard status`, and deploy once "
              "more, or roll back",
          {{"host", row.host.str()}, {"component", row.component}}};
}

/// Why the host's answer is nothing that a snapshot could be of.
std::optional<Refusal> refuse_fact(const model::ServingRow& row, const protocol::ComponentFact& fact) {
  if (!fact.problem.empty()) return drifted(row, "cannot be read: " + fact.problem);
  const protocol::OldState& now = fact.serving;
  const bool as_committed =
      now.kind == row.serving.kind && now.slot == row.serving.slot && now.release == row.serving.release;
  if (!as_committed) return drifted(row, "serves something else than deployment " + row.deployment.str() + " brought");
  if (!fact.unit_state.empty() && fact.unit_state != "active") return drifted(row, "is " + fact.unit_state);
  for (const protocol::ReleaseFact& release : fact.releases) {
    if (release.release == now.release && !release.complete) return drifted(row, "lacks files of its release");
  }
  return std::nullopt;
}

/// Looks for the deployment that each place could be brought back from, newest first.
class OriginSearch {
 public:
  OriginSearch(const store::StateStore& store, const Configurations& configurations,
               const planner::PlanningFacts& facts)
      : store_(store), configurations_(configurations), facts_(facts) {}

  std::optional<Refusal> add(const model::ServingRow& row) {
    const auto* answer = planner::find_facts(facts_, row.host);
    if (answer == nullptr) {
      return Refusal{409,
                     "host_away",
                     "host " + row.host.str() +
                         " does not answer, and a snapshot says only what was read back; look at it there with "
                         "`systemctl status switchyard-agent`, or remove it from the fleet",
                     {{"host", row.host.str()}}};
    }
    const protocol::ComponentFact fact = planner::fact_of(*answer, row.component);
    if (auto refusal = refuse_fact(row, fact)) return refusal;
    model::SnapshotPlace place;
    place.host = row.host;
    place.component = row.component;
    place.serving = fact.serving;
    place.version = row.version;
    place.unit_state = fact.unit_state;
    place.enablement = fact.enablement.value_or("");
    place.deployment = row.deployment;
    open_[{row.host, row.component}] = {std::move(place), fact.configuration};
    return std::nullopt;
  }

  Answer<std::vector<model::SnapshotPlace>> search(const std::string& environment) {
    for (const model::DeploymentRow& row : store_.deployments(limits::deferral_rows_max)) {
      if (open_.empty()) break;
      if (row.environment == environment && has_source(store_, row)) look_at(*store_.source(row.id), row.id);
    }
    if (!open_.empty()) return nothing_brings(open_.begin()->second.place);
    std::sort(found_.begin(), found_.end(), [](const auto& left, const auto& right) {
      return std::tie(left.host, left.component) < std::tie(right.host, right.component);
    });
    model::read_shared_schemas_once(found_);
    return std::move(found_);
  }

 private:
  struct OpenPlace {
    model::SnapshotPlace place;
    std::optional<std::string> configuration;  ///< as the host says
  };

  void look_at(const store::PutSource& source, const DeploymentId& id) {
    std::set<PlaceKey> wanted;
    for (const auto& [key, open] : open_) {
      const auto artifact = source.artifacts.find(key.second);
      if (artifact != source.artifacts.end() && artifact->second == open.place.serving.release) wanted.insert(key);
    }
    if (wanted.empty()) return;
    planner::PlanningFacts facts = facts_;
    for (const PlaceKey& key : wanted) facts.artifacts[key.second] = {source.artifacts.at(key.second), 0, 0};
    try {
      const model::Manifest manifest = manifest_part(configurations_, source, wanted);
      for (const model::Component& component : manifest.components) {
        for (const HostId& host : component.hosts) try_place(manifest, component, host, facts, source, id);
      }
    } catch (const InputError& error) {
      why_not_ = error.what();
    }
  }

  /// It brings back what serves there if it would change nothing now.
  void try_place(const model::Manifest& manifest, const model::Component& component, const HostId& host,
                 const planner::PlanningFacts& facts, const store::PutSource& source, const DeploymentId& id) {
    const auto open = open_.find({host, component.name});
    if (open == open_.end()) return;
    const std::string configuration = configuration_of(component);
    if (open->second.configuration.value_or(configuration) != configuration) return;
    if (!planner::is_there_already(manifest, component, host, facts)) return;
    model::SnapshotPlace place = std::move(open->second.place);
    place.configuration = configuration;
    place.origin = id;
    place.origin_digest = origin_digest(source);
    place.files = component.files_to_backup;
    for (const protocol::SchemaDemand& demand : component.schemas_to_backup) place.schemas.push_back({demand, {}});
    found_.push_back(std::move(place));
    open_.erase(open);
  }

  Refusal nothing_brings(const model::SnapshotPlace& place) const {
    return {422,
            "no_origin",
            place_text(place.host, place.component) + " serves " + short_release(place.serving.release) +
                ", which no deployment that is known could bring back as it is" +
                (why_not_.empty() ? "" : " (" + why_not_ + ")") + "; deploy what you want to keep from its manifest",
            {{"host", place.host.str()}, {"component", place.component}}};
  }

  const store::StateStore& store_;
  const Configurations& configurations_;
  const planner::PlanningFacts& facts_;
  std::map<PlaceKey, OpenPlace> open_;
  std::vector<model::SnapshotPlace> found_;
  std::string why_not_;
};

// --- bringing one back
// -------------------------------------------------------------------------------------------------

Refusal corrupt(const model::SnapshotRow& snapshot, const std::string& what) {
  return {409,
          "snapshot_corrupt",
          "snapshot " + snapshot.id.str() + " is not what was written: " + what +
              ". Nothing is restored from it; `switchyard audit verify` says whether the audit chain is whole",
          {{"snapshot", snapshot.id.str()}}};
}

Refusal not_to_be_had(const model::SnapshotPlace& place, const std::string& why, const char* code, int status) {
  return {status,
          code,
          place_text(place.host, place.component) + " cannot be brought back: " + why +
              "; deploy the release that you want from its manifest",
          {{"host", place.host.str()}, {"component", place.component}}};
}

bool is_in_fleet(const HostBook& hosts, const HostId& host) {
  const model::HostRow* row = hosts.find(host);
  return row != nullptr && !row->removed;
}

/// One part for each deployment that something of the snapshot came from.
class PartsOfSnapshot {
 public:
  PartsOfSnapshot(const RestoreParts& parts, const model::SnapshotRow& snapshot) : parts_(parts), snapshot_(snapshot) {}

  Answer<planner::SnapshotToRestore> collect() {
    std::map<DeploymentId, std::vector<const model::SnapshotPlace*>> by_origin;
    for (const model::SnapshotPlace& place : snapshot_.places) {
      if (is_in_fleet(parts_.hosts, place.host)) by_origin[place.origin].push_back(&place);
    }
    planner::SnapshotToRestore wanted{snapshot_.id, snapshot_.name, snapshot_.environment, {}};
    for (const DeploymentId& origin : newest_first(by_origin)) {
      auto part = part_of(origin, by_origin.at(origin));
      if (auto* refusal = std::get_if<Refusal>(&part)) return std::move(*refusal);
      wanted.parts.push_back(std::move(std::get<planner::PartToRestore>(part)));
    }
    if (wanted.parts.empty()) {
      return Refusal{409,
                     "no_host_left",
                     "every host of snapshot " + snapshot_.id.str() + " has left the fleet since",
                     {{"snapshot", snapshot_.id.str()}}};
    }
    return wanted;
  }

 private:
  template <class ByOrigin>
  std::vector<DeploymentId> newest_first(const ByOrigin& by_origin) const {
    std::vector<std::pair<std::int64_t, DeploymentId>> aged;
    for (const auto& [origin, places] : by_origin) {
      const auto row = parts_.store.deployment(origin);
      aged.emplace_back(row ? row->created_wall_ms : 0, origin);
    }
    std::sort(aged.rbegin(), aged.rend());
    std::vector<DeploymentId> order;
    order.reserve(aged.size());
    for (const auto& [when, origin] : aged) order.push_back(origin);
    return order;
  }

  Answer<planner::PartToRestore> part_of(const DeploymentId& origin,
                                         const std::vector<const model::SnapshotPlace*>& places) const {
    const auto source = parts_.store.source(origin);
    if (!source) return not_to_be_had(*places.front(), "its manifest is not known any more", "no_origin", 422);
    const std::string digest = origin_digest(*source);
    planner::PartToRestore part;
    std::set<PlaceKey> keys;
    for (const model::SnapshotPlace* place : places) {
      if (place->origin_digest != digest) {
        return corrupt(snapshot_, "what deployment " + origin.str() + " was asked with is another in the store now");
      }
      const auto artifact = parts_.artifacts.manifest(place->serving.release);
      if (!artifact) {
        return not_to_be_had(*place, short_release(place->serving.release) + " is not kept here any more", "not_ready",
                             409);
      }
      part.artifacts[place->component] = {place->serving.release, artifact->bytes, artifact->unpacked_bytes};
      keys.insert({place->host, place->component});
      if (!place->files.empty()) part.files[{place->host, place->component}] = place->files;
    }
    try {
      part.manifest = manifest_part(parts_.configurations, *source, keys);
    } catch (const InputError& error) {
      return not_to_be_had(*places.front(), error.what(), "cannot_plan", 422);
    }
    for (const model::SnapshotPlace* place : places) {
      if (auto refusal = refuse_part(part.manifest, *place)) return std::move(*refusal);
    }
    return part;
  }

  std::optional<Refusal> refuse_part(const model::Manifest& manifest, const model::SnapshotPlace& place) const {
    const model::Component* component = manifest.find_component(place.component);
    const bool there = component != nullptr && std::find(component->hosts.begin(), component->hosts.end(),
                                                         place.host) != component->hosts.end();
    if (!there) {
      return corrupt(snapshot_,
                     "deployment " + place.origin.str() + " is not about " + place_text(place.host, place.component));
    }
    if (configuration_of(*component) == place.configuration) return std::nullopt;
    return not_to_be_had(place,
                         "its configuration cannot be made as it was: the key of this coordinator's vault is another, "
                         "or it belongs to an agent that is not enrolled",
                         "cannot_configure", 422);
  }

  const RestoreParts& parts_;
  const model::SnapshotRow& snapshot_;
};

/// Places that something of the snapshot's name serves in, or is still to be brought to, beside its own.
std::vector<PlaceKey> keys_since(const store::StateStore& store, const HostBook& hosts,
                                 const model::SnapshotRow& snapshot) {
  std::set<PlaceKey> own;
  for (const model::SnapshotPlace& place : snapshot.places) own.insert({place.host, place.component});
  const auto is_of_name = [&](const DeploymentId& id) {
    const auto row = id.empty() ? std::nullopt : store.deployment(id);
    return row && row->environment == snapshot.environment && row->name == snapshot.name;
  };
  std::vector<PlaceKey> since;
  for (const ServingView& view : serving_views(store)) {
    const PlaceKey key{view.row.host, view.row.component};
    if (own.contains(key) || !is_in_fleet(hosts, view.row.host)) continue;
    const bool serves = view.row.serving.kind == protocol::OldKind::release && is_of_name(view.row.deployment);
    if (serves || is_of_name(view.owed)) since.push_back(key);
  }
  return since;
}

/// The others would go on with what it takes away: a mix that nobody asked for.
std::optional<Refusal> refuse_mix(const RestoreParts& parts, const model::SnapshotRow& snapshot) {
  std::set<std::string> components;
  for (const model::SnapshotPlace& place : snapshot.places) components.insert(place.component);
  for (const auto& [host, component] : keys_since(parts.store, parts.hosts, snapshot)) {
    if (!components.contains(component)) continue;
    return Refusal{409,
                   "not_in_snapshot",
                   place_text(host, component) + " was deployed since, and snapshot " + snapshot.id.str() +
                       " has nothing of it: it would go on with another release than the others. Roll back what was "
                       "deployed there first (`switchyard rollback start`), or remove the host",
                   {{"host", host.str()}, {"component", component}}};
  }
  return std::nullopt;
}

}  // namespace

Answer<std::vector<model::SnapshotPlace>> read_places(const store::StateStore& store,
                                                      const Configurations& configurations,
                                                      const std::vector<model::ServingRow>& rows,
                                                      const planner::PlanningFacts& facts) {
  OriginSearch search(store, configurations, facts);
  for (const model::ServingRow& row : rows) {
    if (auto refusal = search.add(row)) return std::move(*refusal);
  }
  return search.search(rows.empty() ? std::string() : rows.front().environment);
}

Answer<planner::SnapshotToRestore> snapshot_to_restore(const RestoreParts& parts, const model::SnapshotRow& snapshot) {
  if (!model::is_whole(snapshot)) return corrupt(snapshot, "its checksum is another");
  if (auto refusal = refuse_mix(parts, snapshot)) return std::move(*refusal);
  return PartsOfSnapshot(parts, snapshot).collect();
}

std::vector<std::string> places_since(const store::StateStore& store, const HostBook& hosts,
                                      const model::SnapshotRow& snapshot) {
  std::vector<std::string> texts;
  for (const auto& [host, component] : keys_since(store, hosts, snapshot)) {
    texts.push_back(component + " on " + host.str());
  }
  return texts;
}

DeploymentId deployed_since(const store::StateStore& store, CommittedPlans& plans, const model::SnapshotRow& snapshot,
                            std::int64_t now_wall_ms) {
  const std::vector<Lineage> all = lineages(store, plans, snapshot.environment, snapshot.name, now_wall_ms);
  if (all.empty()) return {};
  const DeploymentId& newest = all.front().undo;
  const bool saved = std::any_of(snapshot.places.begin(), snapshot.places.end(), [&](const auto& place) {
    return place.deployment == newest || place.origin == newest;
  });
  const auto row = store.deployment(newest);
  const bool before = row && row->created_wall_ms < snapshot.created_wall_ms;  // on hosts that had left by then
  return saved || before ? DeploymentId() : newest;
}

}  // namespace switchyard::fleet
