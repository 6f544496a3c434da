#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"

/// What became of the health checks of a deployment that has ended (docs/health.md), of what is stored of it: its row,
/// its plan and its timeline. Pure.
namespace switchyard::model {

/// How a step ended; neither: that is not known.
struct StepEnd {
  bool done = false;
  bool failed = false;
  std::string warning = {};  ///< it is done all the same
  bool forgiven = false;     ///< a suite that passed, though requests of it failed: `message` says which
  bool unknown = false;      ///< a check that did not pass, since nothing could be found out
  std::string message = {};  ///< what was seen; at most check_message_bytes_max
  std::optional<std::int64_t> duration_ms = {};
  std::int64_t wall_ms = 0;
  bool operator==(const StepEnd&) const = default;
};
/// By the host that said so: what one says of another's steps counts for nothing.
using StepEnds = std::map<std::pair<HostId, StepId>, StepEnd>;
/// Takes in one line of the timeline; what was tried again counts as it ended last. Lines of anything else are passed
/// over.
void note_step_end(const TimelineEntry& entry, StepEnds& ends);

/// off: none was asked. That nothing was found to be wrong is no pass then.
/// inconclusive: none failed, but the deployment went back before it had passed them all.
enum class ChecksOutcome : std::uint8_t { passed, failed, off, inconclusive };
std::string_view checks_outcome_name(ChecksOutcome outcome);

/// passed: those that are not critical may have warned. incomplete: none failed, and not all were asked. not_asked:
/// run_tests leaves it out. none: the plan has none of it. off: health checks were.
enum class TierState : std::uint8_t { passed, failed, incomplete, not_asked, none, off };
std::string_view tier_state_name(TierState state);

/// Checks are counted once for each component on each host, however often they were asked there.
struct TierReport {
  std::uint32_t tier = 0;
  TierState state = TierState::none;
  std::size_t checks = 0;
  std::size_t passed = 0;
  std::size_t warned = 0;
  std::size_t failed = 0;
  bool operator==(const TierReport&) const = default;
};

/// inconclusive: nothing could be found out, or it was not asked to its end before the deployment went back.
enum class CheckStatus : std::uint8_t { pass, fail, inconclusive };
std::string_view check_status_name(CheckStatus status);

/// What one check of a component found on one host. What is asked more than once there is told once: the worst answer,
/// and of equal ones the last.
struct CheckFinding {
  HostId host;
  std::string component;
  std::string check;
  std::uint32_t tier = 0;
  bool critical = true;
  CheckStatus status = CheckStatus::inconclusive;
  std::string message = {};
  /// Of the step that asked. Nothing: it was seen in the watch window, or the host's line has not come: that it passed
  /// follows from what the host said then.
  std::optional<std::int64_t> duration_ms = {};
  std::int64_t wall_ms = 0;  ///< when its answer came; 0: as above
  bool operator==(const CheckFinding&) const = default;
};

struct ChecksReport {
  ChecksOutcome outcome = ChecksOutcome::off;
  std::optional<RunTests> run_tests = {};  ///< nothing: the plan does not say
  std::vector<TierReport> tiers;           ///< all three
  std::vector<std::string> warnings;
  /// The evidence: what did not pass first, critical ones before others. Every check that is counted above, and besides
  /// those of the components' own units that failed.
  std::vector<CheckFinding> findings = {};
  std::size_t findings_left_out = 0;  ///< beyond check_results_max
  bool operator==(const ChecksReport&) const = default;
};

/// Nothing while the deployment is under way, and where it brought nothing to a host that is counted.
///
/// Of a deployment that is done every check that its plan asks of a counted host has passed or warned: an agent says
/// STAGED and SWAPPED only after its steps, and nothing commits before every host has held. Of one that went back only
/// those passed whose line is there.
std::optional<ChecksReport> report_checks(const DeploymentRow& row, const Plan& plan, const StepEnds& ends);

}  // namespace switchyard::model
