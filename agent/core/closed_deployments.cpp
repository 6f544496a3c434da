#include "agent/core/closed_deployments.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

bool is_committed(const protocol::DeploymentReport& report) { return report.state == protocol::AgentState::committed; }

}  // namespace

void ClosedDeployments::add(protocol::DeploymentReport report, std::uint64_t plan_seq) {
  closed_.push_back({std::move(report), plan_seq});
  if (closed_.size() <= limits::closed_deployments_max) return;
  const Closed& oldest = closed_.front();
  if (is_committed(oldest.report)) forget_up_to(oldest.plan_seq);
  closed_.erase(closed_.begin());
}

void ClosedDeployments::forget_up_to(std::uint64_t plan_seq) {
  forgotten_plan_seq_ = std::max(forgotten_plan_seq_, plan_seq);
}

const protocol::DeploymentReport* ClosedDeployments::find(const DeploymentId& id) const {
  const auto found = std::find_if(closed_.begin(), closed_.end(),
                                  [&](const Closed& closed) { return closed.report.deployment == id; });
  return found == closed_.end() ? nullptr : &found->report;
}

std::vector<protocol::DeploymentReport> ClosedDeployments::reports() const {
  std::vector<protocol::DeploymentReport> reports;
  for (const Closed& closed : closed_) reports.push_back(closed.report);
  return reports;
}

std::vector<JournalRecord> ClosedDeployments::records() const {
  std::vector<JournalRecord> records;
  if (forgotten_plan_seq_ > 0) {
    JournalRecord& forgotten = records.emplace_back();
    forgotten.kind = RecordKind::fence;
    forgotten.epoch = forgotten_plan_seq_;
  }
  for (const Closed& closed : closed_) {
    JournalRecord& record = records.emplace_back();
    record.kind = is_committed(closed.report) ? RecordKind::retired : RecordKind::reverted;
    record.deployment = closed.report.deployment;
    record.epoch = closed.plan_seq;
  }
  return records;
}

}  // namespace switchyard::agent
