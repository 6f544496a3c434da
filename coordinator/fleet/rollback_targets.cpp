#include "coordinator/fleet/rollback_targets.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/limits.hpp"
#include "coordinator/model/plan_lookup.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

using limits::targets_per_name_max;

class Reader {
 public:
  Reader(const store::StateStore& store, CommittedPlans& plans, std::int64_t now_wall_ms)
      : plans_(plans), now_wall_ms_(now_wall_ms), history_(store, plans) {
    for (const DeploymentRow& row : history_.rows()) {
      const bool goes_back = row.kind == DeploymentKind::rollback || row.kind == DeploymentKind::restore;
      if (goes_back && row.state == DeploymentState::done) undone_.insert(row.rollback_of);
    }
  }

  std::vector<Lineage> read(const std::string& environment, const std::string& name) {
    std::map<std::pair<std::string, std::string>, Lineage> all;
    // When what is older ceased to serve: newest first, so that it is known when an older row is met.
    std::map<std::pair<std::string, std::string>, std::int64_t> ceased;
    for (const DeploymentRow& row : history_.rows()) {
      if (row.state != DeploymentState::done || row.kind == DeploymentKind::converge) continue;
      if ((!environment.empty() && row.environment != environment) || (!name.empty() && row.name != name)) continue;
      const std::pair key{row.environment, row.name};
      // Nothing is asked of what is older than the last target, and a plan takes its time to be read.
      const auto known = all.find(key);
      if (known != all.end() && known->second.targets.size() >= targets_per_name_max) continue;
      const auto plan = plans_.find(row.id);
      if (plan == nullptr || plan->brought.empty()) continue;
      Lineage& lineage = all[key];
      lineage.environment = row.environment;
      lineage.name = row.name;
      if (lineage.undo.empty()) lineage.undo = row.id;
      const auto [until, newest] = ceased.try_emplace(key, now_wall_ms_);
      if (row.kind == DeploymentKind::deploy) lineage.targets.push_back(target_of(row, *plan, until->second));
      until->second = row.finished_wall_ms;
    }
    std::vector<Lineage> found;
    for (auto& [key, lineage] : all) {
      mark_last_stable(lineage);
      found.push_back(std::move(lineage));
    }
    return found;
  }

 private:
  RollbackTarget target_of(const DeploymentRow& row, const CommittedPlan& plan, std::int64_t until_wall_ms) const {
    RollbackTarget target;
    target.row = row;
    target.serving = true;
    for (const auto& [place, there] : history_.of(row)) {
      const auto now = history_.now(place);
      TargetPlace& noted = target.places.emplace_back(TargetPlace{place.first, place.second, there.release});
      if (there.served) {
        noted.asked_as = there.served->deployment;
      } else if (now) {
        noted.asked_as = now->deployment;
      }
      // Of what nobody remembers nobody can say that it does not serve.
      if (there.served && !serves_the_same(now, there.served)) target.serving = false;
    }
    target.rolled_back = undone_.contains(row.id);
    LifeFacts life;
    life.served_ms = until_wall_ms - row.finished_wall_ms;
    life.failures = row.failures.size();
    life.watched = plan.watched;
    life.rolled_back = target.rolled_back;
    life.hosts = plan.hosts + row.deferred.size();
    life.behind = row.deferred.size();
    const HealthScore score = health_score(life);
    target.score = score.points;
    target.why = score.why;
    return target;
  }

  /// The best of those that do not serve and were not rolled back; of equals the newest.
  static void mark_last_stable(Lineage& lineage) {
    RollbackTarget* best = nullptr;
    for (RollbackTarget& target : lineage.targets) {
      if (target.serving || target.rolled_back) continue;
      if (best == nullptr || target.score > best->score) best = &target;
    }
    if (best != nullptr) best->last_stable = true;
  }

  CommittedPlans& plans_;
  std::int64_t now_wall_ms_;
  ServingHistory history_;
  std::set<DeploymentId> undone_;
};

std::string name_of(const RollbackTarget& target) {
  return (target.row.version.empty() ? std::string("-") : target.row.version) + " (" + target.row.id.str() + ")";
}

std::string listed(const Lineage& lineage) {
  std::string text;
  for (const RollbackTarget& target : lineage.targets) {
    if (!target.serving) text += (text.empty() ? "" : ", ") + name_of(target);
  }
  return text.empty() ? "there is no other" : "there are: " + text;
}

Refusal no_target(const std::string& message) { return {404, "no_target", message, {}}; }

/// The one that was named.
Answer<const RollbackTarget*> find_target(const Lineage& lineage, const std::string& version) {
  const std::string where = "`" + lineage.name + "` in `" + lineage.environment + "`";
  for (const RollbackTarget& target : lineage.targets) {
    if (target.row.version != version && target.row.id.str() != version) continue;
    if (!target.serving) return &target;
    return Refusal{409, "serves_already", "version " + name_of(target) + " of " + where + " serves already", {}};
  }
  return no_target("no committed deployment of " + where + " has the version `" + version + "`; " + listed(lineage));
}

/// Place by place: of the components of a deployment, and of their hosts, often only some have changed.
std::map<Place, std::optional<ReleaseId>> places_anew(const ServingHistory& history, const Undoing& undoing,
                                                      const DeploymentRow& target) {
  const std::map<Place, VersionPlace> wanted = history.of(target);
  std::map<Place, std::optional<ReleaseId>> anew;
  for (const auto& [host, slice] : undoing.standing.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      const auto& asked = undoing.components;
      if (!asked.empty() && std::find(asked.begin(), asked.end(), component.name) == asked.end()) continue;
      const Place place(host, component.name);
      const auto there = wanted.find(place);
      if (there == wanted.end()) {
        // Neither had the version anything there, nor did what is undone find anything of ours.
        const bool came_since = component.old.kind == protocol::OldKind::release || history.had_any(target.id, place);
        if (came_since) anew[place] = std::nullopt;
      } else if (!serves_the_same(history.before(undoing.row.id, place, component.old), there->second.served)) {
        anew[place] = there->second.release;
      }
    }
  }
  return anew;
}

}  // namespace

std::vector<Lineage> lineages(const store::StateStore& store, CommittedPlans& plans, const std::string& environment,
                              const std::string& name, std::int64_t now_wall_ms) {
  return Reader(store, plans, now_wall_ms).read(environment, name);
}

planner::InventoryQuestions presence_questions(const store::StateStore& store, const std::vector<Lineage>& all) {
  planner::InventoryQuestions questions;
  std::set<Place> asked;
  std::map<DeploymentId, std::optional<model::Plan>> plans;  // mostly that of the newest, which has all places
  for (const Lineage& lineage : all) {
    for (const RollbackTarget& target : lineage.targets) {
      for (const TargetPlace& place : target.places) {
        if (place.asked_as.empty() || !asked.insert({place.host, place.component}).second) continue;
        const auto [plan, added] = plans.try_emplace(place.asked_as);
        if (added) plan->second = store.plan(place.asked_as);
        const protocol::SliceComponent* component =
            plan->second ? model::find_component(*plan->second, place.host, place.component) : nullptr;
        if (component != nullptr) questions[place.host].push_back(planner::question_about(*component));
      }
    }
  }
  return questions;
}

void note_presence(const std::map<HostId, std::vector<protocol::ComponentFact>>& answers, std::vector<Lineage>& all) {
  const auto present = [&](const TargetPlace& place) -> std::optional<bool> {
    const auto host = answers.find(place.host);
    if (host == answers.end()) return std::nullopt;
    for (const protocol::ComponentFact& fact : host->second) {
      if (fact.component != place.component) continue;
      return std::any_of(fact.releases.begin(), fact.releases.end(), [&](const protocol::ReleaseFact& release) {
        return release.release == place.release && release.complete;
      });
    }
    return std::nullopt;  // it was not asked for this
  };
  for (Lineage& lineage : all) {
    for (RollbackTarget& target : lineage.targets) {
      for (TargetPlace& place : target.places) place.present = present(place);
    }
  }
}

Answer<ChosenTarget> choose_target(const store::StateStore& store, CommittedPlans& plans, const Undoing& undoing,
                                   const std::string& version, std::int64_t now_wall_ms) {
  const DeploymentRow& undone = undoing.row;
  const std::vector<Lineage> all = lineages(store, plans, undone.environment, undone.name, now_wall_ms);
  if (all.empty()) return no_target("nothing was committed under the name `" + undone.name + "`");
  const Lineage& lineage = all.front();
  if (lineage.undo != undone.id) {
    return Refusal{409,
                   "overtaken",
                   "deployment " + undone.id.str() + " is not the newest of `" + undone.name + "`: that is " +
                       lineage.undo.str() + ", which a rollback to another version has to undo",
                   {{"deployment", lineage.undo.str()}}};
  }
  auto found = find_target(lineage, version);
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  ChosenTarget chosen{std::get<const RollbackTarget*>(found)->row};
  chosen.anew = places_anew(ServingHistory(store, plans), undoing, chosen.row);
  return chosen;
}

}  // namespace switchyard::fleet
