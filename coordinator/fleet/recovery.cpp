#include "coordinator/fleet/recovery.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {
namespace {

constexpr const char* advice =
    "an older copy of the store was restored; no command is given until `switchyard recover` was run on the "
    "coordinator";

}  // namespace

/// A deployment's row is durable before a host hears of it, and its commit before a host is told: what a host knows,
/// the store it obeyed knew.
bool Recovery::knows(const protocol::DeploymentReport& report) {
  if (report.state == protocol::AgentState::idle) return true;
  const bool committed = report.state == protocol::AgentState::committed;
  if (known_.contains({report.deployment, committed})) return true;
  const bool known = committed ? store_.decision(report.deployment) == model::Decision::commit
                               : store_.deployment(report.deployment).has_value();
  if (!known) return false;
  if (known_.size() >= limits::known_deployments_max) known_.clear();
  known_.insert({report.deployment, committed});
  return true;
}

bool Recovery::is_behind(const protocol::Hello& hello) {
  return hello.max_epoch > store_.epoch() ||
         !std::all_of(hello.open.begin(), hello.open.end(), [this](const auto& report) { return knows(report); });
}

std::optional<std::string> Recovery::refuses(const HostId& host, const protocol::Hello& hello) {
  if (!active_ && is_behind(hello)) begin(host, hello.max_epoch);
  if (!active_) return std::nullopt;
  epoch_seen_ = std::max(epoch_seen_, hello.max_epoch);
  reports_[host] = hello.open;
  return "host " + first_.str() + " knows more than the coordinator's store (epoch " + std::to_string(epoch_seen_) +
         ", the store: " + std::to_string(store_.epoch()) + "): " + advice;
}

void Recovery::begin(const HostId& host, std::uint64_t epoch) {
  try {
    // Writing it down also tells the two cases apart: a coordinator that was replaced cannot write, and ends here.
    store_.commit({audit_row(
        clock_, coordinator_itself(), "recovery.begin", host.str(), "a host has obeyed a newer epoch than the store",
        {{"epoch_obeyed", std::to_string(epoch)}, {"epoch_stored", std::to_string(store_.epoch())}})});
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("that recovery began was not written to the audit", {{"why", error.what()}});
  }
  active_ = true;
  epoch_seen_ = epoch;
  first_ = host;
  log::error("recovery began", {{"host", host.str()},
                                {"epoch_obeyed", epoch},
                                {"epoch_stored", store_.epoch()},
                                {"what_to_do", "switchyard recover"}});
  for (const model::HostRow& row : hosts_.rows()) {
    if (const auto ended = registry_.refuse(row.id, "recovery", advice)) runs_.agent_lost(row.id, ended->number);
  }
}

std::optional<RecoveryView> Recovery::view() const {
  if (!active_) return std::nullopt;
  RecoveryView view{epoch_seen_, store_.epoch(), {}, missing({})};
  for (const auto& [host, reports] : reports_) view.heard.push_back(host);
  return view;
}

std::optional<Refusal> Recovery::refuse_start() const {
  if (!active_) return std::nullopt;
  return Refusal{503, "recovery", advice, {{"host", first_.str()}}};
}

std::vector<HostId> Recovery::missing(const RecoverRequest& request) const {
  std::vector<HostId> hosts;
  for (const model::HostRow& row : hosts_.rows()) {
    const bool without = std::find(request.without.begin(), request.without.end(), row.id) != request.without.end();
    if (hosts_.may_connect(row.id) && !reports_.contains(row.id) && !without) hosts.push_back(row.id);
  }
  return hosts;
}

/// A host commits only what was decided so: where one has, the decision was lost. Where none has, nobody has acted on a
/// decision to commit, if there was one, and nothing forbids to decide against it.
store::Transaction Recovery::what_is_proven(RecoveryDone& done) const {
  std::map<DeploymentId, bool> committed;
  for (const auto& [host, reports] : reports_) {
    for (const protocol::DeploymentReport& report : reports) {
      if (report.state == protocol::AgentState::idle) continue;
      bool& proven = committed[report.deployment];
      proven = proven || report.state == protocol::AgentState::committed;
    }
  }
  store::Transaction writes;
  for (const auto& [id, proven] : committed) {
    const bool known = store_.deployment(id).has_value();
    if (store_.decision(id) || (known && !proven)) continue;
    if (!known) {
      model::DeploymentRow row;
      row.id = id;
      row.state = proven ? model::DeploymentState::done : model::DeploymentState::rolled_back;
      row.name = "recovered";
      row.reason = "recovered from the hosts' journals: it was not in the store that was restored";
      row.created_wall_ms = row.updated_wall_ms = row.finished_wall_ms = clock_.wall_ms();
      writes.push_back(store::PutDeployment{row});
    }
    writes.push_back(store::PutDecision{id, proven ? model::Decision::commit : model::Decision::abort});
    (proven ? done.committed : done.aborted).push_back(id);
  }
  return writes;
}

Answer<RecoveryDone> Recovery::recover(const Caller& caller, const RecoverRequest& request) {
  if (!active_) {
    return Refusal{409, "no_recovery", "no host knows more than the store: there is nothing to recover", {}};
  }
  const std::vector<HostId> absent = missing(request);
  if (!absent.empty()) {
    std::string names;
    for (const HostId& host : absent) names += (names.empty() ? "" : ", ") + host.str();
    return Refusal{409,
                   "hosts_missing",
                   "these hosts were not heard of since recovery began: " + names +
                       "; what only they know would be lost. Wait for them, or name those that are gone with --without",
                   {{"hosts", names}}};
  }
  RecoveryDone done;
  store::Transaction writes = what_is_proven(done);
  writes.push_back(audit_row(clock_, caller, "recovery.end", "store", request.reason,
                             {{"epoch_obeyed", std::to_string(epoch_seen_)},
                              {"committed", std::to_string(done.committed.size())},
                              {"aborted", std::to_string(done.aborted.size())},
                              {"without", std::to_string(request.without.size())}}));
  store_.commit(writes);
  done.epoch = store_.take_epoch_above(epoch_seen_);
  registry_.speak_for(done.epoch, store_.audit_head());
  active_ = false;
  epoch_seen_ = 0;
  reports_.clear();
  runs_.start_over();
  log::info("recovered",
            {{"epoch", done.epoch}, {"committed", done.committed.size()}, {"aborted", done.aborted.size()}});
  return done;
}

}  // namespace switchyard::fleet
