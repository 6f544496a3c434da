#include "coordinator/fleet/deployment_runs.hpp"

#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/knowledge.hpp"

namespace switchyard::fleet {
namespace {

std::string timer_prefix(const DeploymentId& id) { return "run/" + id.str() + "/"; }

/// Equal for a report that is sent again.
std::string step_key(const HostId& host, const protocol::StepEvent& step) {
  return host.str() + "/" + step.step.str() + "/" + std::string(protocol::step_state_name(step.result.state)) + "/" +
         std::to_string(step.result.duration_ms) + "/" + step.result.code + (step.undo ? "/undo" : "");
}

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

/// All of the run but its plan, which no event changes and which is large: that is moved.
engine::DeploymentRun copy_taking_plan(engine::DeploymentRun& run) {
  model::Plan plan = std::move(run.plan);
  engine::DeploymentRun copy = run;
  copy.plan = std::move(plan);
  return copy;
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
    add(row, std::move(*plan), store_.decision(row.id));
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
      live_.emplace(id, Live{engine::make_run(std::move(row), std::move(plan), decision), {}, {}, {}});
  ENSURE(added);
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
  waiting_.emplace_back(id, std::move(event));
  drain();
}

void DeploymentRuns::drain() {
  if (draining_ || store_down_) return;
  draining_ = true;
  try {
    while (!waiting_.empty()) {
      handle(waiting_.front().first, waiting_.front().second);
      waiting_.pop_front();
    }
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

void DeploymentRuns::handle(const DeploymentId& id, const engine::Event& event) {
  const auto found = live_.find(id);
  if (found == live_.end()) {
    // While the store was down, a host came back to a deployment that has ended meanwhile.
    if (const auto* late = std::get_if<engine::AgentConnected>(&event)) settle(late->host, late->report);
    return;
  }
  Live& live = found->second;
  engine::DeploymentRun next = copy_taking_plan(live.run);
  engine::Effects effects;
  try {
    effects = engine::apply(next, event);
    if (PLANTED(says_before_the_commit)) runner_.send(effects);
    runner_.make_durable(next, effects);
  } catch (...) {
    live.run.plan = std::move(next.plan);
    throw;
  }
  live.run = std::move(next);
  if (const auto* said = std::get_if<engine::AgentSaid>(&event)) {
    if (const auto* step = std::get_if<protocol::StepEvent>(&said->message)) {
      live.recorded.insert(step_key(said->host, *step));
      live.steps[{said->host, step->component}] = {
          (step->undo ? "undo: " : "") + engine::step_title(live.run.plan, said->host, step->step),
          std::string(protocol::step_state_name(step->result.state)), step->result.detail};
    }
  }
  runner_.send(effects);
  set_timers(id, effects);
  const bool grew = !effects.timeline.empty() || effects.save;
  if (effects.finished) finish(id);
  if (grew) viewers_.grew(id);
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

void DeploymentRuns::agent_connected(const HostId& host, std::uint64_t session,
                                     const std::vector<protocol::DeploymentReport>& open) {
  std::vector<DeploymentId> concerned;
  for (const auto& [id, live] : live_) {
    if (live.run.plan.slices.contains(host)) concerned.push_back(id);
  }
  for (const DeploymentId& id : concerned) {
    Live& live = live_.at(id);
    if (!live.run.hosts.contains(host)) live.apart[host] = report_of(id, open);
  }
  for (const DeploymentId& id : concerned) post(id, engine::AgentConnected{host, session, report_of(id, open)});
  for (const protocol::DeploymentReport& report : open) {
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
  if (step != nullptr && acknowledge_known_step(found->second, host, *step)) return true;
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

/// A report whose acknowledgement was lost: it is in the timeline already.
bool DeploymentRuns::acknowledge_known_step(Live& live, const HostId& host, const protocol::StepEvent& step) {
  if (!live.recorded.contains(step_key(host, step))) return false;
  if (step.result.state != protocol::StepState::started) registry_.send(host, acknowledgement(step));
  return true;
}

/// After the end: the agent retires the old slot when keep_old is over.
void DeploymentRuns::late_step(const HostId& host, const protocol::StepEvent& step) {
  const std::string key = step.deployment.str() + "/" + step_key(host, step);
  const auto plan = late_recorded_.contains(key) ? std::nullopt : store_.plan(step.deployment);
  if (plan && plan->slices.contains(host)) {
    model::TimelineEntry entry = engine::step_entry(*plan, host, step);
    entry.deployment = step.deployment;
    entry.wall_ms = clock_.wall_ms();
    store_.commit({store::AppendTimeline{std::move(entry)}});
    if (late_recorded_.size() >= limits::late_steps_max) late_recorded_.clear();
    late_recorded_.insert(key);
    viewers_.grew(step.deployment);
  }
  if (step.result.state != protocol::StepState::started) registry_.send(host, acknowledgement(step));
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
