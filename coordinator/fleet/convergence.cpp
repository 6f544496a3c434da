#include "coordinator/fleet/convergence.hpp"

#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {

Convergence::Convergence(store::StateStore& store, Planning& planning, DeploymentStarter& starter,
                         const AgentRegistry& registry, Timers& timers, const Clock& clock)
    : store_(store), planning_(planning), starter_(starter), registry_(registry), timers_(timers), clock_(clock) {}

void Convergence::refresh() {
  behind_.clear();
  for (const model::DeploymentRow& row : store_.deployments(limits::deferral_rows_max)) {
    behind_.insert(row.deferred.begin(), row.deferred.end());
  }
}

void Convergence::host_connected(const HostId& host) {
  attempts_.erase(host);
  resting_.erase(host);
  if (behind_.contains(host)) converge(host);
}

void Convergence::deployment_finished(const model::DeploymentRow& row) {
  if (row.kind == model::DeploymentKind::converge) {
    const auto plan = store_.plan(row.id);
    for (const auto& [host, slice] : plan ? plan->slices : std::map<HostId, protocol::PlanSlice>{}) {
      busy_.erase(host);
      if (row.state != model::DeploymentState::done) failed(host, row.rollback_of, row.reason);
    }
  } else {
    resting_.clear();
  }
  refresh();
  // Locks were released, and this deployment may have left hosts out that are back already.
  const std::set<HostId> behind = behind_;
  for (const HostId& host : behind) converge(host);
}

void Convergence::converge(const HostId& host) {
  if (busy_.contains(host) || resting_.contains(host) || !registry_.connected(host)) return;
  if (attempts_[host] >= limits::state_entries_max) return;
  const auto deferral = deferral_of(store_, host);
  if (!deferral) return;
  const DeploymentId& target = deferral->target.id;
  const auto source = store_.source(target);
  busy_.insert(host);
  ++attempts_[host];
  log::info("bringing a host to what was committed", {{"host", host.str()}, {"deployment", target.str()}});
  planning_.convergence(*source, host, deferral->components,
                        [this, host, deferral = *deferral](Answer<PlannedDeployment> answer) {
                          planned(host, deferral, std::move(answer));
                        });
}

bool Convergence::is_overtaken(const HostId& host, const Deferral& deferral) const {
  const auto now = deferral_of(store_, host);
  return !now || now->target.id != deferral.target.id || now->components != deferral.components;
}

void Convergence::planned(const HostId& host, const Deferral& deferral, Answer<PlannedDeployment> answer) {
  const model::DeploymentRow& target = deferral.target;
  if (is_overtaken(host, deferral)) {
    log::info("what a host was to be brought to is not what it needs any more",
              {{"host", host.str()}, {"deployment", target.id.str()}});
    busy_.erase(host);
    --attempts_[host];
    refresh();
    return converge(host);
  }
  if (const auto* refusal = std::get_if<Refusal>(&answer)) {
    busy_.erase(host);
    return failed(host, target.id, refusal->message);
  }
  auto& plan = std::get<PlannedDeployment>(answer);
  plan.version = target.version;
  const bool empty = plan.plan.slices.empty();
  StartOrder order;
  order.caller = coordinator_itself();
  order.kind = model::DeploymentKind::converge;
  order.refers_to = target.id;
  order.host = host;
  order.components = {deferral.components.begin(), deferral.components.end()};
  order.reason = "host " + host.str() + " is brought to " + target.id.str();
  try {
    const auto started = starter_.start(std::move(order), std::move(plan));
    if (const auto* refusal = std::get_if<Refusal>(&started)) {
      busy_.erase(host);
      return failed(host, target.id, refusal->message);
    }
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    busy_.erase(host);
    return failed(host, target.id, error.what());
  }
  if (empty) {
    busy_.erase(host);
    refresh();
    // Another deployment may owe it other components.
    converge(host);
  }
}

void Convergence::failed(const HostId& host, const DeploymentId& target, const std::string& why) {
  log::warning("a host is still behind", {{"host", host.str()}, {"deployment", target.str()}, {"why", why}});
  resting_.insert(host);
  timers_.set("converge/" + host.str(), limits::converge_retry_ms, [this, host] {
    resting_.erase(host);
    converge(host);
  });
}

}  // namespace switchyard::fleet
