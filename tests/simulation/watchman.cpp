#include "tests/simulation/watchman.hpp"

#include <algorithm>

#include "agent/journal/record_codec.hpp"
#include "common/base64.hpp"
#include "common/crc32c.hpp"
#include "common/hex.hpp"
#include "coordinator/store/audit_chain.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::size_t magic_bytes = 16;
constexpr std::size_t head_bytes = 16;

template <class T>
T number_at(const std::string& bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
  }
  return value;
}

}  // namespace

// --- journals
// ----------------------------------------------------------------------------------------------------------

/// Frames as journal_file.hpp describes them, up to the first that is not whole.
void Watchman::read_on(const HostId& host, Book& book, const std::string& durable, bool again) {
  if (book.read < magic_bytes) book.read = magic_bytes;
  while (book.read + head_bytes <= durable.size()) {
    const auto length = number_at<std::uint32_t>(durable, book.read);
    if (length == 0 || book.read + head_bytes + length > durable.size()) return;
    const std::string_view checked(durable.data() + book.read + 8, 8 + length);
    if (crc32c(checked) != number_at<std::uint32_t>(durable, book.read + 4)) return;
    for (const agent::JournalRecord& record : agent::decode_records(checked.substr(8))) note(host, book, record, again);
    book.read += head_bytes + length;
  }
}

void Watchman::journal_grew(const HostId& host, std::uint64_t file, const std::string& durable) {
  Book& book = books_[host];
  const bool again = book.file != file;
  if (again) {
    book.file = file;
    book.read = 0;
  }
  read_on(host, book, durable, again);
}

/// What was durable must still be there.
void Watchman::power_was_cut(const HostId& host, std::uint64_t file, const std::string& durable) {
  Book& book = books_[host];
  Book left;
  left.file = book.file;
  read_on(host, left, durable, true);
  if (left.epoch < book.epoch) violation("I6: a power cut took the epoch of " + host.str() + " back");
  for (const auto& [id, before] : book.deployments) {
    const Facts after = left.deployments[id];
    const bool lost = (before.held && !after.held) || (before.decided && !after.decided);
    if (lost && !before.closed && !after.closed) {
      violation("a power cut took from " + host.str() + " what it had promised about " + id.str());
    }
  }
  journal_grew(host, file, durable);  // what was not synced, and is there all the same
}

void Watchman::note(const HostId& host, Book& book, const agent::JournalRecord& record, bool again) {
  using agent::RecordKind;
  if (record.kind == RecordKind::epoch) {
    if (record.epoch < book.epoch) violation("I6: the epoch of " + host.str() + " decreased");
    book.epoch = std::max(book.epoch, record.epoch);
    return;
  }
  if (record.kind == RecordKind::fence) return;
  Facts& facts = book.deployments[record.deployment];
  if (record.kind == RecordKind::plan) note_plan(host, book, facts, record, again);
  if (record.kind == RecordKind::intent || record.kind == RecordKind::result) note_step(facts, record);
  if (record.kind == RecordKind::extended) ++facts.extended;
  if (record.kind == RecordKind::staged) facts.staged.insert(record.component);
  if (record.kind == RecordKind::swapped) facts.swapped.insert(record.component);
  if (record.kind == RecordKind::committed) facts.committed = true;
  if (record.kind == RecordKind::armed || record.kind == RecordKind::extended) {
    facts.boot = record.boot_id;
    facts.deadline_boot_ms = record.deadline_boot_ms;
  }
  if (record.kind == RecordKind::reverted && !record.component.empty()) {
    facts.reverted.insert(record.component);
    for (const std::string& later : facts.after[record.component]) {
      if (again || !facts.swapped.contains(later) || facts.reverted.contains(later)) continue;
      violation(host.str() + " took " + record.component + " back before " + later + ", which was switched after it");
    }
  }
  if (record.kind == RecordKind::held) {
    for (const auto& [deployment, component] : sick_[host]) {
      if (deployment == record.deployment && !again)
        violation(host.str() + " voted for " + component + ", which is sick");
    }
    if (facts.decided && !facts.commit && !again) violation("I3: " + host.str() + " held what it was reverting");
    facts.held = true;
  }
  if (record.kind == RecordKind::decision && !again) note_decision(host, facts, record);
  if (record.kind == RecordKind::decision) {
    facts.decided = true;
    facts.commit = record.commit;
  }
  const bool whole = record.component.empty();
  if (whole && (record.kind == RecordKind::reverted || record.kind == RecordKind::retired)) {
    facts.closed = true;
    if (record.kind == RecordKind::retired) facts.committed = true;
  }
}

void Watchman::note_step(Facts& facts, const agent::JournalRecord& record) {
  (record.kind == agent::RecordKind::intent ? facts.intents : facts.results).insert({record.step, record.undo});
}

/// Which components were switched after which, of those that depend on each other; and that no plan is older than one
/// that was taken before.
void Watchman::note_plan(const HostId& host, Book& book, Facts& facts, const agent::JournalRecord& record, bool again) {
  facts.plan = true;
  const std::uint64_t number = protocol::decode_header(record.plan.header).plan_seq;
  std::vector<std::string> before;
  for (const protocol::SliceComponent& component : protocol::decode_slice(record.plan.slice).components) {
    std::uint64_t& newest = book.plan_seq[component.name];
    if (!again && number <= newest) violation("P4: " + host.str() + " took an old plan of " + component.name);
    newest = std::max(newest, number);
    for (const protocol::Step& step : component.steps) {
      if (step.phase == protocol::Phase::swap) facts.swap_steps.insert(step.id);
    }
    for (const std::string& earlier : before) {
      const bool related = dependents[earlier].contains(component.name) || dependents[component.name].contains(earlier);
      if (related) facts.after[earlier].insert(component.name);
    }
    before.push_back(component.name);
  }
}

void Watchman::note_decision(const HostId& host, Facts& facts, const agent::JournalRecord& record) {
  const DeploymentId& id = record.deployment;
  if (facts.decided && facts.commit != record.commit)
    violation("I1: " + host.str() + " decided both ways about " + id.str());
  if (record.commit && !facts.held) violation("I2: " + host.str() + " committed what it had not held");
  if (record.commit && !decided(id, model::Decision::commit)) {
    violation("I2: " + host.str() + " committed what the coordinator had not decided");
  }
  if (!record.commit && facts.held && !decided(id, model::Decision::abort) && !restored_) {
    violation("I3: " + host.str() + " reverted though it had voted, and nobody had decided so");
  }
}

// --- what agents say
// ---------------------------------------------------------------------------------------------------

bool Watchman::decided(const DeploymentId& id, model::Decision decision) const {
  const auto found = decisions_.find(id);
  const auto lost = lost_decisions_.find(id);
  return (found != decisions_.end() && found->second == decision) ||
         (lost != lost_decisions_.end() && lost->second == decision);
}

void Watchman::agent_says(const HostId& host, const protocol::Message& message) {
  Book& book = books_[host];
  const auto promise = [&](const DeploymentId& id, bool kept, const char* what) {
    if (!kept) violation(host.str() + " said " + what + " of " + id.str() + " before it was on its disk");
  };
  if (const auto* held = std::get_if<protocol::Held>(&message)) {
    promise(held->deployment, book.deployments[held->deployment].held, "HELD");
  } else if (const auto* committed = std::get_if<protocol::Committed>(&message)) {
    promise(committed->deployment, book.deployments[committed->deployment].committed, "COMMITTED");
  } else if (const auto* ack = std::get_if<protocol::PlanAck>(&message)) {
    promise(ack->deployment, book.deployments[ack->deployment].plan, "PLAN_ACK");
  } else if (const auto* staged = std::get_if<protocol::Staged>(&message)) {
    promise(staged->deployment, book.deployments[staged->deployment].staged.contains(staged->component), "STAGED");
  } else if (const auto* swapped = std::get_if<protocol::Swapped>(&message)) {
    promise(swapped->deployment, book.deployments[swapped->deployment].swapped.contains(swapped->component), "SWAPPED");
  } else if (const auto* reverted = std::get_if<protocol::Reverted>(&message)) {
    const Facts& facts = book.deployments[reverted->deployment];
    if (reverted->complete && facts.plan) promise(reverted->deployment, facts.closed, "REVERTED");
  } else if (const auto* extended = std::get_if<protocol::Extended>(&message)) {
    // Each prolongs the lease by a record of its own.
    Facts& facts = book.deployments[extended->deployment];
    promise(extended->deployment, facts.extended >= ++facts.said_extended, "EXTENDED");
  } else if (const auto* event = std::get_if<protocol::StepEvent>(&message)) {
    judge_step_event(host, *event);
  }
}

void Watchman::judge_step_event(const HostId& host, const protocol::StepEvent& event) {
  using protocol::StepState;
  said_.insert({host, event.step, std::string(protocol::step_state_name(event.result.state)), event.undo});
  const Facts& facts = books_[host].deployments[event.deployment];
  const bool begun = event.result.state == StepState::started;
  if ((begun ? facts.intents : facts.results).contains({event.step, event.undo})) return;
  violation((begun ? "J3: " : "J7: ") + host.str() + " told of a step what was not on its disk");
}

void Watchman::host_lies(const HostId& host, const protocol::Message& message) {
  liars_.insert(host);
  if (const auto* event = std::get_if<protocol::StepEvent>(&message)) {
    said_.insert({host, event->step, std::string(protocol::step_state_name(event->result.state)), event->undo});
  }
}

void Watchman::step_acts(const HostId& host, const DeploymentId& deployment, const StepId& step, bool undo) {
  const Facts& facts = books_[host].deployments[deployment];
  if (!facts.intents.contains({step, undo})) {
    violation("J3: " + host.str() + " began a step before its intent was on its disk");
  }
  if (!undo && facts.swap_steps.contains(step) && facts.deadline_boot_ms == 0) {
    violation("J4: " + host.str() + " switched before its deadline was on its disk");
  }
}

void Watchman::agent_reports(const HostId& host, const protocol::Hello& hello) {
  Book& book = books_[host];
  if (hello.max_epoch < book.epoch) violation("I6: " + host.str() + " has forgotten an epoch");
  if (hello.max_epoch > book.epoch) violation(host.str() + " spoke of an epoch that is not on its disk");
  for (const protocol::DeploymentReport& report : hello.open) {
    const Facts& facts = book.deployments[report.deployment];
    const bool held = facts.held || facts.committed || facts.closed;
    if (report.state == protocol::AgentState::held && !held) {
      violation(host.str() + " reported held of " + report.deployment.str() + " before it was on its disk");
    }
    if (report.state == protocol::AgentState::committed && !facts.committed) {
      violation(host.str() + " reported committed of " + report.deployment.str() + " before it was on its disk");
    }
  }
}

void Watchman::agent_welcomed(const HostId& host, std::uint64_t epoch) {
  if (books_[host].epoch < epoch) violation("J1: " + host.str() + " was welcomed, and the epoch is not on its disk");
}

void Watchman::agent_hears(const HostId& host, const protocol::Message& message) {
  using model::DeploymentState;
  const auto stored = [&](const DeploymentId& id, DeploymentState state, const char* what) {
    if (!restored_ && !deployments_[id].states.contains(state)) {
      violation("S3: " + host.str() + " was told to " + what + " before that was stored");
    }
  };
  if (const auto* prepare = std::get_if<protocol::Prepare>(&message))
    stored(prepare->deployment, DeploymentState::preparing, "prepare");
  if (const auto* swap = std::get_if<protocol::Swap>(&message))
    stored(swap->deployment, DeploymentState::swapping, "switch");
  if (const auto* hold = std::get_if<protocol::Hold>(&message))
    stored(hold->deployment, DeploymentState::holding, "vote");
  if (const auto* ack = std::get_if<protocol::StepEventAck>(&message)) {
    const bool known =
        stored_.contains({host, ack->step, std::string(protocol::step_state_name(ack->state)), ack->undo});
    if (!known && !restored_) violation("S7: what " + host.str() + " said was acknowledged before it was stored");
  }
  if (const auto* commit = std::get_if<protocol::Commit>(&message)) {
    if (!decided(commit->deployment, model::Decision::commit)) {
      violation("I2: " + host.str() + " was told to commit before that was decided");
    }
  } else if (const auto* abort = std::get_if<protocol::Abort>(&message)) {
    const bool known = deployments_.contains(abort->deployment) && !restored_;
    if (known && !decided(abort->deployment, model::Decision::abort)) {
      violation("I3: " + host.str() + " was told to abort before that was decided");
    }
  }
}

void Watchman::health_changed(const HostId& host, const DeploymentId& deployment, const std::string& component,
                              bool healthy) {
  healthy ? sick_[host].erase({deployment, component}) : (sick_[host].insert({deployment, component}), 1);
}

void Watchman::deadline(const HostId& host, const std::string& boot, std::int64_t now_boot_ms) {
  constexpr std::int64_t late_ms = 10'000;
  for (const auto& [id, facts] : books_[host].deployments) {
    const bool provisional = facts.deadline_boot_ms != 0 && !facts.held && !facts.decided && !facts.closed;
    if (provisional && facts.boot == boot && now_boot_ms > facts.deadline_boot_ms + late_ms) {
      violation("G13: " + host.str() + " has not gone back though its time for " + id.str() + " is over");
    }
  }
}

// --- secrets
// -----------------------------------------------------------------------------------------------------------

void Watchman::keep_secret(const std::string& value) { secrets_ = {value, base64(value), to_hex(value)}; }

void Watchman::must_not_tell(std::string_view bytes, const char* what, const std::string& of_whom) {
  for (const std::string& secret : secrets_) {
    if (bytes.find(secret) != std::string_view::npos)
      violation("I11: a secret stands in " + std::string(what) + of_whom);
  }
}

// --- the store
// ---------------------------------------------------------------------------------------------------------

void Watchman::store_took_epoch(std::uint64_t epoch) {
  if (epoch <= store_epoch_) violation("I6: the store's epoch did not grow");
  store_epoch_ = epoch;
}

void Watchman::store_took_epoch_above(std::uint64_t epoch) {
  for (const auto& [host, book] : books_) {
    if (epoch <= book.epoch) violation("I6: a coordinator took an epoch that " + host.str() + " has obeyed before");
  }
  store_took_epoch(epoch);
}

void Watchman::store_was_restored(const store::MemoryDisk& lost, const store::MemoryDisk& copy) {
  restored_ = true;
  lost_decisions_ = lost.guarded.decisions;
  for (const store::StoredAudit& row : lost.audit) lost_heads_.insert(row.hash);
  decisions_ = copy.guarded.decisions;
  locks_ = copy.guarded.locks;
  store_epoch_ = copy.epoch;
}

void Watchman::store_committed(std::uint64_t epoch, const store::Transaction& writes) {
  if (epoch != store_epoch_) violation("I6: a coordinator that was replaced wrote to the store");
  for (const store::Write& write : writes) {
    judge_author(write);
    if (const auto* row = std::get_if<store::PutDeployment>(&write)) {
      Deployment& deployment = deployments_[row->row.id];
      deployment.states.insert(row->row.state);
      deployment.left_out.clear();
      deployment.left_out.insert(row->row.deferred.begin(), row->row.deferred.end());
      deployment.left_out.insert(row->row.gone.begin(), row->row.gone.end());
      judge_end(row->row, deployment);
    } else if (const auto* plan = std::get_if<store::PutPlan>(&write)) {
      for (const auto& [host, slice] : plan->plan.slices) {
        auto& components = deployments_[plan->plan.deployment].components[host];
        for (const protocol::SliceComponent& component : slice.components) components.insert(component.name);
      }
    } else if (const auto* lock = std::get_if<store::TakeLock>(&write)) {
      operator_take(*lock);
    } else if (const auto* released = std::get_if<store::ReleaseLocks>(&write)) {
      std::erase_if(locks_, [&](const auto& entry) { return entry.second == released->deployment; });
    } else if (const auto* decision = std::get_if<store::PutDecision>(&write)) {
      decide(*decision);
    }
  }
}

/// I10. Which host a row names as its author is the host whose key the network has seen, whatever the message said of
/// its sender.
void Watchman::judge_author(const store::Write& write) {
  if (const auto* line = std::get_if<store::AppendTimeline>(&write)) {
    const model::TimelineEntry& entry = line->entry;
    const auto step = entry.fields.find("step");
    if (entry.what != "step" || step == entry.fields.end()) return;
    const StepWord word{entry.host, StepId(step->second), entry.state, model::is_undo(entry)};
    stored_.insert(word);
    if (!said_.contains(word)) {
      violation("I10: a line says that " + entry.host.str() + " spoke of a step, and it did not");
    }
  } else if (const auto* host = std::get_if<store::PutHost>(&write)) {
    const std::string& version = host->row.agent_version;
    if (!version.empty() && version != "simulated-" + host->row.id.str()) {
      violation("I10: what another host said of itself was written about " + host->row.id.str());
    }
  } else if (const auto* audit = std::get_if<store::AppendAudit>(&write)) {
    if (audit->entry.operation == "message.refuse" && !liars_.contains(HostId(audit->entry.object))) {
      violation("I10: " + audit->entry.object + " is accused of what it did not say");
    }
  }
}

/// E5: the end that people are told of is that of every host that counts.
void Watchman::judge_end(const model::DeploymentRow& row, const Deployment& deployment) {
  if (restored_ || !model::is_final(row.state)) return;
  for (const auto& [host, components] : deployment.components) {
    if (deployment.left_out.contains(host)) continue;
    const Facts& facts = books_[host].deployments[row.id];
    const bool done = row.state == model::DeploymentState::done;
    if (done ? facts.committed : facts.swapped.empty() || facts.closed) continue;
    violation("E5: a deployment is said to be " + std::string(done ? "done, and " : "rolled back, and ") + host.str() +
              " is not");
  }
}

void Watchman::operator_take(const store::TakeLock& lock) {
  const auto [found, added] = locks_.try_emplace({lock.host, lock.component}, lock.deployment);
  if (!added && found->second != lock.deployment) {
    violation("I7: " + lock.component + " on " + lock.host.str() + " is changed by two deployments");
  }
}

void Watchman::decide(const store::PutDecision& write) {
  const auto [found, added] = decisions_.try_emplace(write.deployment, write.decision);
  if (!added && found->second != write.decision) violation("I1: a second decision about " + write.deployment.str());
  if (write.decision != model::Decision::commit) return;
  const Deployment& deployment = deployments_[write.deployment];
  for (const auto& [host, components] : deployment.components) {
    if (deployment.left_out.contains(host)) continue;
    const Facts& facts = books_[host].deployments[write.deployment];
    if (!facts.held) violation("I2: " + write.deployment.str() + " is committed, and " + host.str() + " has not held");
  }
}

void Watchman::audit_at_the_end(const std::vector<store::StoredAudit>& rows) {
  if (const auto row = store::find_audit_break(rows))
    violation("I12: the audit chain breaks at " + std::to_string(*row));
  std::set<std::string> heads = {std::string(store::empty_audit_head)};
  for (const store::StoredAudit& row : rows) heads.insert(row.hash);
  for (const std::string& seen : seen_heads_) {
    if (!heads.contains(seen) && !lost_heads_.contains(seen))
      violation("I12: an agent has seen an audit head that is not in the chain");
  }
}

}  // namespace switchyard::simulation
