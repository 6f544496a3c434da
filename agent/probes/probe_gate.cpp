#include "agent/probes/probe_gate.hpp"

#include <algorithm>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

std::uint32_t bad_tries_max(const protocol::ProbeSpec& spec) {
  if (spec.tier.value_or(0) == 0) return 0;
  const std::uint32_t time_ms = spec.deadline_ms - std::min(spec.deadline_ms, spec.min_healthy_ms);
  return std::max(1U, time_ms / std::max({1U, spec.timeout_ms, spec.interval_ms}));
}

}  // namespace

ProbeGate::ProbeGate(const protocol::ProbeSpec& spec, std::int64_t began_ms)
    : deadline_ms_(began_ms + spec.deadline_ms),
      successes_(std::max<std::uint32_t>(spec.successes, 1)),
      min_healthy_ms_(spec.min_healthy_ms),
      interval_ms_(std::max(spec.interval_ms, limits::probe_interval_ms_min)),
      bad_tries_max_(bad_tries_max(spec)) {}

std::optional<GateVerdict> ProbeGate::on_try(const ProbeTry& tried, std::int64_t ended_ms) {
  if (verdict_) return verdict_;
  ++tries_;
  last_detail_ = tried.detail;
  if (!tried.ok) {
    good_in_a_row_ = 0;
    last_failure_ = tried.detail;
    if (++bad_tries_ == bad_tries_max_) verdict_ = GateVerdict::failed;
    return on_time(ended_ms);
  }
  if (good_in_a_row_ > 0 && tried.identity != identity_) {
    last_failure_ = "it restarted between two tries";
    good_in_a_row_ = 0;
  }
  if (good_in_a_row_ == 0) good_since_ms_ = ended_ms - tried.good_for_ms;
  identity_ = tried.identity;
  ++good_in_a_row_;
  const bool in_time = ended_ms <= deadline_ms_;
  if (in_time && good_in_a_row_ >= successes_ && ended_ms - good_since_ms_ >= min_healthy_ms_) {
    verdict_ = GateVerdict::passed;
  }
  return verdict_ ? verdict_ : on_time(ended_ms);
}

std::optional<GateVerdict> ProbeGate::on_time(std::int64_t now_ms) {
  if (!verdict_ && now_ms >= deadline_ms_) verdict_ = GateVerdict::failed;
  return verdict_;
}

std::int64_t ProbeGate::pause_ms(std::int64_t now_ms) const {
  return std::clamp<std::int64_t>(deadline_ms_ - now_ms, 0, interval_ms_);
}

}  // namespace switchyard::agent
