#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"

/// What a plan would come to: the very engine that runs deployments, over simulated agents (simulated_agent.hpp) and a
/// simulated clock. No message leaves, nothing is written. Pure.
namespace switchyard::forecast {

/// One step on one host, which fails in the simulation whenever it is tried, and changes nothing; one that is carried
/// out after the decision fails once, since it is tried until it works. One that does nothing does not fail.
struct FailingStep {
  HostId host;
  StepId step;
  bool operator==(const FailingStep&) const = default;
};

struct SimulationInput {
  std::optional<FailingStep> failing;
  /// How long a step, or its undo, takes.
  std::function<std::int64_t(const std::string& component, const protocol::Step& step, bool undo)> duration_ms;
  std::int64_t hold_ms = 0;  ///< to dial anew after the swap
};

struct SimulatedLine {
  std::int64_t at_ms = 0;
  model::TimelineEntry entry;
};
struct SimulatedRevert {
  std::int64_t at_ms = 0;
  HostId host;
  std::string component;
  auto operator<=>(const SimulatedRevert&) const = default;
};

/// What a component serves on a host in the end, when nothing is under way any more.
struct SimulatedEnd {
  HostId host;
  std::string component;
  std::string serves;  ///< new, old, both (a share of the traffic), nothing, or not known
  bool operator==(const SimulatedEnd&) const = default;
};

struct Simulation {
  std::vector<SimulatedLine> timeline;
  std::vector<SimulatedRevert> reverts;                           ///< in the order in which they were done
  model::DeploymentState end = model::DeploymentState::approved;  ///< done, rolled_back or paused
  std::vector<SimulatedEnd> standing;
  std::string reason;
  std::int64_t took_ms = 0;
  std::vector<std::string> assumed;  ///< what a person would have to do, and is taken as done at once
};

/// Throws InputError when the plan is too large to be simulated.
Simulation simulate(const model::Plan& plan, const SimulationInput& input);

/// It is there for its undo: a hook of the rollback that is kept ready.
bool does_nothing(const protocol::Action& action);
/// A hook or check that is not critical: that it failed is told, and everything goes on.
bool is_passed_over(const protocol::Action& action);

/// "STEP", "HOST/STEP" or "HOST/COMPONENT/STEP" by titles, or the first digits of a step's id. Throws InputError, with
/// the nearest that there is, when it is none or more than one, and when nothing could come of its failure.
FailingStep find_failing_step(const model::Plan& plan, const std::string& wanted);

}  // namespace switchyard::forecast
