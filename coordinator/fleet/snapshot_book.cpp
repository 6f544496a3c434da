#include "coordinator/fleet/snapshot_book.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/limits_snapshots.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/last_committed.hpp"
#include "coordinator/fleet/late_reply.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "coordinator/fleet/serving_views.hpp"
#include "coordinator/fleet/snapshot_origins.hpp"
#include "coordinator/fleet/snapshot_rules.hpp"
#include "coordinator/model/plan_lookup.hpp"

namespace switchyard::fleet {
namespace {

using model::SnapshotPlace;
using model::SnapshotRow;

Refusal too_many_rounds() {
  return {409, "busy", "as many snapshots as may be are being made or compared already; try again in a moment", {}};
}

SnapshotView plain_view(const SnapshotRow& row) {
  SnapshotView view;
  view.row = row;
  view.whole = model::is_whole(row);
  return view;
}

/// `api on web-1, web-2; web on web-1`
std::string places_text_of(const SnapshotRow& row) {
  std::map<std::string, std::string> hosts;
  for (const SnapshotPlace& place : row.places) {
    std::string& list = hosts[place.component];
    list += (list.empty() ? "" : ", ") + place.host.str();
  }
  std::string text;
  for (const auto& [component, list] : hosts) text += (text.empty() ? "" : "; ") + component + " on " + list;
  return text;
}

std::size_t files_of(const SnapshotRow& row) {
  std::size_t files = 0;
  for (const SnapshotPlace& place : row.places) files += place.files.size();
  return files;
}

std::map<std::string, std::string> audit_details(const SnapshotRow& row) {
  return {{"environment", row.environment}, {"name", row.name}, {"checksum", row.checksum}};
}

/// What the hosts have kept, into the row; or why something is not.
std::optional<Refusal> note_all_saved(const FileSaves::Answers& answers, SnapshotRow& row) {
  for (SnapshotPlace& place : row.places) {
    if (!place.has_copies()) continue;
    const auto answer = answers.find(place.host);
    const std::string why = note_saved(answer == answers.end() ? nullptr : &answer->second, place);
    if (why.empty()) continue;
    return Refusal{409,
                   "not_saved",
                   "the files and schemas of component `" + place.component + "` on host " + place.host.str() +
                       " could not be kept, and no snapshot was made: " + why,
                   {{"host", place.host.str()}, {"component", place.component}}};
  }
  return std::nullopt;
}

/// Of a host that did not answer nothing is known.
SnapshotView with_schemas_compared(SnapshotView view, const FileSaves::Answers& answers) {
  for (std::size_t i = 0; i < view.row.places.size(); ++i) {
    if (view.now[i].state == PlaceNow::State::left) {
      note_unread_schemas(view.row.places[i], view.now[i]);
      continue;
    }
    const auto answer = answers.find(view.row.places[i].host);
    compare_schemas(view.row.places[i], answer == answers.end() ? nullptr : &answer->second, view.now[i]);
  }
  return view;
}

std::vector<protocol::SchemaDemand> demands_of(const SnapshotPlace& place) {
  std::vector<protocol::SchemaDemand> demands;
  for (const model::SavedSchema& schema : place.schemas) demands.push_back(schema.demand);
  return demands;
}

std::size_t schemas_of(const SnapshotRow& row) {
  std::size_t schemas = 0;
  for (const SnapshotPlace& place : row.places) schemas += place.schemas.size();
  return schemas;
}

}  // namespace

// --- making
// ------------------------------------------------------------------------------------------------------------

/// What was committed last in each place that belongs to the name.
Answer<SnapshotBook::Making> SnapshotBook::choose(const Caller& caller, const SnapshotRequest& request) const {
  Making making;
  std::set<std::string> names;
  const std::vector<model::DeploymentRow> rows = parts_.store.deployments(limits::deferral_rows_max);
  for (model::ServingRow& row : last_committed(parts_.store.serving(), rows)) {
    const model::HostRow* host = parts_.hosts.find(row.host);
    if (host == nullptr || host->removed) continue;
    if (row.environment != request.environment || row.serving.kind != protocol::OldKind::release) continue;
    const auto deployment = parts_.store.deployment(row.deployment);
    if (!deployment || (!request.name.empty() && deployment->name != request.name)) continue;
    names.insert(deployment->name);
    making.serving.push_back(std::move(row));
  }
  const std::string where =
      "`" + request.environment + "`" + (request.name.empty() ? "" : " as `" + request.name + "`");
  if (names.empty()) {
    return Refusal{404, "nothing_serves", "nothing that was deployed serves in " + where + "; `switchyard status`", {}};
  }
  if (names.size() > 1) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return Refusal{
        409,
        "several_names",
        "in " + where + " there are " + list + ", each of which is deployed by itself: say which with --name",
        {{"names", list}}};
  }
  making.caller = caller;
  making.row.id = SnapshotId("s-" + random_hex(8));
  making.row.environment = request.environment;
  making.row.name = *names.begin();
  making.row.author = caller.principal;
  making.row.reason = request.reason;
  return making;
}

/// Some hosts would have what others have still to get: that is no state to come back to.
std::optional<Refusal> SnapshotBook::refuse_unsettled(const Making& making) const {
  for (const ServingView& view : serving_views(parts_.store)) {
    const auto owed = view.owed.empty() ? std::nullopt : parts_.store.deployment(view.owed);
    const model::HostRow* host = parts_.hosts.find(view.row.host);
    if (!owed || host == nullptr || host->removed) continue;
    if (owed->environment != making.row.environment || owed->name != making.row.name) continue;
    return Refusal{409,
                   "not_settled",
                   "host " + view.row.host.str() + " has still to be brought to deployment " + owed->id.str() +
                       " (component `" + view.row.component + "`): wait until it is, or remove the host from the fleet",
                   {{"host", view.row.host.str()}, {"component", view.row.component}}};
  }
  if (parts_.store.snapshots().size() < limits::snapshots_max) return std::nullopt;
  return Refusal{
      409,
      "too_many_snapshots",
      "there are " + std::to_string(limits::snapshots_max) + " snapshots; remove some (`switchyard snapshot rm`)",
      {}};
}

void SnapshotBook::create(const Caller& caller, const SnapshotRequest& request, Reply<SnapshotView> reply) {
  auto chosen = choose(caller, request);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return reply(std::move(*refusal));
  auto making = std::make_shared<Making>(std::move(std::get<Making>(chosen)));
  if (auto refusal = refuse_unsettled(*making)) return reply(std::move(*refusal));
  auto read = std::make_shared<std::optional<Answer<std::vector<SnapshotPlace>>>>();
  parts_.planning.look(
      serving_questions(parts_.store, making->serving),
      [this, making, read](const planner::PlanningFacts& facts) {
        *read = read_places(parts_.store, parts_.configurations, making->serving, facts);
      },
      [this, making, read, reply = std::move(reply)](Answer<PlanGround> ground) {
        if (auto* refusal = std::get_if<Refusal>(&ground)) return reply(std::move(*refusal));
        ENSURE(read->has_value());
        if (auto* refusal = std::get_if<Refusal>(&**read)) return reply(std::move(*refusal));
        making->row.places = std::get<std::vector<SnapshotPlace>>(std::move(**read));
        making->ground = std::get<PlanGround>(std::move(ground));
        reply_with(reply, [&] { save_files(std::move(*making), reply); });
      });
}

void SnapshotBook::save_files(Making making, Reply<SnapshotView> reply) {
  if (auto refusal = parts_.tokens.refuse_ended(making.caller)) return reply(std::move(*refusal));
  if (making.caller.rehearses) {
    const std::size_t files = files_of(making.row);
    const std::size_t schemas = schemas_of(making.row);
    return reply(rehearsed("a snapshot of " + making.row.name + " in " + making.row.environment +
                           " would be made: " + places_text_of(making.row) +
                           (files == 0 ? "" : "; " + std::to_string(files) + " files would be kept on their hosts") +
                           (schemas == 0 ? "" : "; " + std::to_string(schemas) + " schemas would be read")));
  }
  FileSaves::Orders orders;
  const KeptNames kept = kept_names();
  for (const SnapshotPlace& place : making.row.places) {
    if (!place.has_copies()) continue;
    orders[place.host].push_back({place.component, making.row.id.str(), place.files,
                                  names_of(kept, place.host, place.component), demands_of(place)});
  }
  if (orders.empty()) return reply(write(std::move(making)));
  auto held = std::make_shared<Making>(std::move(making));
  const bool begun = parts_.saves.run(orders, [this, held, reply](const FileSaves::Answers& answers) {
    making_.erase(held->row.id.str());
    reply_with(reply, [&] {
      auto refusal = note_all_saved(answers, held->row);
      if (!refusal) refusal = parts_.tokens.refuse_ended(held->caller);
      // A deployment may have begun while the files were copied, and changed some of them.
      if (!refusal) refusal = parts_.planning.refuse_since(held->ground);
      if (!refusal) return reply(write(std::move(*held)));
      forget_files({held->row});
      reply(std::move(*refusal));
    });
  });
  if (begun) {
    making_.insert(held->row.id.str());
    return;
  }
  reply(too_many_rounds());
}

Answer<SnapshotView> SnapshotBook::write(Making making) {
  SnapshotRow& row = making.row;
  row.created_wall_ms = parts_.clock.wall_ms();
  row.checksum = model::checksum_of(row);
  std::vector<SnapshotRow> newest_first{row};
  for (SnapshotRow& other : parts_.store.snapshots()) newest_first.push_back(std::move(other));
  std::vector<SnapshotRow> dropped;
  store::Transaction writes{store::AddSnapshot{row}, audit_row(parts_.clock, making.caller, "snapshot.create",
                                                               row.id.str(), row.reason, audit_details(row))};
  for (store::Write& drop : drop_writes(row.environment, row.name, std::move(newest_first), dropped)) {
    writes.push_back(std::move(drop));
  }
  parts_.store.commit(writes);
  log::info("snapshot made", {{"snapshot", row.id.str()},
                              {"environment", row.environment},
                              {"name", row.name},
                              {"places", row.places.size()},
                              {"files", files_of(row)},
                              {"schemas", schemas_of(row)},
                              {"dropped", dropped.size()}});
  forget_files(dropped);
  keep_sweeping();
  return plain_view(row);
}

// --- looking
// -----------------------------------------------------------------------------------------------------------

std::vector<SnapshotView> SnapshotBook::list(const std::string& environment, const std::string& name,
                                             std::size_t limit) const {
  std::vector<SnapshotView> views;
  for (const SnapshotRow& row : parts_.store.snapshots()) {
    if (views.size() >= limit) break;
    const bool wanted = (environment.empty() || row.environment == environment) && (name.empty() || row.name == name);
    if (wanted) views.push_back(plain_view(row));
  }
  return views;
}

InventoryRounds::Questions SnapshotBook::questions_of(const SnapshotRow& snapshot) const {
  std::vector<model::ServingRow> rows;
  for (const SnapshotPlace& place : snapshot.places) {
    model::ServingRow row;
    row.host = place.host;
    row.component = place.component;
    row.deployment = place.deployment;
    if (parts_.registry.connected(row.host)) rows.push_back(std::move(row));
  }
  return serving_questions(parts_.store, rows);
}

void SnapshotBook::show(const SnapshotId& id, bool schemas, Reply<SnapshotView> reply) {
  const auto row = parts_.store.snapshot(id);
  if (!row) return reply(no_snapshot(id));
  parts_.planning.ask_hosts(questions_of(*row),
                            [this, schemas, row = *row, reply](const InventoryRounds::Answers& answers) {
                              reply_with(reply, [&] {
                                SnapshotView view = looked_at(row, answers);
                                if (!schemas || schemas_of(row) == 0) return reply(std::move(view));
                                look_at_schemas(std::move(view), reply);
                              });
                            });
}

/// Nobody is asked what a row says that is not what was written.
void SnapshotBook::look_at_schemas(SnapshotView view, Reply<SnapshotView> reply) {
  FileSaves::Orders orders;
  const KeptNames kept = kept_names();
  for (std::size_t i = 0; i < view.row.places.size(); ++i) {
    const SnapshotPlace& place = view.row.places[i];
    if (place.schemas.empty() || !view.whole || view.now[i].state == PlaceNow::State::left) continue;
    if (!parts_.registry.connected(place.host)) continue;
    orders[place.host].push_back(
        {place.component, {}, {}, names_of(kept, place.host, place.component), demands_of(place)});
  }
  if (orders.empty()) return reply(with_schemas_compared(std::move(view), {}));
  const auto held = std::make_shared<SnapshotView>(std::move(view));
  const bool begun = parts_.saves.run(orders, [held, reply](const FileSaves::Answers& answers) {
    reply(with_schemas_compared(std::move(*held), answers));
  });
  if (!begun) reply(too_many_rounds());
}

SnapshotView SnapshotBook::looked_at(const SnapshotRow& row, const InventoryRounds::Answers& answers) const {
  SnapshotView view = plain_view(row);
  for (const SnapshotPlace& place : row.places) {
    const auto answer = answers.find(place.host);
    PlaceNow now = compare_place(place, answer == answers.end() ? nullptr : &answer->second);
    const model::HostRow* host = parts_.hosts.find(place.host);
    if (host == nullptr || host->removed) {
      now.state = PlaceNow::State::left;
      now.differences = {"its host has left the fleet"};
    }
    now.kept = parts_.artifacts.manifest(place.serving.release).has_value();
    view.now.push_back(std::move(now));
  }
  const auto found = snapshot_to_restore({parts_.store, parts_.artifacts, parts_.configurations, parts_.hosts}, row);
  if (const auto* refusal = std::get_if<Refusal>(&found)) view.why_not = refusal->message;
  view.since = places_since(parts_.store, parts_.hosts, row);
  return view;
}

Answer<SnapshotRow> SnapshotBook::to_restore(const RestoreRequest& request) const {
  auto row = parts_.store.snapshot(request.snapshot);
  if (!row) return no_snapshot(request.snapshot);
  if (auto refusal = refuse_restore(request, *row)) return std::move(*refusal);
  return *std::move(row);
}

// --- removing
// ----------------------------------------------------------------------------------------------------------

/// A restore that is under way, or waits for approval, needs it to its end.
std::set<SnapshotId> SnapshotBook::in_use() const {
  std::set<SnapshotId> used;
  for (const model::DeploymentRow& row : parts_.store.unfinished_deployments()) used.insert(row.snapshot);
  return used;
}

Answer<bool> SnapshotBook::remove(const Caller& caller, const SnapshotId& id) {
  const auto row = parts_.store.snapshot(id);
  if (!row) return no_snapshot(id);
  for (const model::DeploymentRow& deployment : parts_.store.unfinished_deployments()) {
    if (deployment.snapshot != id) continue;
    return Refusal{409,
                   "in_use",
                   "deployment " + deployment.id.str() + " restores snapshot " + id.str() +
                       "; wait for its end, or take it back with `switchyard deploy cancel`",
                   {{"snapshot", id.str()}, {"deployment", deployment.id.str()}}};
  }
  if (caller.rehearses) {
    return rehearsed("snapshot " + id.str() + " of " + row->name + " in " + row->environment + " would be removed");
  }
  parts_.store.commit(
      {store::DropSnapshot{id}, audit_row(parts_.clock, caller, "snapshot.remove", id.str(), {}, audit_details(*row))});
  forget_files({*row});
  return true;
}

store::Transaction SnapshotBook::drop_writes(const std::string& environment, const std::string& name,
                                             std::vector<SnapshotRow> newest_first,
                                             std::vector<SnapshotRow>& dropped) const {
  std::erase_if(newest_first,
                [&](const SnapshotRow& row) { return row.environment != environment || row.name != name; });
  const access::EnvironmentRule rule = access::rule_for(rules_, environment);
  const auto ids = model::snapshots_to_drop(newest_first, {rule.keep_snapshots, rule.snapshot_days}, in_use(),
                                            parts_.clock.wall_ms());
  store::Transaction writes;
  for (const SnapshotRow& row : newest_first) {
    if (std::find(ids.begin(), ids.end(), row.id) == ids.end()) continue;
    writes.push_back(store::DropSnapshot{row.id});
    writes.push_back(audit_row(parts_.clock, coordinator_itself(), "snapshot.expire", row.id.str(),
                               "newer ones are kept in its place, or it is too old", audit_details(row)));
    dropped.push_back(row);
  }
  return writes;
}

SnapshotBook::KeptNames SnapshotBook::kept_names() const {
  KeptNames kept;
  for (const SnapshotRow& row : parts_.store.snapshots()) {
    for (const SnapshotPlace& place : row.places) {
      if (place.has_copies()) kept[{place.host, place.component}].push_back(row.id.str());
    }
  }
  return kept;
}

std::vector<std::string> SnapshotBook::names_of(const KeptNames& kept, const HostId& host,
                                                const std::string& component) const {
  std::vector<std::string> names(making_.begin(), making_.end());
  const auto found = kept.find({host, component});
  if (found == kept.end()) return names;
  for (const std::string& name : found->second) {
    if (names.size() < limits::saves_kept_max) names.push_back(name);
  }
  return names;
}

void SnapshotBook::forget_files(const std::vector<SnapshotRow>& dropped) {
  std::set<std::pair<HostId, std::string>> places;
  for (const SnapshotRow& row : dropped) {
    for (const SnapshotPlace& place : row.places) {
      if (place.has_copies() && parts_.registry.connected(place.host)) places.insert({place.host, place.component});
    }
  }
  if (places.empty()) return;
  FileSaves::Orders orders;
  const KeptNames kept = kept_names();
  for (const auto& [host, component] : places) {
    orders[host].push_back({component, {}, {}, names_of(kept, host, component), {}});
  }
  // Whether it is done or not: the next snapshot of the component says it again.
  (void)parts_.saves.run(orders, [](const FileSaves::Answers&) {});
}

void SnapshotBook::begin() {
  try {
    if (parts_.store.snapshots().empty()) return;
    sweep();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("old snapshots were not dropped; will be tried again", {{"why", error.what()}});
  }
  keep_sweeping();
}

/// As long as there are any.
void SnapshotBook::keep_sweeping() {
  parts_.timers.set("snapshots/sweep", limits::snapshot_sweep_ms, [this] { begin(); });
}

void SnapshotBook::sweep() {
  const std::vector<SnapshotRow> all = parts_.store.snapshots();
  std::set<std::pair<std::string, std::string>> names;
  for (const SnapshotRow& row : all) names.insert({row.environment, row.name});
  std::vector<SnapshotRow> dropped;
  store::Transaction writes;
  for (const auto& [environment, name] : names) {
    for (store::Write& drop : drop_writes(environment, name, all, dropped)) writes.push_back(std::move(drop));
  }
  if (writes.empty()) return;
  parts_.store.commit(writes);
  forget_files(dropped);
}

}  // namespace switchyard::fleet
