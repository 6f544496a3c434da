#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/forecast/estimate.hpp"
#include "coordinator/planner/plan_risks.hpp"
#include "coordinator/planner/planned_changes.hpp"

/// What a person should know before a plan is carried out, and what is not in its hash: it may be another one tomorrow
/// though the same would be done. Pure values.
namespace switchyard::forecast {

/// Who has to let it through.
struct ApprovalNeed {
  std::uint32_t count = 0;  ///< 0: it starts at once
  std::string who;
  std::string why;
  bool operator==(const ApprovalNeed&) const = default;
};

struct Outlook {
  std::vector<planner::PlannedChange> changes;
  std::vector<planner::Risk> risks;
  ApprovalNeed approvals;
  Estimate duration;
  std::vector<Downtime> downtime;
  std::vector<std::string> notes;  ///< a freeze that is on, and the like
  bool operator==(const Outlook&) const = default;
};

/// Until when what goes back by itself: before the hosts have held, in the watch window, and after the commit.
std::string point_of_no_return(const model::Plan& plan);

/// For people, in sections; ends with a line break.
std::string outlook_text(const model::Plan& plan, const Outlook& outlook);

}  // namespace switchyard::forecast
