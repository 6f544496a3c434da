#include "coordinator/planner/plan_assembly.hpp"

#include <utility>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::planner {

namespace {

/// A step's first attempt; later ones are the coordinator's to make.
constexpr std::uint32_t first_attempt = 1;

/// In which order, with which pauses and on which terms: what is in no slice, and is approved all the same.
std::string order_digest(const model::Plan& plan) {
  std::string text;
  const auto add = [&text](const auto& value) { text += std::to_string(static_cast<std::int64_t>(value)) + " "; };
  for (const model::PlanNode& node : plan.nodes) {
    text += node.component + ": ";
    for (const HostId& host : node.hosts) text += host.str() + " ";
    text += "after ";
    for (const std::size_t before : node.after) add(before);
    text += "with ";
    add(node.stage);
    add(node.exclusive);
    add(node.priority);
    add(node.pause_ms);
    add(node.promoted_by_hand);
  }
  const model::PlanSettings& settings = plan.settings;
  text += "on ";
  add(settings.rollback_on_failure);
  add(settings.prepare_ms);
  add(settings.confirm_ms);
  add(settings.watch_ms);
  add(settings.keep_old_ms);
  add(settings.max_parallel);
  add(settings.on_restart);
  add(settings.unreachable);
  add(settings.defer_max);
  add(settings.prepare_together);
  // Left out where it is the default, so that what waits for approval since an older version keeps its hash.
  if (settings.rollback_strategy != model::RollbackStrategy::immediate) {
    text += "undone " + std::string(model::rollback_strategy_name(settings.rollback_strategy)) + " ";
  }
  // Likewise. Who approves has seen where the values come from.
  for (const std::string& taken : settings.caller_defaults) text += "by " + taken + " ";
  for (const std::string& sentence : settings.migrations_not_run) text += "without " + sentence + " ";
  return sha256(text);
}

void check_size(const model::Plan& plan, const HostId& host, const protocol::PlanSlice& slice,
                std::size_t slice_bytes) {
  std::size_t steps = 0;
  for (const protocol::SliceComponent& component : slice.components) steps += component.steps.size();
  const std::size_t bytes = plan.header.size() + slice_bytes + limits::plan_frame_overhead_bytes;
  if (steps <= limits::steps_per_slice_max && bytes <= limits::control_frame_bytes_max) return;
  throw InputError("the plan for host " + host.value + " has " + std::to_string(steps) + " steps in " +
                   std::to_string(bytes) + " bytes, but at most " + std::to_string(limits::steps_per_slice_max) +
                   " steps in " + std::to_string(limits::control_frame_bytes_max) +
                   " bytes reach an agent; deploy fewer components at once");
}

}  // namespace

void PlanAssembly::add(const HostId& host, const ComponentChange& change) {
  protocol::PlanSlice& slice = slices_[host];
  std::uint32_t& number = numbers_[host];
  protocol::SliceComponent component;
  component.name = change.component;
  component.release = change.after.release;
  component.slot = change.after.slot;
  component.unit = change.after.unit;
  component.old = change.before;
  component.stages = stages_of(change);
  component.steps = steps_of(change);
  for (protocol::Step& step : component.steps) {
    step.id = protocol::make_step_id(facts_.deployment, host, number++, first_attempt);
  }
  component.watch = change.probes.watch;
  slice.components.push_back(std::move(component));
}

model::Plan PlanAssembly::finish(const std::string& name, const std::string& environment,
                                 std::vector<model::PlanNode> nodes, const model::PlanSettings& settings) {
  if (slices_.size() > limits::hosts_max) {
    throw InputError("the plan has " + std::to_string(slices_.size()) + " hosts, but at most " +
                     std::to_string(limits::hosts_max) + " can be deployed at once; split the deployment");
  }
  model::Plan plan;
  plan.deployment = facts_.deployment;
  plan.name = name;
  plan.environment = environment;
  plan.nodes = std::move(nodes);
  plan.settings = settings;

  protocol::PlanHeader header;
  header.order = order_digest(plan);
  header.deployment = facts_.deployment;
  header.plan_seq = facts_.plan_seq;
  header.environment = environment;
  header.name = name;
  header.not_after_wall_ms = facts_.not_after_wall_ms;
  std::map<HostId, std::size_t> bytes;
  for (auto& [host, slice] : slices_) {
    slice.deployment = facts_.deployment;
    slice.host = host;
    slice.confirm_ms = settings.confirm_ms;
    slice.keep_old_ms = settings.keep_old_ms;
    const std::string encoded = protocol::encode_slice(slice);
    bytes[host] = encoded.size();
    header.slices.push_back({host, sha256(encoded)});
  }
  plan.header = protocol::encode_header(header);
  plan.hash = protocol::plan_hash(plan.header);
  for (const auto& [host, slice] : slices_) check_size(plan, host, slice, bytes[host]);
  plan.slices = std::move(slices_);
  return plan;
}

}  // namespace switchyard::planner
