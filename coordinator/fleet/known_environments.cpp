#include "coordinator/fleet/known_environments.hpp"

#include <set>

namespace switchyard::fleet {

std::vector<std::string> known_environments(const store::StateStore& store, const access::EnvironmentRules& rules) {
  std::set<std::string> names;
  for (const auto& [name, rule] : rules) names.insert(name);
  for (const model::ServingRow& row : store.serving()) names.insert(row.environment);
  for (const model::RegisteredCheck& check : store.checks()) names.insert(check.environment);
  names.erase("");  // of rows that are older than their environments
  return {names.begin(), names.end()};
}

}  // namespace switchyard::fleet
