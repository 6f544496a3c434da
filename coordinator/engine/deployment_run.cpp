#include "coordinator/engine/deployment_run.hpp"

#include <algorithm>
#include <utility>

#include "common/planted.hpp"

namespace switchyard::engine {
namespace {

bool is_among(const std::vector<HostId>& hosts, const HostId& host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

DeploymentRun make_run(model::DeploymentRow row, model::Plan plan, std::optional<model::Decision> decision) {
  DeploymentRun run;
  run.row = std::move(row);
  run.plan = std::move(plan);
  run.plan_seq = protocol::decode_header(run.plan.header).plan_seq;
  run.decision = decision;
  for (const auto& [host, slice] : run.plan.slices) {
    if (is_among(run.row.deferred, host) || is_among(run.row.gone, host)) continue;
    // The row is durable before the first message of its state: before `swapping` no host can have been told to swap.
    run.hosts[host].swap_asked =
        !PLANTED(forgets_whom_it_told_to_swap) && run.row.state > model::DeploymentState::preparing;
  }
  return run;
}

void note_switching(DeploymentRun& run) {
  for (auto& [id, host] : run.hosts) host.had_prepared = true;
}

}  // namespace switchyard::engine
