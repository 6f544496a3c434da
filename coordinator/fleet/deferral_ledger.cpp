#include "coordinator/fleet/deferral_ledger.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentRow;

/// Written for a host only where it is not everything.
std::set<std::string> owed_by(const DeploymentRow& row, const HostId& host, const Places& all) {
  const auto some = row.deferred_components.find(host);
  if (some != row.deferred_components.end()) return {some->second.begin(), some->second.end()};
  const auto found = all.find(host);
  return found == all.end() ? std::set<std::string>{} : found->second;
}

}  // namespace

bool has_source(const store::StateStore& store, const DeploymentRow& row) {
  return row.kind == model::DeploymentKind::deploy && row.state == model::DeploymentState::done &&
         store.source(row.id).has_value();
}

Places places_of(const store::PutSource& source) {
  Places places;
  try {
    const auto chosen = planner::choose_components(
        planner::read_manifest(source.manifest, source.file_name, source.defaults), source.components);
    for (const model::Component& component : chosen.manifest.components) {
      for (const HostId& host : component.hosts) places[host].insert(component.name);
    }
  } catch (const InputError& error) {
    // A newer coordinator may read manifests more strictly than the one that took this one.
    log::warning("the manifest of a deployment cannot be read any more",
                 {{"deployment", source.deployment.str()}, {"why", error.what()}});
  }
  return places;
}

DeferralLedger::DeferralLedger(const store::StateStore& store)
    : store_(store), rows_(store.deployments(limits::deferral_rows_max)) {
  for (const DeploymentRow& row : rows_) {
    if (row.deferred.empty() || !has_source(store, row)) continue;
    const Places all = places_of(*store.source(row.id));
    for (const HostId& host : row.deferred) owed_[row.id][host] = owed_by(row, host, all);
  }
}

const std::set<std::string>& DeferralLedger::owed(const DeploymentId& deployment, const HostId& host) const {
  static const std::set<std::string> nothing;
  const auto found = owed_.find(deployment);
  if (found == owed_.end()) return nothing;
  const auto of_host = found->second.find(host);
  return of_host == found->second.end() ? nothing : of_host->second;
}

bool DeferralLedger::take(const DeploymentId& deployment, const HostId& host, const std::string& component) {
  const auto found = owed_.find(deployment);
  if (found == owed_.end()) return false;
  const auto of_host = found->second.find(host);
  if (of_host == found->second.end() || of_host->second.erase(component) == 0) return false;
  changed_.insert(deployment);
  return true;
}

void DeferralLedger::give(const DeploymentId& deployment, const HostId& host, const std::string& component) {
  if (owed_[deployment][host].insert(component).second) changed_.insert(deployment);
}

DeploymentRow DeferralLedger::changed(DeploymentRow row) const {
  const auto source = store_.source(row.id);
  const Places all = source ? places_of(*source) : Places{};
  const Places& owed = owed_.at(row.id);
  for (const auto& [host, components] : owed) {
    const bool listed = std::find(row.deferred.begin(), row.deferred.end(), host) != row.deferred.end();
    if (!listed && !components.empty()) row.deferred.push_back(host);
  }
  std::erase_if(row.deferred, [&](const HostId& host) { return owed.contains(host) && owed.at(host).empty(); });
  row.deferred_components.clear();
  for (const HostId& host : row.deferred) {
    const std::set<std::string>& components = owed.at(host);
    const auto everything = all.find(host);
    if (everything != all.end() && everything->second == components) continue;
    row.deferred_components[host] = {components.begin(), components.end()};
  }
  return row;
}

std::vector<store::Write> DeferralLedger::writes() const {
  std::vector<store::Write> writes;
  for (const DeploymentRow& row : rows_) {
    if (changed_.contains(row.id)) writes.push_back(store::PutDeployment{changed(row)});
  }
  return writes;
}

}  // namespace switchyard::fleet
