#include "coordinator/fleet/plan_outlook.hpp"

#include <algorithm>

#include "common/ensure.hpp"
#include "common/limits.hpp"

namespace switchyard::fleet {
namespace {

forecast::ApprovalNeed approvals_of(const access::StartRule& asked, const std::string& environment) {
  const access::EnvironmentRule& rule = asked.rule;
  if (rule.approvals == 0) return {0, {}, asked.why};
  forecast::ApprovalNeed need;
  need.count = rule.approvals;
  need.who = "persons with the role approver in `" + environment + "`";
  need.who += rule.self_approval == access::SelfApproval::with_totp
                  ? ", the author among them with the code of an authenticator app"
                  : " who are not the author";
  if (rule.require_mfa) need.who += ", each with the code of an authenticator app";
  need.why = asked.why;
  return need;
}

}  // namespace

forecast::DurationHistory measured_durations(const store::StateStore& store, const model::Manifest& manifest) {
  forecast::DurationHistory history;
  std::size_t read = 0;
  std::size_t lines_left = limits::forecast_timeline_entries_max;
  for (const model::DeploymentRow& row : store.deployments(limits::list_rows_max)) {
    // What was rolled back has measured its steps too, and the undo of some.
    const bool ended = row.state == model::DeploymentState::done || row.state == model::DeploymentState::rolled_back;
    if (!ended || row.kind != model::DeploymentKind::deploy) continue;
    // What was interrupted by a restart has waited for that too.
    if (row.name != manifest.name || row.environment != manifest.environment || row.resumed != 0) continue;
    if (read++ == limits::forecast_deployments_max || lines_left == 0) break;
    const auto plan = store.plan(row.id);
    if (!plan) continue;
    const std::vector<model::TimelineEntry> timeline = store.timeline(row.id, 0, lines_left);
    lines_left -= std::min(lines_left, timeline.size());
    history.add(*plan, timeline);
  }
  return history;
}

access::PlanTerms plan_terms(const PlannedDeployment& planned) {
  ENSURE(planned.basis.has_value() && !planned.basis->manifest.components.empty());
  const auto& [manifest, facts] = *planned.basis;
  access::PlanTerms terms;
  for (const planner::PlannedChange& change : planner::planned_changes(manifest, facts, planned.plan)) {
    terms.changes_configuration =
        terms.changes_configuration ||
        std::any_of(change.differences.begin(), change.differences.end(),
                    [](const planner::Difference& difference) { return difference.what == "configuration"; });
  }
  for (const planner::Risk& risk : planner::plan_risks(manifest, planned.plan, planned.deferred)) {
    const std::string name(planner::risk_name(risk.kind));
    // They come in the order of their kinds.
    const bool new_name = terms.high_risks.empty() || terms.high_risks.back() != name;
    if (planner::is_high(risk.kind) && new_name) terms.high_risks.push_back(name);
  }
  return terms;
}

forecast::Outlook outlook_of(const store::StateStore& store, const access::StartRule& asked,
                             const PlannedDeployment& planned) {
  ENSURE(planned.basis.has_value());
  const auto& [manifest, facts] = *planned.basis;
  const forecast::DurationHistory history = measured_durations(store, manifest);
  forecast::Outlook outlook;
  outlook.changes = planner::planned_changes(manifest, facts, planned.plan);
  outlook.risks = planner::plan_risks(manifest, planned.plan, planned.deferred);
  outlook.approvals = approvals_of(asked, manifest.environment);
  outlook.duration = forecast::estimate_duration(planned.plan, history);
  outlook.downtime = forecast::estimate_downtime(planned.plan, history);
  return outlook;
}

}  // namespace switchyard::fleet
