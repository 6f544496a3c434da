#include "coordinator/fleet/snapshot_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "coordinator/fleet/rollback_rules.hpp"
#include "coordinator/fleet/serving_views.hpp"

namespace switchyard::fleet {
namespace {

using protocol::ComponentFact;
using protocol::OldKind;

std::string configuration_text(const std::string& digest) { return digest.empty() ? "none" : digest.substr(0, 12); }

std::vector<std::string> differences_of(const model::SnapshotPlace& place, const ComponentFact& fact) {
  std::vector<std::string> all;
  if (fact.serving.kind != OldKind::release || fact.serving.release != place.serving.release) {
    all.push_back(serves_text(fact));
    return all;
  }
  if (fact.unit_state != place.unit_state) all.push_back("its unit is " + fact.unit_state);
  // Of an agent that does not say, and did not then, nothing is known.
  const bool boots = fact.enablement.value_or(place.enablement) == place.enablement || place.enablement.empty();
  if (!boots) all.push_back("its unit is " + *fact.enablement + " for the next boot");
  if (fact.configuration.value_or(place.configuration) != place.configuration) {
    all.push_back("its configuration is " + configuration_text(*fact.configuration));
  }
  return all;
}

const protocol::FileSaveResult* result_of(const FileSaves::HostAnswer* answer, const std::string& component) {
  if (answer == nullptr) return nullptr;
  for (const protocol::FileSaveResult& result : answer->results) {
    if (result.component == component) return &result;
  }
  return nullptr;
}

std::string why_nothing_came(const FileSaves::HostAnswer* answer, const protocol::FileSaveResult* result) {
  if (result != nullptr && !result->done) return result->code + ": " + result->detail;
  return answer == nullptr || answer->why_not.empty() ? "its agent told nothing of it" : answer->why_not;
}

const protocol::SchemaFact* fact_of(const protocol::FileSaveResult& result, const std::string& name) {
  for (const protocol::SchemaFact& fact : result.schemas) {
    if (fact.name == name) return &fact;
  }
  return nullptr;
}

constexpr std::size_t digest_digits = 64;
bool is_known(const protocol::SchemaFact* fact) {
  return fact != nullptr && fact->why_not.empty() && fact->sha256.size() == digest_digits;
}

/// `15` of `15.18 (Debian 15.18-0+deb12u1)`
std::string major_of(const std::string& version) { return version.substr(0, version.find_first_not_of("0123456789")); }

std::string schema_text(const model::SavedSchema& schema) {
  const protocol::DatabaseProbe& database = schema.demand.database;
  return "the schema of database " + database.database + " on " + database.host + " (" + schema.demand.name + ")";
}

std::string migration_text(const protocol::SchemaFact& then, const protocol::SchemaFact& now) {
  if (then.migration == now.migration) return {};
  const auto word = [](const std::string& migration) { return migration.empty() ? "none" : migration; };
  return " (newest migration " + word(then.migration) + " then, " + word(now.migration) + " now)";
}

/// Other versions write the same down in other words.
bool can_be_compared(const protocol::SchemaFact& then, const protocol::SchemaFact& now) {
  return major_of(then.dump_version) == major_of(now.dump_version) &&
         major_of(then.server_version) == major_of(now.server_version);
}

std::string versions_text(const protocol::SchemaFact& fact) {
  return "PostgreSQL " + major_of(fact.server_version) + " and pg_dump " + major_of(fact.dump_version);
}

}  // namespace

std::string note_saved(const FileSaves::HostAnswer* answer, model::SnapshotPlace& place) {
  const protocol::FileSaveResult* result = result_of(answer, place.component);
  if (result == nullptr || !result->done) return why_nothing_came(answer, result);
  if (result->present + result->absent != place.files.size()) {
    return result->code + ": " + result->detail;
  }
  place.files_present = result->present;
  for (model::SavedSchema& schema : place.schemas) {
    const protocol::SchemaFact* fact = fact_of(*result, schema.demand.name);
    if (!is_known(fact) || fact->file.empty()) return schema_text(schema) + " was not kept";
    schema.fact = *fact;
  }
  return {};
}

void compare_schemas(const model::SnapshotPlace& place, const FileSaves::HostAnswer* answer, PlaceNow& now) {
  const protocol::FileSaveResult* result = result_of(answer, place.component);
  const auto add = [&](PlaceNow::State state, std::string text) {
    // That nothing is known of one thing does not hide that another differs.
    if (now.state != PlaceNow::State::different) now.state = state;
    now.differences.push_back(std::move(text));
  };
  for (const model::SavedSchema& schema : place.schemas) {
    const protocol::SchemaFact* fact = result == nullptr ? nullptr : fact_of(*result, schema.demand.name);
    const std::string what = schema_text(schema);
    if (!is_known(fact)) {
      const std::string why = fact == nullptr ? why_nothing_came(answer, result) : fact->why_not;
      add(PlaceNow::State::unknown, "nothing is known of " + what + ": " + why);
    } else if (fact->sha256 == schema.fact.sha256 && fact->migration == schema.fact.migration) {
      continue;
    } else if (fact->sha256 != schema.fact.sha256 && !can_be_compared(schema.fact, *fact)) {
      add(PlaceNow::State::unknown, what + " was written down by " + versions_text(schema.fact) + ", and is by " +
                                        versions_text(*fact) + " now, in other words: compare it yourself with " +
                                        schema.fact.file + " on " + place.host.str());
    } else {
      add(PlaceNow::State::different,
          what + " is another than in the snapshot" + migration_text(schema.fact, *fact) +
              "; Switchyard changes no schema back. Compare it with " + schema.fact.file + " on " + place.host.str() +
              ", and migrate it as its release needs it, or restore the database's own backup");
    }
  }
}

void note_unread_schemas(const model::SnapshotPlace& place, PlaceNow& now) {
  for (const model::SavedSchema& schema : place.schemas) {
    // One on the host itself has left with it.
    if (model::is_on_same_host(schema.demand.database)) continue;
    now.state = PlaceNow::State::unknown;
    now.differences.push_back("nothing is known of " + schema_text(schema) + ", which was read there");
  }
}

Refusal no_snapshot(const SnapshotId& id) {
  return {404,
          "unknown_snapshot",
          "there is no snapshot " + id.str() + "; `switchyard snapshot list` shows those that are there",
          {{"snapshot", id.str()}}};
}

std::optional<Refusal> refuse_restore(const RestoreRequest& request, const model::SnapshotRow& snapshot) {
  if (!says_why(request.reason)) {
    return Refusal{400,
                   "reason_needed",
                   "the restore of snapshot " + snapshot.id.str() +
                       " does not say why, and the audit keeps that of each: give `reason`, with the command line "
                       "--reason \"the new catalogue is broken\"",
                   {{"snapshot", snapshot.id.str()}}};
  }
  if (model::is_whole(snapshot)) return std::nullopt;
  return Refusal{409,
                 "snapshot_corrupt",
                 "snapshot " + snapshot.id.str() +
                     " is not what was written: its checksum is another. Nothing is restored from it; `switchyard "
                     "audit verify` says whether the audit chain, which has its checksum, is whole",
                 {{"snapshot", snapshot.id.str()}}};
}

PlaceNow compare_place(const model::SnapshotPlace& place, const std::vector<ComponentFact>* answer) {
  PlaceNow now;
  if (answer == nullptr) {
    now.differences = {"its agent does not answer"};
    return now;
  }
  ComponentFact fact;
  for (const ComponentFact& one : *answer) {
    if (one.component == place.component) fact = one;
  }
  now.present = std::any_of(fact.releases.begin(), fact.releases.end(), [&](const protocol::ReleaseFact& release) {
    return release.release == place.serving.release && release.complete;
  });
  if (!fact.problem.empty()) {
    now.differences = {fact.problem};
    return now;
  }
  now.differences = differences_of(place, fact);
  now.state = now.differences.empty() ? PlaceNow::State::same : PlaceNow::State::different;
  return now;
}

}  // namespace switchyard::fleet
