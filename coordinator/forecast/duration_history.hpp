#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"

namespace switchyard::forecast {

/// Measured durations of one kind: nearest ranks, so that every figure was measured at some time.
struct Spread {
  std::int64_t p10_ms = 0;
  std::int64_t median_ms = 0;
  std::int64_t p90_ms = 0;
  std::size_t samples = 0;
  bool operator==(const Spread&) const = default;
};

/// How long the steps of earlier deployments took, by component and kind (step_kind.hpp). Filled from the store's
/// timelines, the newest deployment first; at most limits::forecast_samples_max of each kind. A value.
class DurationHistory {
 public:
  /// One deployment that has ended, and its timeline.
  void add(const model::Plan& plan, const std::vector<model::TimelineEntry>& timeline);
  void add(const std::string& component, const std::string& kind, std::int64_t ms);

  /// Nothing when nothing of that kind was measured.
  std::optional<Spread> find(const std::string& component, const std::string& kind) const;

 private:
  void add_hold(const std::vector<model::TimelineEntry>& timeline);

  std::map<std::pair<std::string, std::string>, std::vector<std::int64_t>> samples_;
};

}  // namespace switchyard::forecast
