#include "coordinator/fleet/environment_policies.hpp"

#include <utility>

#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {
namespace {

model::Policies asked_by(const model::Configuration& configuration) {
  return {configuration.require_mfa, configuration.encrypt_at_rest};
}

store::AppendAudit policy_audit(const model::DeploymentRow& row, const model::Policies& before,
                                const model::Policies& now) {
  model::AuditEntry entry;
  entry.wall_ms = row.updated_wall_ms;
  entry.principal = coordinator_itself().principal;
  entry.origin = coordinator_itself().origin;
  entry.operation = "policy.remember";
  entry.object = row.environment;
  entry.reason = "deployment " + row.id.str() + " of " + row.author + " is committed";
  entry.details = {{"environment", row.environment},
                   {"deployment", row.id.str()},
                   {"before", model::policies_text(before)},
                   {"now", model::policies_text(now)}};
  return {std::move(entry)};
}

model::TimelineEntry policy_entry(const model::DeploymentRow& row, const model::Policies& now) {
  model::TimelineEntry entry;
  entry.deployment = row.id;
  entry.wall_ms = row.updated_wall_ms;
  entry.what = "state";
  entry.state = model::state_name(row.state);
  entry.text = "from now on `" + row.environment + "` is remembered to ask for " + model::policies_text(now) +
               ", also of who leaves its file out";
  return entry;
}

}  // namespace

model::Policies remembered_policies(const store::StateStore& store, const std::string& environment) {
  const auto row = store.policies(environment);
  return row ? row->policies : model::Policies{};
}

model::Policies lifted_by(const store::StateStore& store, const std::string& environment,
                          const model::Configuration& configuration) {
  if (configuration.environment.empty()) return {};
  return model::lifted(remembered_policies(store, environment), asked_by(configuration));
}

std::string lift_text(const model::Policies& lifts, const std::string& environment) {
  if (lifts == model::Policies{}) return {};
  return "it lifts " + model::policies_text(lifts) + " of `" + environment + "`";
}

store::Transaction policy_writes(const store::StateStore& store, const model::DeploymentRow& row,
                                 const store::PutSource& source) {
  if (source.configuration.environment.empty()) return {};
  const model::Policies before = remembered_policies(store, row.environment);
  const model::Policies kept = model::lifted(before, source.lifts);
  const model::Policies now = model::both_of(kept, asked_by(source.configuration));
  if (now == before) return {};
  return {store::PutPolicies{{row.environment, now, row.id}}, store::AppendTimeline{policy_entry(row, now)},
          policy_audit(row, before, now)};
}

}  // namespace switchyard::fleet
