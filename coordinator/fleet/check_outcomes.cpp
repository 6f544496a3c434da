#include "coordinator/fleet/check_outcomes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace switchyard::fleet {

std::optional<model::ChecksReport> CheckOutcomes::find(const model::DeploymentRow& row, const model::Plan& plan) {
  if (!model::is_final(row.state)) return std::nullopt;
  const auto known = std::find_if(known_.begin(), known_.end(), [&](const Known& one) { return one.row.id == row.id; });
  if (known != known_.end() && is_as_it_was(*known, row)) {
    known_.splice(known_.begin(), known_, known);
    return known_.front().report;
  }
  Known read_now = read(row, plan);
  if (known != known_.end()) known_.erase(known);
  known_.push_front(std::move(read_now));
  std::optional<model::ChecksReport> report = known_.front().report;
  if (known_.size() > kept_max_) known_.pop_back();
  return report;
}

bool CheckOutcomes::is_as_it_was(const Known& known, const model::DeploymentRow& row) const {
  return known.row == row && store_.timeline(row.id, known.lines, 1).empty();
}

CheckOutcomes::Known CheckOutcomes::read(const model::DeploymentRow& row, const model::Plan& plan) const {
  Known known{row, 0, {}};
  model::StepEnds ends;
  std::vector<model::TimelineEntry> page;
  do {
    page = store_.timeline(row.id, known.lines, limits::list_rows_max);
    for (const model::TimelineEntry& entry : page) model::note_step_end(entry, ends);
    known.lines += page.size();
  } while (page.size() == limits::list_rows_max);
  known.report = model::report_checks(row, plan, ends);
  return known;
}

}  // namespace switchyard::fleet
