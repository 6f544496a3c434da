#include "coordinator/access/environment_rule.hpp"

namespace switchyard::access {

bool is_production_by_default(const std::string& environment, std::uint32_t approvals) {
  return approvals > 0 || environment == "production" || environment == "prod";
}

EnvironmentRule rule_for(const EnvironmentRules& rules, const std::string& environment) {
  if (const auto found = rules.find(environment); found != rules.end()) return found->second;
  EnvironmentRule rule;
  rule.production = is_production_by_default(environment, 0);
  return rule;
}

}  // namespace switchyard::access
