#include "coordinator/forecast/simulation_text.hpp"

namespace switchyard::forecast {
namespace {

using model::DeploymentState;

/// "t+12.4 s", in a column.
std::string moment(std::int64_t ms) {
  std::string text = "t+" + std::to_string(ms / 1'000) + "." + std::to_string(ms % 1'000 / 100) + " s";
  if (text.size() < 11) text.resize(11, ' ');
  return "  " + text;
}

/// Nothing for what people do not look for: that a step has begun.
std::string line_of(const model::TimelineEntry& entry) {
  if (entry.what == "step" && entry.state == "started") return "";
  std::string text = entry.host.empty() ? "" : entry.host.str() + "  ";
  if (entry.what == "state") return text + entry.state + (entry.text.empty() ? "" : ": " + entry.text);
  if (entry.what != "step") return text + entry.text;
  text += entry.component + ": " + (model::is_undo(entry) ? "undo: " : "") + entry.text;
  const bool passed_over = entry.state == "done" && entry.fields.contains("warning");
  if (entry.state == "done" && !passed_over) return text;
  const auto detail = entry.fields.find("detail");
  text += " FAILS" + (detail == entry.fields.end() ? "" : " (" + detail->second + ")");
  return text + (passed_over ? "; it is not critical: goes on" : "");
}

std::string end_text(const Simulation& simulation) {
  switch (simulation.end) {
    case DeploymentState::done:
      return "End: committed; every component serves the new release on every host.\n";
    case DeploymentState::rolled_back:
      return "End: rolled back; every component on every host serves what it served before.\n";
    case DeploymentState::paused:
      return "End: paused where it stands, until a person says `deploy resume` or `deploy cancel`:\n";
    default:
      return "End: " + std::string(model::state_name(simulation.end)) + "\n";
  }
}

}  // namespace

std::string simulation_text(const Simulation& simulation, const std::vector<std::string>& unmeasured) {
  std::string text = "Simulation; nothing is changed, and no host hears of it.\n";
  if (!unmeasured.empty()) {
    text += "Times are lower bounds: " + std::to_string(unmeasured.size()) +
            (unmeasured.size() == 1 ? " kind of step has" : " kinds of steps have") + " no history yet.\n";
  }
  if (simulation.timeline.empty()) return text + "End: there is nothing to do on the hosts that answer.\n";
  for (const SimulatedLine& line : simulation.timeline) {
    const std::string what = line_of(line.entry);
    if (!what.empty()) text += moment(line.at_ms) + what + "\n";
  }
  for (const std::string& assumed : simulation.assumed) text += "Assumed: " + assumed + "\n";
  if (!simulation.reverts.empty()) text += "Reverted, in this order:\n";
  for (const SimulatedRevert& revert : simulation.reverts) {
    text += moment(revert.at_ms) + revert.host.str() + "  " + revert.component + "\n";
  }
  text += end_text(simulation);
  if (simulation.end != DeploymentState::paused) return text;
  for (const SimulatedEnd& end : simulation.standing) {
    text += "  " + end.host.str() + "  " + end.component + ": " + end.serves + "\n";
  }
  return text;
}

}  // namespace switchyard::forecast
