#include "agent/probes/probe_runner.hpp"

#include <algorithm>
#include <optional>

#include "agent/probes/probe_gate.hpp"

namespace switchyard::agent {
namespace {

std::string why_not(const protocol::ProbeSpec& spec, const ProbeGate& gate) {
  const std::string& last = gate.last_failure().empty() ? gate.last_detail() : gate.last_failure();
  return "probe " + spec.name + " did not pass: it needs " + std::to_string(spec.successes) + " good tries in a row" +
         (spec.min_healthy_ms == 0 ? "" : " over " + std::to_string(spec.min_healthy_ms) + " ms") + " and had " +
         std::to_string(gate.good_in_a_row()) + " at the end of " + std::to_string(gate.tries()) + "; " +
         (last.empty() ? "none was made in time" : last);
}

}  // namespace

ProbeOutcome run_probe(const protocol::ProbeSpec& spec, const TryProbe& try_once, const Clock& clock,
                       const Pause& pause, std::int64_t deadline_boot_ms, const std::stop_token& stop) {
  ProbeGate gate(spec, clock.boot_ms());
  std::optional<GateVerdict> verdict;
  bool step_over = false;
  std::size_t forgiven = 0;
  bool unknown = false;
  while (!verdict && !step_over && !stop.stop_requested()) {
    const std::int64_t began_ms = clock.boot_ms();
    protocol::ProbeSpec bounded = spec;
    // The last try must not outlive the step.
    const std::int64_t left_ms = std::clamp<std::int64_t>(deadline_boot_ms - began_ms, 1, spec.timeout_ms);
    bounded.timeout_ms = static_cast<std::uint32_t>(left_ms);
    const ProbeTry tried = try_once(bounded, stop);
    forgiven = tried.forgiven;
    unknown = tried.unknown;
    verdict = gate.on_try(tried, clock.boot_ms());
    if (verdict) break;
    pause(std::max<std::int64_t>(gate.pause_ms(clock.boot_ms()), 1), stop);
    verdict = gate.on_time(clock.boot_ms());
    step_over = clock.boot_ms() >= deadline_boot_ms;
  }
  ProbeOutcome outcome;
  outcome.passed = verdict == GateVerdict::passed;
  outcome.cancelled = !outcome.passed && stop.stop_requested();
  outcome.tries = gate.tries();
  outcome.forgiven = outcome.passed ? forgiven : 0;
  outcome.unknown = !outcome.passed && unknown;
  outcome.detail = outcome.passed ? gate.last_detail() : why_not(spec, gate);
  return outcome;
}

}  // namespace switchyard::agent
