#include "coordinator/engine/last_batch.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/pauses.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;

const char* const timer_name = "batch";

/// Nobody waits for a host that has failed, went back by itself, or cannot say how it stands.
bool is_waited_for(const DeploymentRun& run, const model::PlanNode& node, const HostId& id) {
  const auto found = run.hosts.find(id);
  if (found == run.hosts.end()) return false;
  const HostRun& host = found->second;
  if (!host.connected || !host.trouble.empty() || !host.amnesia.empty() || has_reverted(host)) return false;
  const auto stage = host.stage.find(node.component);
  return stage == host.stage.end() || stage->second < node.stage;
}

bool has_ended(const DeploymentRun& run, std::size_t index) {
  const model::PlanNode& node = run.plan.nodes[index];
  return std::none_of(node.hosts.begin(), node.hosts.end(),
                      [&](const HostId& host) { return is_waited_for(run, node, host); });
}

void begin_revert(Turn& turn, const char* why) {
  turn.run().last_batch.clear();
  turn.timer(timer_name, -1);
  turn.begin_revert();
  turn.note(why);
}

}  // namespace

std::set<std::size_t> last_batch(const DeploymentRun& run) {
  if (!model::lets_batch_end(run.plan.settings.rollback_strategy)) return {};
  if (run.row.state != DeploymentState::swapping || run.rejoining) return {};
  std::set<std::size_t> nodes = run.begun;
  std::erase_if(nodes, [&](std::size_t index) { return has_ended(run, index); });
  return nodes;
}

void wait_for_last_batch(Turn& turn, std::set<std::size_t> nodes) {
  if (nodes.empty()) return;
  std::string text;
  for (const std::size_t index : nodes) text += (text.empty() ? "" : "; ") + node_text(turn.run(), index);
  turn.note("what is being switched comes to its end first: " + text);
  turn.run().last_batch = std::move(nodes);
  // Nobody goes back alone meanwhile, as long as he hears of the coordinator.
  turn.renew_lease();
  turn.timer("revert", -1);
  turn.timer(timer_name, turn.run().plan.settings.confirm_ms);
}

void settle_last_batch(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (run.last_batch.empty()) return;
  std::erase_if(run.last_batch, [&](std::size_t index) { return has_ended(run, index); });
  if (run.last_batch.empty()) begin_revert(turn, "what was being switched has ended; everything goes back");
}

void last_batch_is_overdue(Turn& turn) {
  if (turn.state() != DeploymentState::aborting || turn.run().last_batch.empty()) return;
  begin_revert(turn, "what was being switched takes too long, and is ended; everything goes back");
}

}  // namespace switchyard::engine
