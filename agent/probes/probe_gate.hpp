#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/probes/probe.hpp"
#include "protocol/step.hpp"

namespace switchyard::agent {

enum class GateVerdict : std::uint8_t { passed, failed };

/// Decides from the tries of one probe whether it passes. Pure: times come in with the events.
///
///   passed   the last `successes` tries were good, without a bad one between, the first of that run of good ones ended
///            at least `min_healthy_ms` before the last, and all of it within `deadline_ms`. A slot that was kept warm
///            has its time behind it already: what systemd knows of it counts.
///   failed   the deadline has passed without that; or, of a test (tier 1 and 2), so many tries were bad as fit into
///            the deadline when each takes its time: what fails fast is not run over and over for as long as it may
///            take
///
/// A bad try starts the count anew, and so does a good one that saw another process (a service that restarts between
/// two tries is not healthy). The first verdict is final: there is no flapping between verdicts.
class ProbeGate {
 public:
  ProbeGate(const protocol::ProbeSpec& spec, std::int64_t began_ms);

  /// A try ended.
  std::optional<GateVerdict> on_try(const ProbeTry& tried, std::int64_t ended_ms);
  /// Nothing happened but time.
  std::optional<GateVerdict> on_time(std::int64_t now_ms);
  std::optional<GateVerdict> verdict() const { return verdict_; }

  /// How long until the next try should begin: the interval, cut at the deadline.
  std::int64_t pause_ms(std::int64_t now_ms) const;
  std::uint32_t tries() const { return tries_; }
  std::uint32_t good_in_a_row() const { return good_in_a_row_; }
  const std::string& last_detail() const { return last_detail_; }
  const std::string& last_failure() const { return last_failure_; }

 private:
  std::int64_t deadline_ms_;
  std::uint32_t successes_;
  std::uint32_t min_healthy_ms_;
  std::uint32_t interval_ms_;
  std::uint32_t bad_tries_max_;  ///< 0: as many as the deadline allows
  std::optional<GateVerdict> verdict_;
  std::uint32_t tries_ = 0;
  std::uint32_t bad_tries_ = 0;
  std::uint32_t good_in_a_row_ = 0;
  std::int64_t good_since_ms_ = 0;
  std::string identity_;
  std::string last_detail_;
  std::string last_failure_;
};

}  // namespace switchyard::agent
