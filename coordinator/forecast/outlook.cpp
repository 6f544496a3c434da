#include "coordinator/forecast/outlook.hpp"

namespace switchyard::forecast {
namespace {

std::string joined(const std::vector<HostId>& hosts) {
  std::string text;
  for (const HostId& host : hosts) text += (text.empty() ? "" : ", ") + host.str();
  return text;
}

std::string approvals_text(const ApprovalNeed& need) {
  if (need.count == 0) return "Approvals: none; " + need.why + "\n";
  return "Approvals: " + std::to_string(need.count) + " by " + need.who + "; " + need.why + "\n";
}

std::string estimates_text(const Outlook& outlook) {
  std::string text = "Expected, by what was measured:\n  duration: " + estimate_text(outlook.duration) + "\n";
  for (const Downtime& downtime : outlook.downtime) {
    text += "  downtime of " + downtime.component + " on " + joined(downtime.hosts) + ": " +
            estimate_text(downtime.estimate) + "\n";
  }
  if (outlook.downtime.empty()) text += "  downtime: none\n";
  return text;
}

std::string whole_seconds(std::uint32_t ms) { return std::to_string(ms / 1'000) + " s"; }

/// A host that has held has given up its right to go back by itself.
std::string until_held(const model::PlanSettings& settings) {
  const std::string away = "a coordinator that stays away for " + whole_seconds(settings.confirm_ms);
  if (settings.rollback_on_failure) {
    return "until every host has held, a failure, `deploy cancel` and " + away +
           " bring every host back to what it ran before; ";
  }
  return "until every host has held, a failure stops the deployment where it is; `deploy cancel` and " + away +
         " bring every host back to what it ran before; ";
}

std::string until_commit(const model::PlanSettings& settings) {
  if (settings.watch_ms == 0) return "then COMMIT is written at once. ";
  const bool goes_on = settings.on_restart == model::OnRestart::continue_;
  return "then, until COMMIT, in the watch window (" + whole_seconds(settings.watch_ms) +
         ") a failure and `deploy cancel` bring every host back" +
         (settings.rollback_on_failure ? "" : ", also without rollback") +
         ", but a lost coordinator brings nobody back: when it is there again it " +
         (goes_on ? "goes on" : "brings every host back") + ". ";
}

std::string after_commit(const model::PlanSettings& settings) {
  const std::string text = "After COMMIT nothing goes back by itself: ";
  if (settings.keep_old_ms == 0) {
    return text + "`rollback start` starts the old release again, and then switches to it";
  }
  return text + "`rollback start` is a flip for " + whole_seconds(settings.keep_old_ms) +
         ", while the old slot is kept warm; later it starts the old release first";
}

}  // namespace

std::string point_of_no_return(const model::Plan& plan) {
  return until_held(plan.settings) + until_commit(plan.settings) + after_commit(plan.settings);
}

std::string outlook_text(const model::Plan& plan, const Outlook& outlook) {
  std::string text = "On each host:\n" + planner::changes_text(outlook.changes);
  text += "Risks:\n" + planner::risks_text(outlook.risks);
  for (const std::string& note : outlook.notes) text += "Note: " + note + "\n";
  if (plan.slices.empty()) return text;
  text += approvals_text(outlook.approvals);
  text += "Point of no return: " + point_of_no_return(plan) + "\n";
  return text + estimates_text(outlook);
}

}  // namespace switchyard::forecast
