#pragma once

#include <string>
#include <vector>

#include "coordinator/forecast/duration_history.hpp"

/// How long a plan will take, by what the same steps took before. Nothing is guessed: where a kind of step was never
/// measured there is no figure, and the kind is named. Pure.
namespace switchyard::forecast {

/// The three figures are those of a deployment whose steps all take their 10th, 50th and 90th percentile: the outer two
/// are wider apart than the deployments themselves. `samples` is the smallest number of samples of any step.
struct Estimate {
  std::optional<Spread> spread;         ///< nothing: something has no history
  std::vector<std::string> unmeasured;  ///< "api: swap start"
  bool operator==(const Estimate&) const = default;
};

/// Of a component that is stopped before its new release starts.
struct Downtime {
  std::string component;
  std::vector<HostId> hosts;
  Estimate estimate;  ///< of the host where it is longest
  bool operator==(const Downtime&) const = default;
};

/// From the start to the end of the commit; the pauses and the watch window are in it as the plan says them, the time
/// in which a person has to promote a canary is not.
Estimate estimate_duration(const model::Plan& plan, const DurationHistory& history);
std::vector<Downtime> estimate_downtime(const model::Plan& plan, const DurationHistory& history);

/// "12.4 s (10.1 to 15.0 s, 8 samples)", or what has no history.
std::string estimate_text(const Estimate& estimate);

}  // namespace switchyard::forecast
