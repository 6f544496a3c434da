#include "coordinator/fleet/recovery.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/commit_writes.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

constexpr const char* advice =
    "an older copy of the store was restored, or that host does not tell the truth; it waits, with the deployments "
    "that "
    "it takes part in, until `switchyard recover` was run on the coordinator";

}  // namespace

Recovery::Known* Recovery::look_up(const DeploymentId& id) {
  const auto found = known_.find(id);
  if (found != known_.end()) return &found->second;
  if (!store_.deployment(id)) return nullptr;
  if (known_.size() >= limits::known_deployments_max || hosts_known_ >= limits::known_participants_max) {
    known_.clear();
    hosts_known_ = 0;
  }
  Known known;
  if (const auto plan = store_.plan(id)) {
    for (const auto& [host, slice] : plan->slices) known.hosts.insert(host);
  } else {
    known.any_host = true;
  }
  hosts_known_ += known.hosts.size();
  return &known_.emplace(id, std::move(known)).first->second;
}

bool Recovery::takes_part(const HostId& host, const DeploymentId& id) {
  const Known* known = look_up(id);
  return known != nullptr && (known->any_host || known->hosts.contains(host));
}

/// A deployment's row is durable before a host hears of it, and its commit before a host is told: what a host knows,
/// the store it obeyed knew.
Recovery::Weight Recovery::weigh(const HostId& host, const protocol::DeploymentReport& report) {
  if (report.state == protocol::AgentState::idle) return Weight::known;
  Known* known = look_up(report.deployment);
  if (known == nullptr) return Weight::news;
  if (!known->any_host && !known->hosts.contains(host)) return Weight::foreign;
  if (report.state != protocol::AgentState::committed || known->committed) return Weight::known;
  known->committed = store_.decision(report.deployment) == model::Decision::commit;
  return known->committed ? Weight::known : Weight::news;
}

/// A head that a host was told of, and that the store does not know, is of a newer store.
bool Recovery::is_news(const std::string& audit_head) const {
  return !audit_head.empty() && !forgotten_heads_.contains(audit_head) && !store_.knows_audit_head(audit_head);
}

void Recovery::expect_restored_store() {
  restored_ = store_.restored() && !PLANTED(restored_copy_is_believed);
  if (!restored_) return;
  epoch_seen_ = store_.epoch();
  log::error("the store is a copy that was restored: no command is given", {{"what_to_do", "switchyard recover"}});
}

std::optional<Objection> Recovery::objection(const HostId& host, const protocol::Hello& hello) {
  const std::uint64_t epoch = store_.epoch();
  if (hello.max_epoch > epoch && hello.max_epoch - epoch > limits::epoch_lead_max) {
    return Objection{"says that it has obeyed epoch " + std::to_string(hello.max_epoch) +
                         ", which no coordinator of this fleet can have reached (this one's is " +
                         std::to_string(epoch) + ")",
                     true};
  }
  bool ahead = hello.max_epoch > epoch || is_news(hello.audit_head);
  for (const protocol::DeploymentReport& report : hello.open) {
    const Weight weight = weigh(host, report);
    if (weight == Weight::foreign) {
      return Objection{"speaks of deployment " + report.deployment.str() + ", in which it takes no part", true};
    }
    ahead = ahead || weight == Weight::news;
  }
  if (ahead) believe(host, hello);
  const auto held = held_back_.find(host);
  if (held == held_back_.end() && !restored_) return std::nullopt;
  take_down(host, hello);
  if (held == held_back_.end()) return Objection{"the coordinator waits for `switchyard recover`: its store is a copy"};
  const std::string who =
      held->second == host ? "host " + host.str() + " knows"
                           : "host " + held->second.str() + ", with which this one takes part in a deployment, knows";
  return Objection{who + " more than the coordinator's store (epoch " + std::to_string(epoch_seen_) +
                   ", the store: " + std::to_string(epoch) + "): " + advice};
}

void Recovery::take_down(const HostId& host, const protocol::Hello& hello) {
  reports_[host] = hello.open;
  if (is_news(hello.audit_head)) heads_.insert(hello.audit_head);
}

void Recovery::believe(const HostId& host, const protocol::Hello& hello) {
  if (!ahead_.contains(host)) write_claim(host, hello.max_epoch);
  ahead_.insert(host);
  epoch_seen_ = std::max({PLANTED(last_host_counts) ? 0 : epoch_seen_, hello.max_epoch, store_.epoch()});
  held_back_.insert_or_assign(host, host);
  hold_deployments_of(host);
  end_session(host, advice);
}

/// Writing it down also tells two cases apart: a coordinator that was replaced cannot write, and ends here.
void Recovery::write_claim(const HostId& host, std::uint64_t epoch) {
  try {
    store_.commit(
        {audit_row(clock_, coordinator_itself(), "recovery.begin", host.str(), "a host knows more than the store",
                   {{"epoch_obeyed", std::to_string(epoch)}, {"epoch_stored", std::to_string(store_.epoch())}})});
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("that a host knows more than the store was not written to the audit", {{"why", error.what()}});
  }
  log::error("a host knows more than the store", {{"host", host.str()},
                                                  {"epoch_obeyed", epoch},
                                                  {"epoch_stored", store_.epoch()},
                                                  {"what_to_do", "switchyard recover"}});
}

/// What the host knows may be that they are committed; and what their other hosts hold must not be aborted meanwhile.
void Recovery::hold_deployments_of(const HostId& host) {
  for (const model::DeploymentRow& row : store_.unfinished_deployments()) {
    if (row.state == model::DeploymentState::draft || !takes_part(host, row.id)) continue;
    runs_.hold(row.id);
    const auto plan = store_.plan(row.id);
    if (!plan) continue;
    for (const auto& [other, slice] : plan->slices) {
      if (held_back_.emplace(other, host).second) end_session(other, advice);
    }
  }
}

void Recovery::end_session(const HostId& host, const std::string& why) {
  if (const auto ended = registry_.refuse(host, "recovery", why)) runs_.agent_lost(host, ended->number);
}

std::optional<RecoveryView> Recovery::view() const {
  if (ahead_.empty() && !restored_) return std::nullopt;
  RecoveryView view{epoch_seen_, store_.epoch(), {}, missing({})};
  for (const auto& [host, reports] : reports_) view.heard.push_back(host);
  return view;
}

Refusal Recovery::explain(Refusal refusal) const {
  if (restored_) return {503, "recovery", "the coordinator waits for `switchyard recover`: its store is a copy", {}};
  std::string names;
  for (const auto& [host, account] : held_back_) names += (names.empty() ? "" : ", ") + host.str();
  if (!names.empty()) refusal.message += "; held back until `switchyard recover` was run: " + names;
  return refusal;
}

/// Who has a session has said in its HELLO what it knows, and it was no news.
std::vector<HostId> Recovery::missing(const RecoverRequest& request) const {
  std::vector<HostId> hosts;
  for (const model::HostRow& row : hosts_.rows()) {
    const bool without = std::find(request.without.begin(), request.without.end(), row.id) != request.without.end();
    const bool heard = reports_.contains(row.id) || registry_.connected(row.id);
    if (hosts_.may_connect(row.id) && !heard && !without) hosts.push_back(row.id);
  }
  return hosts;
}

/// A host commits only what was decided so: where one has, the decision was lost. Where none has, nobody has acted on a
/// decision to commit, if there was one, and nothing forbids to decide against it.
std::map<DeploymentId, bool> Recovery::what_is_proven() const {
  std::map<DeploymentId, bool> committed;
  for (const auto& [host, reports] : reports_) {
    for (const protocol::DeploymentReport& report : reports) {
      if (report.state == protocol::AgentState::idle) continue;
      bool& proven = committed[report.deployment];
      proven = proven || report.state == protocol::AgentState::committed;
    }
  }
  return committed;
}

/// One transaction each: what one commit leaves owed, the next must find in the store.
void Recovery::write_proof(const DeploymentId& id, bool proven, RecoveryDone& done) {
  auto row = store_.deployment(id);
  // What is a draft here was approved and begun after this copy was made; who approved it is not known any more.
  const bool draft = row && row->state == model::DeploymentState::draft;
  if (store_.decision(id) || (row && !proven && !draft)) return;
  store::Transaction writes;
  if (row) {
    const auto plan = store_.plan(id);
    if (plan && proven) writes = writes_of_commit(store_, *row, *plan);
  } else {
    if (proven) writes = serving_as_reported(id);
    row.emplace();
    row->id = id;
    row->state = proven ? model::DeploymentState::done : model::DeploymentState::rolled_back;
    row->name = "recovered";
    row->reason = "recovered from the hosts' journals: it was not in the store that was restored";
    row->created_wall_ms = row->updated_wall_ms = row->finished_wall_ms = clock_.wall_ms();
  }
  writes.insert(writes.begin(), store::PutDeployment{*row});
  writes.push_back(store::PutDecision{id, proven ? model::Decision::commit : model::Decision::abort});
  store_.commit(writes);
  (proven ? done.committed : done.aborted).push_back(id);
}

/// Of a deployment whose plan is not known: what its hosts say that they serve, where something was known to serve.
store::Transaction Recovery::serving_as_reported(const DeploymentId& id) const {
  std::map<std::pair<HostId, std::string>, protocol::OldState> reported;
  for (const auto& [host, reports] : reports_) {
    for (const protocol::DeploymentReport& report : reports) {
      if (report.deployment != id || report.state != protocol::AgentState::committed) continue;
      for (const protocol::ComponentReport& component : report.components) {
        const auto kind = component.serving_release.empty() ? protocol::OldKind::absent : protocol::OldKind::release;
        reported[{host, component.component}] = {
            kind, component.serving_slot, ReleaseId(component.serving_release), {}};
      }
    }
  }
  store::Transaction writes;
  for (model::ServingRow serving : store_.serving()) {
    const auto found = reported.find({serving.host, serving.component});
    if (found == reported.end() || found->second.release == serving.serving.release) continue;
    serving.previous = serving.serving;
    serving.serving = found->second;
    serving.deployment = id;
    serving.version = version_of_release(store_, found->second.release);
    writes.push_back(store::PutServing{serving});
  }
  return writes;
}

Answer<RecoveryDone> Recovery::recover(const Caller& caller, const RecoverRequest& request) {
  if (ahead_.empty() && !restored_) {
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
  if (caller.rehearses) return rehearsed("what the hosts know would be taken into the store");
  RecoveryDone done;
  for (const auto& [id, proven] : what_is_proven()) write_proof(id, proven, done);
  done.tokens_burnt = hosts_.burn_unused_tokens(caller, "what they were used for is not in the store");
  for (const model::HostRow& row : hosts_.rows()) {
    if (hosts_.may_connect(row.id)) done.admitted.push_back(row.id);
  }
  store::Transaction writes;
  writes.push_back(audit_row(clock_, caller, "recovery.end", "store", request.reason,
                             {{"epoch_obeyed", std::to_string(epoch_seen_)},
                              {"committed", std::to_string(done.committed.size())},
                              {"aborted", std::to_string(done.aborted.size())},
                              {"without", std::to_string(request.without.size())}}));
  writes.push_back(store::SetRestored{false});
  store_.commit(writes);
  done.epoch = store_.take_epoch_above(epoch_seen_);
  begin_anew(done.epoch);
  log::info("recovered",
            {{"epoch", done.epoch}, {"committed", done.committed.size()}, {"aborted", done.aborted.size()}});
  return done;
}

/// As after a restart: every host dials anew and says what is true there.
void Recovery::begin_anew(std::uint64_t epoch) {
  for (const model::HostRow& row : hosts_.rows()) {
    end_session(row.id, "the coordinator has recovered and begins anew: dial again");
  }
  registry_.speak_for(epoch, store_.audit_head());
  restored_ = false;
  epoch_seen_ = 0;
  ahead_.clear();
  held_back_.clear();
  reports_.clear();
  // Who was heard says its old head once more, when it comes back to be welcomed.
  forgotten_heads_.merge(heads_);
  heads_.clear();
  known_.clear();
  hosts_known_ = 0;
  runs_.start_over();
}

}  // namespace switchyard::fleet
