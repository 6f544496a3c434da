#include "coordinator/fleet/plan_ground.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "coordinator/planner/host_claims.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentRow;
using model::DeploymentState;

std::string key_of(const HostBook& hosts, const HostId& host) {
  return hosts.may_connect(host) ? hosts.find(host)->public_key : std::string();
}

std::optional<Refusal> refuse_lost_host(const HostBook& hosts, const PlanGround& ground) {
  for (const auto& [host, key] : ground.keys) {
    const model::HostRow* row = hosts.find(host);
    std::string what;
    if (row == nullptr || row->removed) {
      what = "was removed from the fleet";
    } else if (!key.empty() && key_of(hosts, host) != key) {
      what = row->revoked ? "lost its agent's key, which was revoked," : "was replaced, or its agent has a new key,";
    }
    if (what.empty()) continue;
    return Refusal{409,
                   "host_changed",
                   "host " + host.str() + " " + what +
                       " while the plan was made; nothing was begun: look at `switchyard hosts " +
                       "list`, and start again",
                   {{"host", host.str()}}};
  }
  return std::nullopt;
}

/// What may have changed since the hosts were asked, or may change still.
std::vector<DeploymentRow> others_since(const store::StateStore& store, const PlanGround& ground) {
  std::vector<DeploymentRow> others = store.unfinished_deployments();
  bool is_new = true;
  for (const DeploymentRow& row : store.deployments(limits::deferral_rows_max)) {
    is_new = is_new && row.id != ground.newest;
    if (model::is_final(row.state) && (is_new || ground.under_way.contains(row.id))) others.push_back(row);
  }
  return others;
}

/// Whatever became of it: the hosts may have answered in its midst.
std::optional<Refusal> refuse_overtaken(const PlanGround& ground, const DeploymentRow& other,
                                        const model::Plan& others_plan) {
  for (const auto& [host, slice] : others_plan.slices) {
    const auto asked = ground.asked.find(host);
    if (asked == ground.asked.end()) continue;
    for (const protocol::SliceComponent& component : slice.components) {
      const bool ours = std::any_of(asked->second.begin(), asked->second.end(),
                                    [&](const auto& question) { return question.component == component.name; });
      if (!ours) continue;
      return Refusal{409,
                     "overtaken",
                     "component " + component.name + " on host " + host.str() + " was deployed by " + other.id.str() +
                         " (" + std::string(model::state_name(other.state)) +
                         ") while the plan was made; nothing was begun: start again",
                     {{"host", host.str()}, {"component", component.name}, {"deployment", other.id.str()}}};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_clash(const model::Plan& plan, const DeploymentRow& other,
                                    const model::Plan& others_plan) {
  const auto clash = planner::find_clash(plan, others_plan);
  if (!clash) return std::nullopt;
  const bool live = !model::is_final(other.state);
  return Refusal{409,
                 "claimed",
                 "component " + clash->component + " would use " + clash->what + " on host " + clash->host.str() +
                     ", and so does component " + clash->holder + " of deployment " + other.id.str() +
                     (live ? ", which is under way" : ", which has just ended") + "; give " + clash->component +
                     " its own",
                 {{"host", clash->host.str()}, {"component", clash->component}, {"holder", other.id.str()}}};
}

}  // namespace

PlanGround note_ground(const store::StateStore& store, const HostBook& hosts, InventoryRounds::Questions asked) {
  PlanGround ground;
  for (const auto& [host, questions] : asked) ground.keys.emplace(host, key_of(hosts, host));
  ground.asked = std::move(asked);
  for (const DeploymentRow& row : store.deployments(1)) ground.newest = row.id;
  for (const DeploymentRow& row : store.unfinished_deployments()) ground.under_way.insert(row.id);
  return ground;
}

std::optional<Refusal> refuse_moved(const store::StateStore& store, const HostBook& hosts, const PlanGround& ground,
                                    const model::Plan& plan) {
  if (auto refusal = refuse_lost_host(hosts, ground)) return refusal;
  for (const DeploymentRow& other : others_since(store, ground)) {
    // A draft holds nothing: whoever approves it has to look then.
    const bool begun = other.state != DeploymentState::draft && other.state != DeploymentState::rejected;
    if (!begun || other.id == plan.deployment) continue;
    const auto others_plan = store.plan(other.id);
    if (!others_plan) continue;  // known from the hosts' journals only, and over
    if (model::is_final(other.state)) {
      if (auto refusal = refuse_overtaken(ground, other, *others_plan)) return refusal;
    }
    if (other.state == DeploymentState::rolled_back) continue;
    if (auto refusal = refuse_clash(plan, other, *others_plan)) return refusal;
  }
  return std::nullopt;
}

}  // namespace switchyard::fleet
