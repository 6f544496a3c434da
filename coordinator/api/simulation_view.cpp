#include "coordinator/api/simulation_view.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/forecast/simulation_text.hpp"

namespace switchyard::api::views {
namespace {

using nlohmann::json;

json line_view(const forecast::SimulatedLine& line) {
  return {{"at_ms", line.at_ms},
          {"host", line.entry.host.str()},
          {"component", line.entry.component},
          {"what", line.entry.what},
          {"state", line.entry.state},
          {"text", line.entry.text},
          {"undo", model::is_undo(line.entry)}};
}

}  // namespace

json simulation_view(const fleet::SimulationView& view) {
  const forecast::Simulation& simulation = view.simulation;
  json timeline = json::array(), reverts = json::array(), standing = json::array();
  for (const forecast::SimulatedLine& line : simulation.timeline) timeline.push_back(line_view(line));
  for (const forecast::SimulatedRevert& revert : simulation.reverts) {
    reverts.push_back({{"at_ms", revert.at_ms}, {"host", revert.host.str()}, {"component", revert.component}});
  }
  for (const forecast::SimulatedEnd& end : simulation.standing) {
    standing.push_back({{"host", end.host.str()}, {"component", end.component}, {"serves", end.serves}});
  }
  return {{"plan_hash", view.plan_hash},     {"end", model::state_name(simulation.end)},
          {"reason", simulation.reason},     {"took_ms", simulation.took_ms},
          {"unmeasured", view.unmeasured},   {"assumed", simulation.assumed},
          {"timeline", std::move(timeline)}, {"reverts", std::move(reverts)},
          {"standing", std::move(standing)}, {"text", forecast::simulation_text(simulation, view.unmeasured)}};
}

}  // namespace switchyard::api::views
