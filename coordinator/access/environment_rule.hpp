#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/limits_snapshots.hpp"
#include "coordinator/access/freeze_window.hpp"

namespace switchyard::access {

/// Whether the author of a deployment may be among its approvers.
enum class SelfApproval : std::uint8_t { never, with_totp };

/// What an environment asks for before it is changed (`environments:` of coordinator.yaml). Pure values.
struct EnvironmentRule {
  std::uint32_t approvals = 0;  ///< distinct approvers; 0: see rule_for_start()
  SelfApproval self_approval = SelfApproval::never;
  bool require_mfa = false;        ///< every approval takes a TOTP code
  bool production = false;         ///< who does not administer it starts nothing alone
  bool approve_rollbacks = false;  ///< all of them: also the inverse of what was approved, while the old slot is warm
  bool none_for_anybody = false;   ///< `approvals: 0` is written there: whoever operates it starts at once
  /// So many at least, also where `approvals` says fewer, of a plan that changes what a component is configured with;
  /// and of one with a risk that nobody would notice or could take back.
  std::uint32_t approve_configuration = 0;
  std::uint32_t approve_high_risk = 0;
  std::vector<FreezeWindow> freeze_windows = {};
  std::uint32_t keep_snapshots = limits::keep_snapshots_default;  ///< of each name; the oldest go first
  std::uint32_t snapshot_days = 0;                                ///< none that is older is kept; 0: however old
  bool operator==(const EnvironmentRule&) const = default;
  /// Some deployments take approvals there.
  bool asks_for_any() const { return approvals > 0 || approve_configuration > 0 || approve_high_risk > 0; }
};
using EnvironmentRules = std::map<std::string, EnvironmentRule>;

/// Without a word about it, `production` and `prod` are production; so is what asks for approvals.
bool is_production_by_default(const std::string& environment, std::uint32_t approvals);
EnvironmentRule rule_for(const EnvironmentRules& rules, const std::string& environment);

/// What the start of one deployment, or a word on it, brings along.
struct StartTerms {
  bool administers = false;  ///< whoever starts it, or has the word, may administer the environment
  bool require_mfa = false;  ///< the environment file that it is configured with asks for codes, or is remembered to
  bool lifts = false;        ///< its environment file asks for less than is remembered
};
/// The rule as it holds for one deployment, and why it takes approvals or none; for people.
struct StartRule {
  EnvironmentRule rule;
  std::string why;
};
/// Where the rule itself asks for no approval, three things ask for one: that it is production and is started by
/// somebody who may not administer it (admin tokens are what production takes, staging takes any), that such a one
/// lifts what the environment is remembered to ask for, and that the environment file asks for codes, which are given
/// with approvals; then the author may give his own. The one place where this is decided: for a start, for the plan
/// that is looked at before it, and for the vote. Pure.
StartRule rule_for_start(EnvironmentRule rule, const std::string& environment, const StartTerms& terms);

/// What a plan turned out to do.
struct PlanTerms {
  bool changes_configuration = false;
  std::vector<std::string> high_risks = {};  ///< their names
};
/// `asked` with what the plan itself asks for beyond it. Pure.
StartRule rule_for_plan(StartRule asked, const std::string& environment, const PlanTerms& terms);
/// The same for what brings something back that is not what served before, a version or a snapshot: it may be
/// configured in any way, and so takes the most that a plan would. Pure.
StartRule rule_for_return(StartRule asked, const std::string& environment);

}  // namespace switchyard::access
