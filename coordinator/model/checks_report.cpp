#include "coordinator/model/checks_report.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/limits.hpp"
#include "protocol/text.hpp"

namespace switchyard::model {
namespace {

using protocol::SliceComponent;

constexpr std::uint32_t tier_count = 3;
constexpr std::string_view warning_mark = "warning: ";

/// From good to bad. A check that is asked more than once counts as its worst answer.
enum class Answer : std::uint8_t { passed, warned, missing, failed };

/// That its unit runs is asked of every component, also where health checks are off: it is none of them.
bool is_health_check(const protocol::ProbeSpec& spec, const SliceComponent& component) {
  const auto* unit = std::get_if<protocol::UnitProbe>(&spec.kind);
  return unit == nullptr || unit->unit != component.unit;
}

/// As a finding: what is not known is no pass.
CheckStatus status_of(Answer answer, const StepEnd* end) {
  if (answer == Answer::passed) return CheckStatus::pass;
  const bool seen = answer != Answer::missing && end != nullptr && !end->unknown;
  return seen ? CheckStatus::fail : CheckStatus::inconclusive;
}

/// 0 first: what a person looks for.
int rank_of(const CheckFinding& finding) {
  if (finding.status == CheckStatus::pass) return 4;
  return (finding.critical ? 0 : 2) + (finding.status == CheckStatus::fail ? 0 : 1);
}

std::string field_of(const TimelineEntry& entry, const char* name) {
  const auto found = entry.fields.find(name);
  return found == entry.fields.end() ? std::string() : found->second;
}

/// Hosts write the fields: what is no number of milliseconds is none.
std::optional<std::int64_t> duration_of(const TimelineEntry& entry) {
  const std::string text = field_of(entry, "ms");
  std::uint32_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return ms;
}

bool is_before_commit(const protocol::Step& step) {
  return step.phase == protocol::Phase::prepare || step.phase == protocol::Phase::swap;
}

class Report {
 public:
  Report(const DeploymentRow& row, const Plan& plan, const StepEnds& ends) : row_(row), plan_(plan), ends_(ends) {}

  std::optional<ChecksReport> make() {
    for (const auto& [host, slice] : plan_.slices) {
      if (std::find(row_.gone.begin(), row_.gone.end(), host) != row_.gone.end()) continue;
      for (const SliceComponent& component : slice.components) look_at(host, component);
    }
    if (components_.empty()) return std::nullopt;
    if (plan_.settings.checks) report_.run_tests = plan_.settings.checks->run_tests;
    count();
    tell_findings();
    report_.outcome = outcome();
    for (TierReport& tier : report_.tiers) tier.state = state_of(tier);
    set_warnings();
    return std::move(report_);
  }

 private:
  using Key = std::tuple<std::uint32_t, HostId, std::string, std::string>;  ///< tier, host, component, check
  struct Asked {
    Answer answer = Answer::passed;
    const StepEnd* end = nullptr;
    bool critical = true;
  };

  void look_at(const HostId& host, const SliceComponent& component) {
    for (const protocol::Step& step : component.steps) {
      const auto end = ends_.find({host, step.id});
      const StepEnd* known = end == ends_.end() ? nullptr : &end->second;
      if (known != nullptr) warn_of(component.name + " on " + host.str() + ": " + step.title + ": ", *known);
      const auto* probe = std::get_if<protocol::Probe>(&step.action);
      if (probe == nullptr || !is_before_commit(step)) continue;
      bool& has_check = components_[component.name];
      const Key key{tier_of(probe->spec), host, component.name, probe->spec.name};
      const Asked asked{answer_of(known), known, probe->spec.critical};
      if (!is_health_check(probe->spec, component)) {
        unit_failed_ = unit_failed_ || asked.answer == Answer::failed;
        if (asked.answer == Answer::failed) units_[key] = asked;
        continue;
      }
      has_check = true;
      take_worse(answers_[key], asked);
    }
  }

  void warn_of(const std::string& what, const StepEnd& end) {
    if (!end.warning.empty()) step_warnings_.push_back(what + end.warning);
    if (end.forgiven && end.warning.empty()) step_warnings_.push_back(what + end.message);
  }

  static std::uint32_t tier_of(const protocol::ProbeSpec& spec) {
    return std::min(spec.tier.value_or(0), tier_count - 1);
  }

  static void take_worse(Asked& worst, const Asked& asked) {
    const bool newer = asked.answer == worst.answer && asked.end != nullptr;
    if (asked.answer > worst.answer || newer) worst = asked;
    worst.critical = asked.critical;
  }

  Answer answer_of(const StepEnd* end) const {
    if (end != nullptr && !end->warning.empty()) return Answer::warned;
    if (row_.state == DeploymentState::done) return Answer::passed;
    if (end == nullptr || end->done == end->failed) return Answer::missing;
    return end->done ? Answer::passed : Answer::failed;
  }

  void count() {
    for (std::uint32_t tier = 0; tier < tier_count; ++tier) report_.tiers.push_back({.tier = tier});
    for (const auto& [check, asked] : answers_) {
      TierReport& tier = report_.tiers[std::get<std::uint32_t>(check)];
      ++tier.checks;
      if (asked.answer == Answer::passed) ++tier.passed;
      if (asked.answer == Answer::warned) ++tier.warned;
      if (asked.answer == Answer::failed) ++tier.failed;
    }
  }

  void tell_findings() {
    std::vector<CheckFinding>& findings = report_.findings;
    for (const std::map<Key, Asked>* some : {&units_, &answers_}) {
      for (const auto& [key, asked] : *some) findings.push_back(finding_of(key, asked));
    }
    if (went_back()) {
      for (const Failure& failure : row_.failures) take_in(failure);
    }
    std::stable_sort(findings.begin(), findings.end(),
                     [](const CheckFinding& a, const CheckFinding& b) { return rank_of(a) < rank_of(b); });
    const std::size_t shown = std::min(findings.size(), limits::check_results_max);
    report_.findings_left_out = findings.size() - shown;
    findings.resize(shown);
  }

  static CheckFinding finding_of(const Key& key, const Asked& asked) {
    CheckFinding finding;
    std::tie(finding.tier, finding.host, finding.component, finding.check) = key;
    finding.critical = asked.critical;
    finding.status = status_of(asked.answer, asked.end);
    if (asked.answer == Answer::missing) finding.message = "was not asked to its end before the deployment went back";
    // It passed in the end, and the line that says so has not come.
    const bool overtaken = asked.end != nullptr && asked.answer == Answer::passed && !asked.end->done;
    if (asked.end == nullptr || asked.answer == Answer::missing || overtaken) return finding;
    finding.message = asked.end->message;
    finding.duration_ms = asked.end->duration_ms;
    finding.wall_ms = asked.end->wall_ms;
    return finding;
  }

  /// At the vote and in the watch window a check fails in a look, which is no step: its failure in the row tells of it.
  void take_in(const Failure& failure) {
    const protocol::SliceComponent* component = find_component(failure.host, failure.component);
    if (failure.code != "unhealthy" || failure.check.empty() || component == nullptr) return;
    const auto spec = std::find_if(component->watch.begin(), component->watch.end(),
                                   [&](const protocol::ProbeSpec& probe) { return probe.name == failure.check; });
    if (spec == component->watch.end()) return;
    std::vector<CheckFinding>& findings = report_.findings;
    auto found = std::find_if(findings.begin(), findings.end(), [&](const CheckFinding& finding) {
      return finding.host == failure.host && finding.component == failure.component && finding.check == failure.check;
    });
    if (found == findings.end()) found = findings.insert(found, CheckFinding());
    *found = {.host = failure.host,
              .component = failure.component,
              .check = failure.check,
              .tier = tier_of(*spec),
              .status = CheckStatus::fail,
              .message = protocol::clean_text(failure.message, limits::check_message_bytes_max)};
  }

  /// Nothing where the host is not counted.
  const protocol::SliceComponent* find_component(const HostId& host, const std::string& name) const {
    const auto slice = plan_.slices.find(host);
    const bool gone = std::find(row_.gone.begin(), row_.gone.end(), host) != row_.gone.end();
    if (gone || slice == plan_.slices.end()) return nullptr;
    const auto& components = slice->second.components;
    const auto found = std::find_if(components.begin(), components.end(),
                                    [&](const protocol::SliceComponent& component) { return component.name == name; });
    return found == components.end() ? nullptr : &*found;
  }

  /// Beside the checks that are counted: a unit did not stay, or something was seen at the vote or in the watch window,
  /// which is no step.
  bool integrity_failed() const {
    if (unit_failed_) return true;
    return went_back() && std::any_of(row_.failures.begin(), row_.failures.end(), [](const Failure& failure) {
             return failure.code == "unhealthy" || failure.trigger == RollbackTrigger::integrity_check;
           });
  }

  bool went_back() const { return row_.state != DeploymentState::done; }

  ChecksOutcome outcome() const {
    if (answers_.empty()) return ChecksOutcome::off;
    const bool failed =
        std::any_of(report_.tiers.begin(), report_.tiers.end(), [](const TierReport& tier) { return tier.failed > 0; });
    if (failed || integrity_failed()) return ChecksOutcome::failed;
    return went_back() ? ChecksOutcome::inconclusive : ChecksOutcome::passed;
  }

  TierState state_of(const TierReport& tier) const {
    if (report_.outcome == ChecksOutcome::off && plan_.settings.checks && !plan_.settings.checks->enabled) {
      return TierState::off;
    }
    if (tier.failed > 0 || (tier.tier == 0 && tier.checks > 0 && integrity_failed())) return TierState::failed;
    if (tier.checks > 0) return tier.passed + tier.warned == tier.checks ? TierState::passed : TierState::incomplete;
    const bool wanted = !report_.run_tests || is_wanted(*report_.run_tests, tier.tier, TestScope::critical);
    return wanted ? TierState::none : TierState::not_asked;
  }

  void set_warnings() {
    std::vector<std::string>& warnings = report_.warnings;
    if (report_.outcome == ChecksOutcome::off) {
      const bool disabled = plan_.settings.checks && !plan_.settings.checks->enabled;
      warnings.push_back(
          std::string(disabled ? "health checks are off (health_checks_enabled: false)" : "no health check was asked") +
          ": only whether the units run was asked");
    } else {
      for (const auto& [name, has_check] : components_) {
        if (!has_check) warnings.push_back("no health check was asked of " + name + ", only whether its unit runs");
      }
    }
    const std::size_t room =
        limits::deployment_warnings_max - std::min(warnings.size(), limits::deployment_warnings_max);
    const std::size_t shown = std::min(room, step_warnings_.size());
    warnings.insert(warnings.end(), step_warnings_.begin(),
                    step_warnings_.begin() + static_cast<std::ptrdiff_t>(shown));
    if (shown < step_warnings_.size()) {
      warnings.push_back("and " + std::to_string(step_warnings_.size() - shown) + " more, which the timeline has");
    }
  }

  const DeploymentRow& row_;
  const Plan& plan_;
  const StepEnds& ends_;
  std::map<Key, Asked> answers_;
  std::map<Key, Asked> units_;              ///< of the components' own, those that failed
  std::map<std::string, bool> components_;  ///< that were brought; whether they have a health check
  std::vector<std::string> step_warnings_;
  bool unit_failed_ = false;
  ChecksReport report_;
};

}  // namespace

std::string_view checks_outcome_name(ChecksOutcome outcome) {
  switch (outcome) {
    case ChecksOutcome::passed:
      return "passed";
    case ChecksOutcome::failed:
      return "failed";
    case ChecksOutcome::off:
      return "off";
    case ChecksOutcome::inconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

std::string_view check_status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::pass:
      return "pass";
    case CheckStatus::fail:
      return "fail";
    case CheckStatus::inconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

std::string_view tier_state_name(TierState state) {
  switch (state) {
    case TierState::passed:
      return "passed";
    case TierState::failed:
      return "failed";
    case TierState::incomplete:
      return "incomplete";
    case TierState::not_asked:
      return "not_asked";
    case TierState::none:
      return "none";
    case TierState::off:
      return "off";
  }
  return "none";
}

void note_step_end(const TimelineEntry& entry, StepEnds& ends) {
  const auto step = entry.fields.find("step");
  if (entry.what != "step" || entry.state == "started" || step == entry.fields.end() || is_undo(entry)) return;
  const bool cut_off = field_of(entry, "code") == "cancelled";
  StepEnd end{entry.state == "done", entry.state == "failed" && !cut_off};
  std::string seen = field_of(entry, "detail");
  if (seen.starts_with(warning_mark)) seen.erase(0, warning_mark.size());
  if (end.done && entry.fields.contains("warning")) end.warning = seen.empty() ? field_of(entry, "warning") : seen;
  end.forgiven = end.done && entry.fields.contains("forgiven");
  end.unknown = entry.fields.contains("unknown");
  end.message = protocol::clean_text(seen, limits::check_message_bytes_max);
  end.duration_ms = duration_of(entry);
  end.wall_ms = entry.wall_ms;
  ends[{entry.host, StepId(step->second)}] = std::move(end);
}

std::optional<ChecksReport> report_checks(const DeploymentRow& row, const Plan& plan, const StepEnds& ends) {
  if (row.state != DeploymentState::done && row.state != DeploymentState::rolled_back) return std::nullopt;
  return Report(row, plan, ends).make();
}

}  // namespace switchyard::model
