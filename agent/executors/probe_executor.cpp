#include "agent/executors/probe_executor.hpp"

#include <utility>
#include <variant>

namespace switchyard::agent {

ProbeExecutor::ProbeExecutor(Prober& prober, const Clock& clock, Pause pause, UnitTail tail)
    : ProbeExecutor([&prober](const protocol::ProbeSpec& spec,
                              const std::stop_token& stop) { return prober.try_once(spec, stop); },
                    clock, std::move(pause), std::move(tail)) {}

ProbeExecutor::ProbeExecutor(TryProbe try_once, const Clock& clock, Pause pause, UnitTail tail)
    : try_once_(std::move(try_once)), clock_(clock), pause_(std::move(pause)), tail_(std::move(tail)) {}

/// A process that starts and dies at once passes the start, and fails here: why, only its own lines say.
std::string ProbeExecutor::last_words(const protocol::ProbeSpec& spec) const {
  const auto* unit = std::get_if<protocol::UnitProbe>(&spec.kind);
  if (unit == nullptr) return "";
  std::string text;
  for (const std::string& line : tail_(unit->unit)) text += "\n  " + line;
  return text.empty() ? text : "; its last lines:" + text;
}

protocol::StepResult ProbeExecutor::run(const protocol::Action& action, const StepContext& context) {
  const protocol::ProbeSpec& spec = std::get<protocol::Probe>(action).spec;
  const ProbeOutcome outcome = run_probe(spec, try_once_, clock_, pause_, context.deadline_boot_ms, context.stop);
  protocol::StepResult result;
  if (outcome.passed) {
    result = done(false, outcome.detail);
    if (outcome.forgiven > 0) result.evidence["forgiven"] = std::to_string(outcome.forgiven);
  } else if (outcome.cancelled) {
    result =
        failed("cancelled", "probe " + spec.name + " was cancelled after " + std::to_string(outcome.tries) + " tries");
  } else if (!spec.critical) {
    result = done(false, "warning: " + outcome.detail);
    result.evidence["warning"] = outcome.detail;
  } else {
    result = failed("probe_failed", outcome.detail + last_words(spec));
  }
  if (outcome.unknown) result.evidence["unknown"] = "true";
  result.evidence["tries"] = std::to_string(outcome.tries);
  return result;
}

}  // namespace switchyard::agent
