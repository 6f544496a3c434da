#include "coordinator/engine/knowledge.hpp"

#include <algorithm>
#include <variant>

#include "common/planted.hpp"

namespace switchyard::engine {
namespace {

using protocol::AgentState;

constexpr const char* lost_journal =
    "lost its journal and knows nothing of this deployment, which it had prepared: what it serves is not known. "
    "Give it its journal back; or look there what serves, stop its agent and declare it gone (switchyard deploy "
    "resolve), and deploy again when it is back";

constexpr const char* forgotten =
    "has ended later deployments since and has forgotten how this one ended there: whether it was committed is not "
    "known. Look there what serves; then go on without that host (switchyard deploy resolve, deploy resume), or have "
    "the others go back (deploy cancel)";

/// What one message adds. Facts are only added here; learn_from_report() may also take them back.
struct Listener {
  HostRun& host;
  std::uint64_t session;
  Learned learned;

  void operator()(const protocol::PlanAck&) { grow(host.plan_acknowledged, "verified the plan"); }
  void operator()(const protocol::Staged& message) {
    if (host.staged.insert(message.component).second) news("staged " + message.component);
  }
  void operator()(const protocol::Swapped& message) {
    std::uint32_t& stage = host.stage[message.component];
    if (message.stage <= stage) return;
    stage = message.stage;
    if (message.stage == 1) host.doubts.erase(message.component);  // it was probed, and its watch begins
    host.swapped_session = session;
    news("switched " + message.component + (message.stage > 1 ? " to stage " + std::to_string(message.stage) : ""));
  }
  void operator()(const protocol::Held&) { grow(host.held, "held: will not revert by itself any more"); }
  void operator()(const protocol::Committed&) {
    host.held = true;
    grow(host.committed, "committed");
  }
  void operator()(const protocol::Reverted& message) {
    if (!host.amnesia.empty()) {
      learned.trouble = host.amnesia;
      learned.cause.code = "journal_lost";
      learned.stuck = true;
      return;
    }
    host.stuck = false;
    if (message.complete) {
      if (host.reverted_all) return;
      host.reverted_all = true;
      news("back to what it ran before");
    } else if (host.reverted.insert(message.component).second) {
      news("reverted " + message.component);
    }
    learned.trouble = "reverted by itself: " + message.why;
    learned.cause = {"reverted_alone", message.component};
  }
  void operator()(const protocol::Failed& message) {
    learned.trouble =
        (message.component.empty() ? "" : message.component + ": ") + message.detail + " (" + message.code + ")";
    learned.cause = {message.code, message.component, message.step, message.detail};
  }
  void operator()(const protocol::Stuck& message) {
    learned.trouble = message.detail + " (" + message.code + ")";
    learned.cause = {"revert_failed", {}, message.step};
    learned.stuck = true;
    host.stuck = true;
  }
  void operator()(const protocol::Health& message) {
    learned.ill = !message.healthy;
    if (!message.healthy) learned.trouble = message.component + " became unhealthy: " + message.detail;
    if (!message.healthy) learned.cause = {"unhealthy", message.component, {}, message.detail};
    if (message.healthy && message.detail.empty()) {
      host.doubts.erase(message.component);
    } else {
      host.doubts[message.component] = message.detail;
    }
  }
  void operator()(const protocol::Report& message) { learned = learn_from_report(host, session, message.report); }
  template <class Other>
  void operator()(const Other&) {}

  void grow(bool& fact, const char* text) {
    if (fact) return;
    fact = true;
    news(text);
  }
  void news(std::string text) {
    learned.progress = true;
    learned.news.push_back(std::move(text));
  }
};

}  // namespace

Learned learn_from(HostRun& host, std::uint64_t session, const protocol::Message& message) {
  Listener listener{host, session, {}};
  std::visit(listener, message);
  return std::move(listener.learned);
}

Learned learn_from_report(HostRun& host, std::uint64_t session, const protocol::DeploymentReport& report) {
  Learned learned;
  host.heard = true;
  if (host.reported != report.state) {
    learned.progress = true;
    // After a swap that is what was expected, and has been told component by component.
    if (report.state != AgentState::swapped || host.stage.empty())
      learned.news.push_back("says it is " + std::string(protocol::agent_state_name(report.state)));
  }
  host.reported = report.state;
  const bool lost = report.state == AgentState::idle && (host.had_prepared || !host.staged.empty());
  learned.forgotten = report.state == AgentState::idle && report.forgotten;
  host.amnesia = learned.forgotten ? forgotten : lost && host.had_prepared ? lost_journal : "";
  host.plan_acknowledged = report.state != AgentState::idle;
  host.staged.clear();
  for (const protocol::ComponentReport& component : report.components) {
    if (component.staged) host.staged.insert(component.component);
    host.stage[component.component] = component.stage;
  }
  // A HELLO that says "swapped" was written on this connection: the connection is younger than the swap.
  if (report.state == AgentState::swapped && session > 0)
    host.swapped_session = std::min(host.swapped_session, session - 1);
  host.held = report.state == AgentState::held || report.state == AgentState::committed;
  host.committed = report.state == AgentState::committed;
  host.reverted_all = report.state == AgentState::reverted;
  host.stuck = report.state == AgentState::stuck;
  if (lost) learned.trouble = "lost its journal: it knows nothing of this deployment any more";
  if (lost) learned.cause.code = "journal_lost";
  if (!host.amnesia.empty()) {
    learned.cause.code = "journal_lost";
    learned.trouble = host.amnesia;
    learned.stuck = true;
  }
  if (report.state == AgentState::stuck) {
    learned.trouble = "a revert failed there";
    learned.cause.code = "revert_failed";
    learned.stuck = true;
  } else if (report.state == AgentState::safe) {
    learned.trouble = "its journal is corrupt; it runs no steps until a person looks at it";
    learned.cause.code = "journal_lost";
    learned.stuck = true;
  } else if (report.state == AgentState::reverting || report.state == AgentState::reverted) {
    learned.cause.code = "reverted_alone";
    learned.trouble = "reverted by itself" + (report.why.empty() ? "" : ": " + report.why);
  }
  return learned;
}

bool has_reverted(const HostRun& host) {
  return host.reverted_all || !host.reverted.empty() || host.reported == AgentState::reverting ||
         host.reported == AgentState::stuck || host.reported == AgentState::safe;
}

bool lost_ground(const DeploymentRun& run) {
  return std::any_of(run.hosts.begin(), run.hosts.end(), [](const auto& entry) { return has_reverted(entry.second); });
}

bool has_held(const HostRun& host) { return host.held || (PLANTED(commits_what_has_swapped) && !host.stage.empty()); }

bool serves_new(const HostRun& host) {
  return std::any_of(host.stage.begin(), host.stage.end(), [](const auto& entry) { return entry.second > 0; });
}

std::string laggards(const DeploymentRun& run) {
  std::string text;
  for (const auto& [id, host] : run.hosts) {
    const bool waited_for = run.rejoining ? !host.heard : !host.asked.empty() || !host.connected;
    if (!waited_for) continue;
    if (!text.empty()) text += ", ";
    text += id.str();
    text += host.connected ? "" : " (no connection)";
    if (!host.trouble.empty()) text += " (" + host.trouble + ")";
  }
  return text.empty() ? "no host in particular" : text;
}

std::string doubts(const DeploymentRun& run) {
  std::string text;
  for (const auto& [id, host] : run.hosts) {
    for (const auto& [component, detail] : host.doubts) {
      if (!text.empty()) text += "; ";
      text += id.str() + ": " + component + ": " + detail;
    }
  }
  return text;
}

std::string unknowns(const DeploymentRun& run) {
  std::string text = doubts(run);
  for (const auto& [id, host] : run.hosts) {
    if (host.connected || !serves_new(host)) continue;
    text += (text.empty() ? "" : "; ") + id.str() + ": not connected";
  }
  return text;
}

std::string step_title(const model::Plan& plan, const HostId& host, const StepId& step) {
  const auto slice = plan.slices.find(host);
  if (slice == plan.slices.end()) return step.str();
  for (const protocol::SliceComponent& component : slice->second.components) {
    for (const protocol::Step& candidate : component.steps) {
      if (candidate.id == step) return candidate.title;
    }
  }
  return step.str();
}

model::TimelineEntry step_entry(const model::Plan& plan, const HostId& host, const protocol::StepEvent& step) {
  model::TimelineEntry entry;
  entry.host = host;
  if (PLANTED(believes_whom_a_host_names) && step.result.evidence.contains("host"))
    entry.host = HostId(step.result.evidence.at("host"));
  entry.component = step.component;
  entry.what = "step";
  entry.state = protocol::step_state_name(step.result.state);
  entry.text = step_title(plan, host, step.step);
  entry.fields = step.result.evidence;
  if (!step.result.detail.empty()) entry.fields["detail"] = step.result.detail;
  if (!step.result.code.empty()) entry.fields["code"] = step.result.code;
  entry.fields["step"] = step.step.str();
  entry.fields["ms"] = std::to_string(step.result.duration_ms);
  model::mark_undo(entry, step.undo);
  return entry;
}

}  // namespace switchyard::engine
