#include "coordinator/fleet/deployment_runs.hpp"

#include <algorithm>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/failures.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/stray.hpp"

namespace switchyard::fleet {
namespace {

std::string timer_prefix(const DeploymentId& id) { return "run/" + id.str() + "/"; }

protocol::StepEventAck acknowledgement(const protocol::StepEvent& step) {
  return {step.deployment, step.step, step.result.state, step.undo};
}

protocol::DeploymentReport report_of(const DeploymentId& id, const std::vector<protocol::DeploymentReport>& open) {
  for (const protocol::DeploymentReport& report : open) {
    if (report.deployment == id) return report;
  }
  protocol::DeploymentReport nothing;
  nothing.deployment = id;
  return nothing;
}

bool has_switched(const store::StateStore& store, const DeploymentId& id) {
  const std::string_view switching = model::state_name(model::DeploymentState::swapping);
  for (std::size_t after = 0;;) {
    const std::vector<model::TimelineEntry> page = store.timeline(id, after, limits::list_rows_max);
    const bool found = std::any_of(page.begin(), page.end(), [&](const model::TimelineEntry& entry) {
      return entry.what == "state" && entry.state == switching;
    });
    if (found || page.size() < limits::list_rows_max) return found;
    after += page.size();
  }
}

/// Of a fleet, many hosts have the same to say at the same time.
bool comes_in_chorus(const engine::Event& event) {
  return std::holds_alternative<engine::AgentSaid>(event) || std::holds_alternative<engine::AgentConnected>(event) ||
         std::holds_alternative<engine::AgentLost>(event);
}

}  // namespace

DeploymentRuns::DeploymentRuns(store::StateStore& store, AgentRegistry& registry, Timers& timers, const Clock& clock,
                               TimelineViewers& viewers)
    : store_(store),
      registry_(registry),
      timers_(timers),
      clock_(clock),
      viewers_(viewers),
      runner_(store, registry, clock) {}

void DeploymentRuns::restore() {
  for (const model::DeploymentRow& row : store_.unfinished_deployments()) {
    // It waits for people, not for hosts. Unless a recovery has found out that it was begun after this copy of the
    // store was made.
    if (row.state == model::DeploymentState::draft && !store_.decision(row.id)) continue;
    auto plan = store_.plan(row.id);
    ENSURE(plan.has_value());
    log::info("deployment taken up again", {{"deployment", row.id.str()}, {"state", model::state_name(row.state)}});
    add(row, std::move(*plan), PLANTED(decision_is_not_read_again) ? std::nullopt : store_.decision(row.id));
    if (has_switched(store_, row.id)) engine::note_switching(live_.at(row.id).run);
    post(row.id, engine::Restarted{});
  }
}

void DeploymentRuns::start_over() {
  timers_.cancel_all("run/");
  live_.clear();
  waiting_.clear();
  strays_.clear();
  held_.clear();
  restore();
}

void DeploymentRuns::hold(const DeploymentId& id) {
  ENSURE(!draining_);
  held_.insert(id);
  timers_.cancel_all(timer_prefix(id));
  std::erase_if(waiting_, [&](const auto& event) { return event.first == id; });
}

void DeploymentRuns::start(model::DeploymentRow row, model::Plan plan) {
  const DeploymentId id = row.id;
  add(std::move(row), std::move(plan), std::nullopt);
  post(id, engine::Started{});
  introduce_connected(id);
}

void DeploymentRuns::add(model::DeploymentRow row, model::Plan plan, std::optional<model::Decision> decision) {
  const DeploymentId id = row.id;
  const auto [place, added] =
      live_.emplace(id, LiveDeployment{engine::make_run(std::move(row), std::move(plan), decision), {}, {}, {}});
  ENSURE(added);
  begun_(place->second.run.row, place->second.run.plan);
}

/// Agents that are connected already say no second HELLO.
void DeploymentRuns::introduce_connected(const DeploymentId& id) {
  std::vector<engine::AgentConnected> events;
  if (const engine::DeploymentRun* run = find(id)) {
    for (const auto& [host, slice] : run->plan.slices) {
      if (const auto session = registry_.session_number(host)) events.push_back({host, *session, report_of(id, {})});
    }
  }
  for (engine::AgentConnected& event : events) post(id, std::move(event));
}

void DeploymentRuns::post(const DeploymentId& id, engine::Event event) {
  if (held_.contains(id)) return;
  if (waiting_.size() >= limits::waiting_events_max && std::holds_alternative<engine::AgentSaid>(event)) return;
  const bool in_chorus = comes_in_chorus(event);
  waiting_.emplace_back(id, std::move(event));
  if (in_chorus) {
    drain_soon();
  } else {
    drain();
  }
}

/// When the loop has taken in what arrived by now.
void DeploymentRuns::drain_soon() {
  if (drain_is_due_) return;
  drain_is_due_ = true;
  timers_.set("runs/drain", 0, [this] {
    drain_is_due_ = false;
    drain();
  });
}

void DeploymentRuns::drain() {
  if (draining_ || store_down_) return;
  draining_ = true;
  try {
    while (!waiting_.empty()) handle_batch();
  } catch (const StaleEpochError&) {
    draining_ = false;
    throw;
  } catch (const StoreError& error) {
    log::error("the store cannot be written, deployments wait", {{"why", error.what()}});
    store_down_ = true;
    timers_.set("runs/store", limits::store_retry_ms, [this] {
      store_down_ = false;
      drain();
    });
  }
  draining_ = false;
}

/// One transaction. Throws StoreError: all of its events still wait.
void DeploymentRuns::handle_batch() {
  EventBatch batch(runner_);
  std::vector<engine::AgentConnected> late;
  std::size_t taken = 0;
  while (taken < waiting_.size() && taken < limits::events_per_transaction_max && !batch.is_closed()) {
    const auto& [id, event] = waiting_[taken++];
    const auto found = live_.find(id);
    if (found != live_.end()) {
      batch.decide(id, found->second, event);
    } else if (const auto* connected = std::get_if<engine::AgentConnected>(&event)) {
      // While the store was down, a host came back to a deployment that has ended meanwhile.
      late.push_back(*connected);
    }
  }
  const std::vector<EventBatch::Outcome> outcomes = batch.commit();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
  for (const EventBatch::Outcome& outcome : outcomes) act_on(outcome);
  for (const engine::AgentConnected& host : late) {
    if (!PLANTED(late_comers_are_forgotten)) settle(host.host, host.report);
  }
}

void DeploymentRuns::act_on(const EventBatch::Outcome& outcome) {
  const engine::Effects& effects = outcome.effects;
  runner_.send(effects);
  set_timers(outcome.deployment, effects);
  if (effects.finished) finish(outcome.deployment);
  if (!effects.timeline.empty() || effects.save) viewers_.grew(outcome.deployment);
}

void DeploymentRuns::set_timers(const DeploymentId& id, const engine::Effects& effects) {
  for (const engine::SetTimer& timer : effects.timers) {
    const std::string name = timer_prefix(id) + timer.timer;
    if (timer.ms < 0) {
      timers_.cancel(name);
      continue;
    }
    timers_.set(name, timer.ms, [this, id, fired = timer.timer] { post(id, engine::TimerFired{fired}); });
  }
}

void DeploymentRuns::finish(const DeploymentId& id) {
  timers_.cancel_all(timer_prefix(id));
  auto live = live_.extract(id);
  const model::DeploymentRow& row = live.mapped().run.row;
  log::info("deployment finished",
            {{"deployment", id.str()}, {"state", model::state_name(row.state)}, {"reason", row.reason}});
  // From the loop: the callback may start another deployment, and this event is not over yet.
  timers_.set("runs/finished/" + id.str(), 0, [this, row] { finished_(row); });
  for (const auto& [host, report] : live.mapped().apart) settle(host, report);
}

void DeploymentRuns::agent_connected(const HostId& host, std::uint64_t session, const protocol::Hello& hello) {
  std::vector<protocol::DeploymentReport> reports;
  for (auto& [id, live] : live_) {
    if (!live.run.plan.slices.contains(host)) continue;
    protocol::DeploymentReport report = report_of(id, hello.open);
    report.forgotten = report.state == protocol::AgentState::idle && live.run.plan_seq <= hello.forgotten_plan_seq;
    if (!live.run.hosts.contains(host)) live.apart[host] = report;
    reports.push_back(std::move(report));
  }
  for (protocol::DeploymentReport& report : reports) {
    const DeploymentId id = report.deployment;
    post(id, engine::AgentConnected{host, session, std::move(report)});
  }
  for (const protocol::DeploymentReport& report : hello.open) {
    if (!live_.contains(report.deployment)) settle(host, report);
  }
}

/// The host has a deployment open that is over here.
void DeploymentRuns::settle(const HostId& host, const protocol::DeploymentReport& report) {
  const auto message = engine::settle_stray(report, store_.decision(report.deployment));
  if (!message) return;
  log::warning("a host came back with a deployment that is over",
               {{"host", host.str()},
                {"deployment", report.deployment.str()},
                {"state", protocol::agent_state_name(report.state)},
                {"told", protocol::message_name(protocol::type_of(*message))}});
  if (!PLANTED(stray_is_told_once)) strays_.insert_or_assign({host, report.deployment}, *message);
  registry_.send(host, *message);
  timers_.set("runs/strays", limits::stray_resend_ms, [this] { tell_strays(); });
}

/// As every request, this one is sent again until it is answered. Who reconnects is told anew.
void DeploymentRuns::tell_strays() {
  for (const auto& [stray, message] : strays_) registry_.send(stray.first, message);
  if (!strays_.empty()) timers_.set("runs/strays", limits::stray_resend_ms, [this] { tell_strays(); });
}

void DeploymentRuns::stray_said(const HostId& host, const DeploymentId& id, const protocol::Message& message) {
  using protocol::AgentState;
  bool over = std::holds_alternative<protocol::Committed>(message);
  if (const auto* reverted = std::get_if<protocol::Reverted>(&message)) over = reverted->complete;
  if (const auto* said = std::get_if<protocol::Report>(&message)) {
    const AgentState state = said->report.state;
    over = state == AgentState::idle || state == AgentState::reverted || state == AgentState::committed;
  }
  if (over) strays_.erase({host, id});
}

void DeploymentRuns::agent_lost(const HostId& host, std::uint64_t session) {
  std::vector<DeploymentId> concerned;
  for (const auto& [id, live] : live_) {
    if (live.run.plan.slices.contains(host)) concerned.push_back(id);
  }
  for (const DeploymentId& id : concerned) live_.at(id).apart.erase(host);
  for (const DeploymentId& id : concerned) post(id, engine::AgentLost{host, session});
  std::erase_if(strays_, [&](const auto& entry) { return entry.first.first == host; });
}

bool DeploymentRuns::agent_said(const HostId& host, std::uint64_t session, const DeploymentId& id,
                                const protocol::Message& message) {
  const auto found = live_.find(id);
  const auto* step = std::get_if<protocol::StepEvent>(&message);
  if (found == live_.end()) {
    if (!took_part(host, id)) return false;
    if (step != nullptr) late_step(host, *step);
    stray_said(host, id, message);
    return true;
  }
  if (!found->second.run.plan.slices.contains(host)) return false;
  post(id, engine::AgentSaid{host, session, message});
  return true;
}

/// In one that is over. Of one that the store does not know everybody may speak: nothing can come of it.
bool DeploymentRuns::took_part(const HostId& host, const DeploymentId& id) {
  if (late_speakers_.contains({host, id})) return true;
  const auto plan = store_.plan(id);
  if (plan && !plan->slices.contains(host)) return false;
  if (late_speakers_.size() >= limits::late_steps_max) late_speakers_.clear();
  late_speakers_.insert({host, id});
  return true;
}

/// After the end: the agent retires the old slot when keep_old is over. What fails there changes nothing of how the
/// deployment ended, and people look for it where its other errors are.
void DeploymentRuns::late_step(const HostId& host, const protocol::StepEvent& step) {
  if (PLANTED(acknowledges_a_step_before_it_is_stored)) registry_.send(host, acknowledgement(step));
  const std::string key = step.deployment.str() + "/" + step_key(host, step);
  const auto plan = late_recorded_.contains(key) ? std::nullopt : store_.plan(step.deployment);
  if (plan && plan->slices.contains(host)) {
    model::TimelineEntry entry = engine::step_entry(*plan, host, step);
    entry.deployment = step.deployment;
    entry.wall_ms = clock_.wall_ms();
    store::Transaction writes{store::AppendTimeline{std::move(entry)}};
    std::optional<model::DeploymentRow> row = store_.deployment(step.deployment);
    if (row && engine::note_late_failure(*row, *plan, host, step)) {
      writes.push_back(store::PutDeployment{*std::move(row)});
    }
    store_.commit(writes);
    if (late_recorded_.size() >= limits::late_steps_max) late_recorded_.clear();
    late_recorded_.insert(key);
    viewers_.grew(step.deployment);
  }
  if (step.result.state != protocol::StepState::started) registry_.send(host, acknowledgement(step));
}

bool DeploymentRuns::needs(const HostId& host, const ReleaseId& release) const {
  return std::any_of(live_.begin(), live_.end(), [&](const auto& entry) {
    const auto slice = entry.second.run.plan.slices.find(host);
    if (slice == entry.second.run.plan.slices.end()) return false;
    const auto& components = slice->second.components;
    return std::any_of(components.begin(), components.end(), [&](const protocol::SliceComponent& component) {
      return component.release == release || component.old.release == release;
    });
  });
}

const engine::DeploymentRun* DeploymentRuns::find(const DeploymentId& id) const {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second.run;
}

const std::map<std::pair<HostId, std::string>, StepNote>* DeploymentRuns::steps(const DeploymentId& id) const {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second.steps;
}

}  // namespace switchyard::fleet
