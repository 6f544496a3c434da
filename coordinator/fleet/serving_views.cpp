#include "coordinator/fleet/serving_views.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "coordinator/fleet/deferral_ledger.hpp"
#include "coordinator/fleet/last_committed.hpp"
#include "coordinator/model/plan_lookup.hpp"
#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentRow;
using protocol::OldKind;

/// Views by place; a place where nothing was committed yet has one that says so.
class ServingMap {
 public:
  explicit ServingMap(const store::StateStore& store) : store_(store), ledger_(store) {
    for (model::ServingRow& row : last_committed(store.serving(), ledger_.rows())) {
      ServingView& view = views_[{row.host, row.component}];
      view.since_wall_ms = committed_at(row.deployment);
      view.row = std::move(row);
    }
    for (const DeploymentRow& row : ledger_.rows()) add_owed(row);
    for (const DeploymentRow& row : store.unfinished_deployments()) add_changing(row);
  }

  std::vector<ServingView> take() {
    std::vector<ServingView> all;
    all.reserve(views_.size());
    for (auto& [place, view] : views_) all.push_back(std::move(view));
    return all;
  }

 private:
  std::int64_t committed_at(const DeploymentId& id) const {
    const auto row = store_.deployment(id);
    if (!row) return 0;
    return row->finished_wall_ms != 0 ? row->finished_wall_ms : row->updated_wall_ms;
  }

  ServingView& at(const HostId& host, const std::string& component, const DeploymentRow& wanted) {
    const auto [found, added] = views_.try_emplace({host, component});
    if (added) {
      found->second.row.host = host;
      found->second.row.component = component;
      found->second.row.environment = wanted.environment;
    }
    return found->second;
  }

  void add_owed(const DeploymentRow& row) {
    for (const HostId& host : row.deferred) {
      for (const std::string& component : ledger_.owed(row.id, host)) {
        ServingView& view = at(host, component, row);
        if (view.owed.empty()) view.owed = row.id;  // the newest comes first
      }
    }
  }

  void add_changing(const DeploymentRow& row) {
    if (row.state == model::DeploymentState::draft) return;  // no host has heard of it
    const auto plan = store_.plan(row.id);
    if (!plan) return;
    for (const auto& [host, slice] : plan->slices) {
      for (const protocol::SliceComponent& component : slice.components) {
        at(host, component.name, row).changing = row.id;
      }
    }
  }

  const store::StateStore& store_;
  const DeferralLedger ledger_;
  std::map<std::pair<HostId, std::string>, ServingView> views_;
};

}  // namespace

std::vector<ServingView> serving_views(const store::StateStore& store) { return ServingMap(store).take(); }

InventoryRounds::Questions serving_questions(const store::StateStore& store,
                                             const std::vector<model::ServingRow>& rows) {
  InventoryRounds::Questions questions;
  std::map<DeploymentId, std::optional<model::Plan>> plans;  // one brought many places, and is large
  for (const model::ServingRow& row : rows) {
    const auto [plan, added] = plans.try_emplace(row.deployment);
    if (added) plan->second = store.plan(row.deployment);
    const protocol::SliceComponent* part =
        plan->second ? model::find_component(*plan->second, row.host, row.component) : nullptr;
    protocol::InventoryQuestion question;
    question.component = row.component;
    questions[row.host].push_back(part != nullptr ? planner::question_about(*part) : question);
  }
  return questions;
}

std::string serves_text(const protocol::ComponentFact& fact) {
  if (fact.serving.kind == OldKind::absent) return "nothing serves";
  if (fact.serving.kind == OldKind::legacy) return "what ran before Switchyard serves";
  return "release " + fact.serving.release.str().substr(0, 12) + " serves";
}

ServingNow compare_serving(const model::ServingRow& row, const protocol::ComponentFact& fact) {
  using State = ServingNow::State;
  if (!fact.problem.empty()) return {State::unknown, fact.problem};
  if (fact.serving.kind != row.serving.kind || fact.serving.release != row.serving.release) {
    return {State::different, serves_text(fact)};
  }
  if (fact.serving.kind != OldKind::release) return {State::as_committed, {}};
  if (!fact.unit_state.empty() && fact.unit_state != "active" && fact.unit_state != "reloading") {
    return {State::different, fact.serving.unit + " is " + fact.unit_state};
  }
  const bool whole = std::none_of(
      fact.releases.begin(), fact.releases.end(),
      [&](const auto& release) { return release.release == fact.serving.release && !release.complete; });
  if (!whole) return {State::different, "files of the release that serves are missing"};
  if (fact.enablement == "disabled") return {State::different, fact.serving.unit + " does not start at the next boot"};
  return {State::as_committed, {}};
}

void note_answers(const std::vector<ServingView>& before, const InventoryRounds::Answers& answers,
                  std::vector<ServingView>& views) {
  std::map<std::pair<HostId, std::string>, const model::ServingRow*> asked;
  for (const ServingView& view : before) {
    if (view.changing.empty()) asked[{view.row.host, view.row.component}] = &view.row;
  }
  for (ServingView& view : views) {
    const auto row = asked.find({view.row.host, view.row.component});
    const auto answer = answers.find(view.row.host);
    if (view.row.deployment.empty()) {
      view.now.why = "nothing was committed there yet";
    } else if (!view.changing.empty() || row == asked.end() || *row->second != view.row) {
      view.now.why = "it is being changed";
    } else if (answer == answers.end()) {
      view.now.why = view.connected ? "its agent does not answer" : "its agent is not connected";
    } else {
      view.now.why = "its agent does not say";
      for (const protocol::ComponentFact& fact : answer->second) {
        if (fact.component == view.row.component) view.now = compare_serving(view.row, fact);
      }
    }
  }
}

}  // namespace switchyard::fleet
