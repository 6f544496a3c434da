#include "coordinator/fleet/simulations.hpp"

#include <set>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "coordinator/fleet/plan_outlook.hpp"
#include "coordinator/forecast/step_kind.hpp"

namespace switchyard::fleet {
namespace {

/// Medians of what was measured; what was not takes no time, and is noted.
class Durations {
 public:
  explicit Durations(forecast::DurationHistory history) : history_(std::move(history)) {}

  std::int64_t find(const std::string& component, const std::string& kind) {
    if (const auto spread = history_.find(component, kind)) return spread->median_ms;
    unmeasured_.insert((component.empty() ? "" : component + ": ") + kind);
    return 0;
  }
  std::vector<std::string> unmeasured() const { return {unmeasured_.begin(), unmeasured_.end()}; }

 private:
  forecast::DurationHistory history_;
  std::set<std::string> unmeasured_;
};

}  // namespace

Answer<SimulationView> simulation_of(const store::StateStore& store, const PlannedDeployment& planned,
                                     const std::string& fail) {
  ENSURE(planned.basis.has_value());
  try {
    Durations durations(measured_durations(store, planned.basis->manifest));
    forecast::SimulationInput input;
    if (!fail.empty()) input.failing = forecast::find_failing_step(planned.plan, fail);
    input.duration_ms = [&](const std::string& component, const protocol::Step& step, bool undo) {
      return durations.find(component, forecast::step_kind(step, undo));
    };
    if (!planned.plan.slices.empty()) input.hold_ms = durations.find("", forecast::hold_kind);
    SimulationView view;
    view.plan_hash = planned.plan.hash;
    view.simulation = forecast::simulate(planned.plan, input);
    view.unmeasured = durations.unmeasured();
    return view;
  } catch (const InputError& error) {
    return Refusal{422, "cannot_simulate", error.what(), {}};
  }
}

}  // namespace switchyard::fleet
