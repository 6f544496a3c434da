#include "coordinator/access/environment_rule.hpp"

#include <algorithm>
#include <utility>

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

StartRule rule_for_start(EnvironmentRule rule, const std::string& environment, const StartTerms& terms) {
  const std::string name = "`" + environment + "`";
  std::string why = "the environment " + name + " asks for " +
                    (rule.approvals == 0 ? std::string("none") : std::to_string(rule.approvals));
  // First, since it is the stricter: who may not administer production does not approve what he starts there either.
  if (rule.approvals == 0 && rule.production && !rule.none_for_anybody && !terms.administers) {
    rule.approvals = 1;
    rule.self_approval = SelfApproval::never;
    why = name + " is production, and whoever starts something there without being its admin needs one";
  }
  if (terms.lifts && !terms.administers) {
    rule.approvals = std::max<std::uint32_t>(rule.approvals, 1);
    rule.self_approval = SelfApproval::never;
    why = "its environment file asks for less than " + name +
          " is remembered to, and whoever lifts that without being its admin needs one";
  }
  if (terms.require_mfa && rule.approvals == 0) {
    rule.approvals = 1;
    rule.self_approval = SelfApproval::with_totp;
    why = "the environment file of " + name +
          " says `require_mfa`, or said so when it was last deployed, and a code is given with an approval";
  }
  rule.require_mfa = rule.require_mfa || terms.require_mfa;
  return {std::move(rule), std::move(why)};
}

StartRule rule_for_plan(StartRule asked, const std::string& environment, const PlanTerms& terms) {
  EnvironmentRule& rule = asked.rule;
  const auto ask = [&](std::uint32_t count, const std::string& what) {
    if (count <= rule.approvals) return;
    rule.approvals = count;
    asked.why = what + ", for which `" + environment + "` asks for " + std::to_string(count);
  };
  if (terms.changes_configuration) ask(rule.approve_configuration, "it changes what components are configured with");
  if (terms.high_risks.empty()) return asked;
  std::string risks;
  for (const std::string& risk : terms.high_risks) risks += (risks.empty() ? "" : ", ") + risk;
  ask(rule.approve_high_risk, "its risk is high (" + risks + ")");
  return asked;
}

StartRule rule_for_return(StartRule asked, const std::string& environment) {
  const std::uint32_t most = std::max(asked.rule.approve_configuration, asked.rule.approve_high_risk);
  if (most <= asked.rule.approvals) return asked;
  asked.rule.approvals = most;
  asked.why = "it brings something else back than what served before, for which `" + environment + "` asks for " +
              std::to_string(most);
  return asked;
}

}  // namespace switchyard::access
