#include "coordinator/fleet/component_holder.hpp"

#include <set>

#include "common/planted.hpp"
#include "coordinator/access/cron_time.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentRow;
using model::DeploymentState;

std::string what_to_do(const DeploymentRow& holder) {
  const std::string id = holder.id.str();
  const std::string look = "; `switchyard deploy status " + id + "` says how far it is";
  if (holder.state == DeploymentState::paused) {
    return look + ". It stands still until somebody says `switchyard deploy resume " + id +
           "` or `switchyard deploy cancel " + id + "`";
  }
  if (holder.state == DeploymentState::stuck) return look + ", and what a person has to do, for it is stuck";
  return look + ". Wait for its end (`--wait SECONDS` does), or, before its commit, take it back with " +
         "`switchyard deploy cancel " + id + "`";
}

std::set<std::string> components_of(const model::Plan& plan) {
  std::set<std::string> names;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) names.insert(component.name);
  }
  return names;
}

/// A draft holds nothing: whoever approves it is asked then.
bool holds(const DeploymentRow& row, const model::Plan& wanted) {
  return row.environment == wanted.environment && row.id != wanted.deployment && row.kind != DeploymentKind::converge &&
         row.state != DeploymentState::draft;
}

}  // namespace

Refusal refuse_held(const DeploymentRow& holder, const std::string& component, const HostId& host) {
  const std::string since = access::utc_text(holder.created_wall_ms);
  const std::string state(model::state_name(holder.state));
  std::map<std::string, std::string> details = {{"component", component},
                                                {"environment", holder.environment},
                                                {"holder", holder.id.str()},
                                                {"author", holder.author},
                                                {"since", since},
                                                {"state", state}};
  if (!host.empty()) details.emplace("host", host.str());
  const std::string where = host.empty() ? " of `" + holder.environment + "`" : " on host " + host.str();
  return {409, "locked",
          "component " + component + where + " is being changed by deployment " + holder.id.str() + " (" + state +
              "), which " + holder.author + " asked for at " + since + what_to_do(holder),
          std::move(details)};
}

std::optional<Refusal> refuse_second(const store::StateStore& store, DeploymentKind kind, const model::Plan& plan) {
  if (kind == DeploymentKind::converge || PLANTED(locks_are_not_taken)) return std::nullopt;
  const std::set<std::string> wanted = components_of(plan);
  for (const DeploymentRow& other : store.unfinished_deployments()) {
    if (!holds(other, plan)) continue;
    const auto others_plan = store.plan(other.id);
    if (!others_plan) continue;  // known from the hosts' journals only, which the locks speak for
    for (const std::string& component : components_of(*others_plan)) {
      if (wanted.contains(component)) return refuse_held(other, component);
    }
  }
  return std::nullopt;
}

}  // namespace switchyard::fleet
