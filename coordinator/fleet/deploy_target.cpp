#include "coordinator/fleet/deploy_target.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "coordinator/fleet/environment_policies.hpp"
#include "coordinator/fleet/serving_views.hpp"
#include "coordinator/fleet/standing_plan.hpp"
#include "coordinator/model/plan_lookup.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {

std::optional<DeployTarget> target_of(const DeployRequest& request) {
  try {
    const model::Manifest manifest =
        planner::choose_components(planner::read_manifest(request.manifest, request.file_name, request.defaults),
                                   request.components)
            .manifest;
    DeployTarget target;
    target.environment = request.environment.empty() ? manifest.environment : request.environment;
    for (const model::Component& component : manifest.components) {
      target.hosts.insert(component.hosts.begin(), component.hosts.end());
    }
    return target;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

DeployTarget target_of(const model::Plan& plan, const std::vector<HostId>& deferred) {
  DeployTarget target{plan.environment, {deferred.begin(), deferred.end()}};
  for (const auto& [host, slice] : plan.slices) target.hosts.insert(host);
  return target;
}

std::optional<DeployTarget> target_of(const store::StateStore& store, const RollbackRequest& request) {
  const auto row = store.deployment(request.deployment);
  if (!row || !store.plan(row->id)) return std::nullopt;
  model::Plan standing = plan_as_it_stands(store, *row);
  if (!request.components.empty()) {
    std::erase_if(standing.slices, [&](const auto& slice) {
      return std::none_of(request.components.begin(), request.components.end(), [&](const std::string& component) {
        return model::find_component(slice.second, component) != nullptr;
      });
    });
  }
  return target_of(standing, {});
}

std::map<std::string, HostId> neighbours_of(const store::StateStore& store, const DeployTarget& target) {
  std::map<std::string, HostId> neighbours;
  const auto note = [&](const std::string& environment, const HostId& host) {
    if (environment != target.environment && target.hosts.contains(host)) neighbours.emplace(environment, host);
  };
  for (const model::ServingRow& row : store.serving()) {
    if (row.serving.kind != protocol::OldKind::absent) note(row.environment, row.host);
  }
  // What is under way there, or is still to be brought there, may be another environment's than what serves.
  for (const ServingView& view : serving_views(store)) {
    for (const DeploymentId& coming : {view.owed, view.changing}) {
      const auto row = coming.empty() ? std::nullopt : store.deployment(coming);
      if (row) note(row->environment, view.row.host);
    }
  }
  return neighbours;
}

std::optional<Refusal> refuse_beside(const store::StateStore& store, const access::EnvironmentRules& rules,
                                     const access::Principal& who, const DeployTarget& target) {
  for (const auto& [environment, host] : neighbours_of(store, target)) {
    const access::StartTerms terms{.administers = access::administers(who, environment),
                                   .require_mfa = remembered_policies(store, environment).require_mfa};
    if (!access::rule_for_start(access::rule_for(rules, environment), environment, terms).rule.asks_for_any()) continue;
    return Refusal{409,
                   "guarded_host",
                   "host " + host.str() + " serves for `" + environment +
                       "`, whose deployments take an approval, and what is started for `" + target.environment +
                       "` could change everything there: deploy it as `" + environment + "`, or on other hosts",
                   {{"host", host.str()}, {"environment", environment}}};
  }
  return std::nullopt;
}

}  // namespace switchyard::fleet
