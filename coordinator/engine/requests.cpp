#include "coordinator/engine/requests.hpp"

#include <algorithm>

#include "coordinator/engine/ready_nodes.hpp"

namespace switchyard::engine {
namespace {

using Kind = Request::Kind;
using Requests = std::map<HostId, std::set<Request>>;

void ask_prepares(Requests& requests, DeploymentRun& run) {
  for (const auto& [host, state] : run.hosts) {
    if (!state.plan_acknowledged) requests[host].insert({Kind::plan, {}, 0});
  }
  for (const std::size_t index : working_nodes(run, Pass::prepare)) {
    const model::PlanNode& node = run.plan.nodes[index];
    for (const HostId& host : node.hosts) {
      const auto state = run.hosts.find(host);
      if (state == run.hosts.end() || !state->second.plan_acknowledged) continue;
      if (!state->second.staged.contains(node.component)) requests[host].insert({Kind::prepare, node.component, 0});
    }
  }
}

/// A host that boots before it was told to switch keeps nothing of what it had prepared: it prepares it once more.
bool lost_what_was_staged(const HostRun& host, const std::string& component, std::uint32_t stages_done) {
  return host.heard && stages_done == 0 && !host.staged.contains(component);
}

void ask_swaps(Requests& requests, DeploymentRun& run) {
  for (const std::size_t index : working_nodes(run, Pass::swap)) {
    const model::PlanNode& node = run.plan.nodes[index];
    for (const HostId& host : node.hosts) {
      const auto state = run.hosts.find(host);
      if (state == run.hosts.end()) continue;
      const auto stage = state->second.stage.find(node.component);
      const std::uint32_t stages_done = stage == state->second.stage.end() ? 0 : stage->second;
      if (lost_what_was_staged(state->second, node.component, stages_done)) {
        requests[host].insert({Kind::prepare, node.component, 0});
      } else if (stages_done < node.stage) {
        requests[host].insert({Kind::swap, node.component, node.stage});
      }
    }
  }
}

/// How far they are, which a lost answer may have told.
void ask_last_batch(Requests& requests, const DeploymentRun& run) {
  for (const std::size_t index : run.last_batch) {
    for (const HostId& host : run.plan.nodes[index].hosts) {
      if (run.hosts.contains(host)) requests[host].insert({Kind::query, {}, 0});
    }
  }
}

void ask_aborts(Requests& requests, const DeploymentRun& run) {
  const bool at_once = run.plan.settings.rollback_strategy == model::RollbackStrategy::aggressive;
  const std::vector<std::size_t> ready = at_once ? std::vector<std::size_t>() : reverting_nodes(run);
  for (const auto& [host, state] : run.hosts) {
    if (state.reverted_all || !state.amnesia.empty()) continue;
    // The first word stops what is under way; then the components are named in reverse order; then all the rest.
    requests[host].insert({ready.empty() ? Kind::abort_all : Kind::abort, {}, 0});
  }
  for (const std::size_t index : ready) {
    const model::PlanNode& node = run.plan.nodes[index];
    for (const HostId& host : node.hosts) {
      const auto state = run.hosts.find(host);
      if (state == run.hosts.end() || state->second.reverted_all || !state->second.amnesia.empty()) continue;
      if (state->second.reverted.contains(node.component)) continue;
      requests[host].insert({Kind::abort_component, node.component, 0});
    }
  }
}

}  // namespace

Requests open_requests(DeploymentRun& run) {
  using model::DeploymentState;
  Requests requests;
  if (run.rejoining) {
    for (const auto& [host, state] : run.hosts) {
      if (!state.heard) requests[host].insert({Kind::query, {}, 0});
    }
    return requests;
  }
  switch (run.row.state) {
    case DeploymentState::preparing:
      ask_prepares(requests, run);
      break;
    case DeploymentState::swapping:
      ask_swaps(requests, run);
      break;
    case DeploymentState::holding:
      for (const auto& [host, state] : run.hosts) {
        if (!state.held && state.session > state.swapped_session) requests[host].insert({Kind::hold, {}, 0});
      }
      break;
    case DeploymentState::committing:
      for (const auto& [host, state] : run.hosts) {
        if (!state.committed) requests[host].insert({Kind::commit, {}, 0});
      }
      break;
    case DeploymentState::aborting:
    case DeploymentState::stuck:
      if (run.last_batch.empty()) {
        ask_aborts(requests, run);
      } else {
        ask_last_batch(requests, run);
      }
      break;
    case DeploymentState::draft:
    case DeploymentState::approved:
    case DeploymentState::watching:
    case DeploymentState::paused:
    case DeploymentState::done:
    case DeploymentState::rolled_back:
    case DeploymentState::rejected:
      break;
  }
  return requests;
}

protocol::Message request_message(const DeploymentRun& run, const HostId& host, const Request& request) {
  const DeploymentId& id = run.row.id;
  switch (request.kind) {
    case Kind::query:
      return protocol::Query{id, run.plan_seq};
    case Kind::plan: {
      protocol::SignedPlan plan;
      plan.header = run.plan.header;
      plan.signature = run.plan.signature;
      plan.slice = protocol::encode_slice(run.plan.slices.at(host));
      return protocol::Plan{std::move(plan)};
    }
    case Kind::prepare:
      return protocol::Prepare{id, request.component};
    case Kind::swap:
      return protocol::Swap{id, request.component, request.stage};
    case Kind::hold:
      return protocol::Hold{id};
    case Kind::commit:
      return protocol::Commit{id};
    case Kind::abort:
      return protocol::Abort{id, {}, false, run.row.reason, run.plan_seq};
    case Kind::abort_component:
      return protocol::Abort{id, request.component, false, run.row.reason, run.plan_seq};
    case Kind::abort_all:
      return protocol::Abort{id, {}, true, run.row.reason, run.plan_seq};
  }
  return protocol::Query{id, run.plan_seq};
}

}  // namespace switchyard::engine
