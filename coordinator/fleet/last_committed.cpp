#include "coordinator/fleet/last_committed.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace switchyard::fleet {

std::vector<model::ServingRow> last_committed(const std::vector<model::ServingRow>& serving,
                                              const std::vector<model::DeploymentRow>& newest_first) {
  std::map<DeploymentId, std::size_t> ages;
  for (const model::DeploymentRow& row : newest_first) ages.emplace(row.id, ages.size());
  const auto age = [&](const model::ServingRow& row) {
    const auto found = ages.find(row.deployment);
    return found == ages.end() ? ages.size() : found->second;
  };
  std::map<std::pair<HostId, std::string>, const model::ServingRow*> newest;
  for (const model::ServingRow& row : serving) {
    const auto [known, added] = newest.try_emplace({row.host, row.component}, &row);
    if (!added && age(row) < age(*known->second)) known->second = &row;
  }
  std::vector<model::ServingRow> rows;
  rows.reserve(newest.size());
  for (const auto& [place, row] : newest) rows.push_back(*row);
  return rows;
}

}  // namespace switchyard::fleet
