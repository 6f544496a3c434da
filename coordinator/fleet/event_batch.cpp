#include "coordinator/fleet/event_batch.hpp"

#include <iterator>
#include <utility>

#include "common/planted.hpp"
#include "coordinator/engine/knowledge.hpp"

namespace switchyard::fleet {
namespace {

engine::DeploymentRun copy_taking_plan(engine::DeploymentRun& run) {
  model::Plan plan = std::move(run.plan);
  engine::DeploymentRun copy = run;
  copy.plan = std::move(plan);
  return copy;
}

/// A report whose acknowledgement was lost: it is in the timeline already.
engine::Effects acknowledge_again(const HostId& host, const protocol::StepEvent& step) {
  engine::Effects effects;
  if (step.result.state != protocol::StepState::started) {
    effects.sends.push_back({host, protocol::StepEventAck{step.deployment, step.step, step.result.state, step.undo}});
  }
  return effects;
}

StepNote note_of(const model::Plan& plan, const HostId& host, const protocol::StepEvent& step) {
  return {(step.undo ? "undo: " : "") + engine::step_title(plan, host, step.step),
          std::string(protocol::step_state_name(step.result.state)), step.result.detail};
}

}  // namespace

std::string step_key(const HostId& host, const protocol::StepEvent& step) {
  return host.str() + "/" + step.step.str() + "/" + std::string(protocol::step_state_name(step.result.state)) + "/" +
         std::to_string(step.result.duration_ms) + "/" + step.result.code + (step.undo ? "/undo" : "");
}

EventBatch::~EventBatch() {
  for (auto& [id, draft] : drafts_) draft.live->run.plan = std::move(draft.next.plan);
}

EventBatch::Draft& EventBatch::draft_of(const DeploymentId& id, LiveDeployment& live) {
  const auto found = drafts_.find(id);
  if (found != drafts_.end()) return found->second;
  return drafts_.emplace(id, Draft{&live, copy_taking_plan(live.run), {}, {}}).first->second;
}

engine::Effects EventBatch::apply(Draft& draft, const engine::Event& event) {
  if (const auto* said = std::get_if<engine::AgentSaid>(&event)) {
    if (const auto* step = std::get_if<protocol::StepEvent>(&said->message)) {
      const std::string key = step_key(said->host, *step);
      if (draft.live->recorded.contains(key) || !draft.recorded.insert(key).second) {
        return acknowledge_again(said->host, *step);
      }
      draft.steps[{said->host, step->component}] = note_of(draft.next.plan, said->host, *step);
    }
  }
  return engine::apply(draft.next, event);
}

void EventBatch::decide(const DeploymentId& id, LiveDeployment& live, const engine::Event& event) {
  Draft& draft = draft_of(id, live);
  engine::Effects effects = apply(draft, event);
  if (PLANTED(says_before_the_commit)) runner_.send(effects);
  store::Transaction writes = runner_.writes_of(draft.next, effects);
  std::move(writes.begin(), writes.end(), std::back_inserter(writes_));
  closed_ = effects.decided || effects.finished;
  outcomes_.push_back({id, std::move(effects)});
}

std::vector<EventBatch::Outcome> EventBatch::commit() {
  for (auto& [id, draft] : drafts_) {
    if (PLANTED(knows_what_is_not_stored)) draft.live->run = draft.next;
  }
  runner_.make_durable(writes_);
  for (auto& [id, draft] : drafts_) {
    draft.live->run = std::move(draft.next);
    for (auto& [place, note] : draft.steps) draft.live->steps[place] = std::move(note);
    draft.live->recorded.merge(draft.recorded);
  }
  drafts_.clear();
  return std::move(outcomes_);
}

}  // namespace switchyard::fleet
