#include "coordinator/fleet/deployed_secrets.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentRow;
using model::DeploymentState;

/// Whether any host may have heard of it.
bool was_begun(const DeploymentRow& row) {
  return row.state != DeploymentState::draft && row.state != DeploymentState::rejected;
}

/// Whose configurations it brings: a host that follows gets that of the deployment that it follows, a restore brings
/// those of the deployments that its snapshot came from.
std::set<DeploymentId> configured_by(const store::StateStore& store, const DeploymentRow& row) {
  if (row.kind == model::DeploymentKind::converge) return {row.rollback_of};
  std::set<DeploymentId> origins = {row.id};
  const auto snapshot = row.snapshot.empty() ? std::nullopt : store.snapshot(row.snapshot);
  for (const model::SnapshotPlace& place : snapshot ? snapshot->places : std::vector<model::SnapshotPlace>{}) {
    origins.insert(place.origin);
  }
  return origins;
}

}  // namespace

void DeployedSecrets::recall() {
  // What serves is the last to be forgotten, however long ago it was deployed.
  std::set<DeploymentId> serving;
  for (const model::ServingRow& row : store_.serving()) {
    serving.insert(row.deployment);
    masks_.note(row.host, row.environment);
  }
  std::vector<DeploymentId> newest_first;
  const auto add = [&](const DeploymentRow& row) {
    const std::set<DeploymentId> origins = configured_by(store_, row);
    newest_first.insert(newest_first.end(), origins.begin(), origins.end());
  };
  for (const DeploymentId& id : serving) {
    if (const auto row = store_.deployment(id)) add(*row);
  }
  for (const DeploymentRow& row : store_.deployments(limits::deferral_rows_max)) {
    if (!was_begun(row)) continue;
    add(row);
    // Where it has ended well it serves. Elsewhere something of it may lie all the same.
    for (const HostId& host : row.gone) masks_.note(host, row.environment);
    if (row.state == DeploymentState::done) continue;
    if (const auto plan = store_.plan(row.id)) note_hosts(row, *plan);
  }
  std::set<DeploymentId> read;
  std::map<std::string, std::size_t> bytes;
  std::vector<EnvironmentValue> drawn;
  for (const DeploymentId& id : newest_first) {
    const auto source = read.insert(id).second ? store_.source(id) : std::nullopt;
    // Of what is older nothing would be kept.
    if (!source || bytes[source->configuration.environment] > limits::masked_drawn_bytes_max) continue;
    for (EnvironmentValue& text : configurations_.drawn_texts(source->configuration)) {
      bytes[text.environment] += text.value.size();
      drawn.push_back(std::move(text));
    }
  }
  std::reverse(drawn.begin(), drawn.end());
  masks_.learn_drawn(drawn);
}

void DeployedSecrets::note_hosts(const DeploymentRow& row, const model::Plan& plan) {
  for (const auto& [host, slice] : plan.slices) masks_.note(host, row.environment);
}

void DeployedSecrets::learn(const DeploymentRow& row, const model::Plan& plan) {
  note_hosts(row, plan);
  try {
    for (const DeploymentId& id : configured_by(store_, row)) {
      const auto source = store_.source(id);
      if (!source || source->configuration.components.empty()) continue;
      masks_.learn_secrets(configurations_.secret_values(source->configuration));
      masks_.learn_drawn(configurations_.drawn_texts(source->configuration));
    }
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    // It goes on: its hosts mask what they are sent.
    log::warning("what a deployment brings of secrets could not be read, and is masked on its hosts alone",
                 {{"deployment", row.id.str()}, {"why", error.what()}});
  }
}

}  // namespace switchyard::fleet
