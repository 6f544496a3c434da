#include <algorithm>

#include "coordinator/planner/deployment_planner.hpp"
#include "protocol/version.hpp"

namespace switchyard::planner {
namespace {

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : "`, `") + word;
  return text + "`";
}

}  // namespace

void check_features(const model::Plan& plan, const PlanningFacts& facts) {
  std::string old;
  for (const auto& [host, slice] : plan.slices) {
    const auto known = facts.features.find(host);
    if (known == facts.features.end()) continue;
    std::vector<std::string> missing = protocol::features_needed(slice);
    std::erase_if(missing, [&](const std::string& feature) {
      return std::find(known->second.begin(), known->second.end(), feature) != known->second.end();
    });
    if (!missing.empty()) old += (old.empty() ? "" : "; ") + host.str() + " does not know " + list(missing);
  }
  if (old.empty()) return;
  throw OldAgentError("the plan asks for more than an agent of an older version can do: " + old +
                      ". Nothing was begun: upgrade the package switchyard-agent there (`switchyard hosts list` shows "
                      "the versions), then try again");
}

}  // namespace switchyard::planner
