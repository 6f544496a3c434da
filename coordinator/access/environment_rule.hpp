#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace switchyard::access {

/// Whether the author of a deployment may be among its approvers.
enum class SelfApproval : std::uint8_t { never, with_totp };

/// What an environment asks for before it is changed (`environments:` of coordinator.yaml). Pure values.
struct EnvironmentRule {
  std::uint32_t approvals = 0;  ///< distinct approvers; 0: a deployment starts at once
  SelfApproval self_approval = SelfApproval::never;
  bool require_mfa = false;  ///< every approval takes a TOTP code
  bool production = false;   ///< a rollback must say why
  bool operator==(const EnvironmentRule&) const = default;
};
using EnvironmentRules = std::map<std::string, EnvironmentRule>;

/// Without a word about it, `production` and `prod` are production; so is what asks for approvals.
bool is_production_by_default(const std::string& environment, std::uint32_t approvals);
EnvironmentRule rule_for(const EnvironmentRules& rules, const std::string& environment);

}  // namespace switchyard::access
