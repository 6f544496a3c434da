#include "coordinator/fleet/way_back.hpp"

#include <algorithm>

#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferrals.hpp"

namespace switchyard::fleet {
namespace {

model::DeploymentRow rollback_row(const DeploymentId& undone, const std::vector<std::string>& components) {
  model::DeploymentRow row;
  row.kind = model::DeploymentKind::rollback;
  row.rollback_of = undone;
  row.components = components;
  return row;
}

Refusal converging(const model::DeploymentRow& convergence, const std::string& what) {
  return {409,
          "converging",
          "deployment " + convergence.id.str() + " brings a host to " + convergence.rollback_of.str() + " and " + what +
              "; nothing was begun: try again in a moment",
          {{"deployment", convergence.id.str()}}};
}

}  // namespace

WayBack::WayBack(const Parts& parts, const DeploymentId& undone, const std::vector<std::string>& components)
    : parts_(parts),
      undone_(undone),
      convergences_(convergences_undone_by(parts.store, rollback_row(undone, components))) {}

std::optional<Refusal> WayBack::refuse() const {
  for (const model::DeploymentRow& row : convergences_) {
    const engine::DeploymentRun* run = parts_.runs.find(row.id);
    if (run == nullptr || run->decision != model::Decision::commit) continue;
    const bool answers = std::any_of(run->hosts.begin(), run->hosts.end(),
                                     [&](const auto& host) { return parts_.registry.connected(host.first); });
    if (answers) return converging(row, "is about to end, so that its host can go back with the others");
  }
  return std::nullopt;
}

void WayBack::clear() {
  const std::string reason = undone_.str() + " is rolled back";
  for (const model::DeploymentRow& row : convergences_) {
    const engine::DeploymentRun* run = parts_.runs.find(row.id);
    if (run == nullptr || run->decision || parts_.runs.is_held(row.id)) continue;
    log::info("a convergence gives way to a rollback", {{"deployment", row.id.str()}, {"undone", undone_.str()}});
    parts_.store.commit({audit_row(parts_.clock, coordinator_itself(), "deployment.cancel", row.id.str(), reason)});
    parts_.runs.post(row.id, engine::CancelRequested{reason});
  }
}

Refusal WayBack::explain(Refusal locked) const {
  const auto holder = locked.details.find("holder");
  for (const model::DeploymentRow& row : convergences_) {
    if (holder == locked.details.end() || holder->second != row.id.str()) continue;
    const engine::DeploymentRun* run = parts_.runs.find(row.id);
    const bool goes_back = run != nullptr && run->decision == model::Decision::abort;
    return converging(row,
                      goes_back ? "is being taken back" : "has to end first: a new machine has nothing to go back to");
  }
  return locked;
}

}  // namespace switchyard::fleet
