#include "coordinator/fleet/freeze.hpp"

#include <vector>

#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {

std::optional<Frozen> find_frozen(const store::StateStore& store, const access::EnvironmentRules& rules,
                                  const DeployTarget& target, std::int64_t now_wall_ms) {
  std::vector<std::string> environments = {target.environment};
  for (const auto& [environment, host] : neighbours_of(store, target)) environments.push_back(environment);
  for (const std::string& environment : environments) {
    const auto freeze = access::find_freeze(access::rule_for(rules, environment).freeze_windows, now_wall_ms);
    if (freeze) return Frozen{environment, *freeze};
  }
  return std::nullopt;
}

std::string frozen_text(const Frozen& frozen) {
  return "`" + frozen.environment + "` is frozen by " + access::freeze_text(frozen.freeze);
}

Refusal refuse_frozen(const Frozen& frozen) {
  return {409,
          "frozen",
          frozen_text(frozen) +
              "; wait for that, or have an administrator start it with `--override-freeze REASON`. "
              "Rollbacks and `deploy cancel` are not frozen",
          {{"environment", frozen.environment},
           {"window", frozen.freeze.text},
           {"reason", frozen.freeze.reason},
           {"until", access::utc_text(frozen.freeze.until_wall_ms)}}};
}

store::AppendAudit override_row(const Clock& clock, const Caller& caller, const DeploymentId& id,
                                const std::string& environment, const Frozen& frozen, const std::string& reason) {
  return audit_row(clock, caller, "freeze.override", id.str(), reason,
                   {{"environment", environment}, {"frozen", frozen.environment}, {"window", frozen.freeze.text}});
}

}  // namespace switchyard::fleet
