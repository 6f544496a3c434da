#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"

/// What can go wrong with a plan beyond what is undone by itself: a closed list of rules, each of which says why it
/// applies. Pure.
namespace switchyard::planner {

enum class RiskKind : std::uint8_t {
  downtime,           ///< stopped before the new release starts
  exclusive_overlap,  ///< a worker: old and new never run together, and its work waits meanwhile
  first_deployment,   ///< nothing ran before: to go back takes the service away
  host_away,          ///< deferred: it follows later
  run_without_undo,   ///< a command whose effect is not undone
  data_written,       ///< files or data that outlive releases
  only_host,          ///< one host holds all instances
  adopted_process,    ///< what serves now was not deployed by us
  keep_old_zero,      ///< no warm slot to go back to
  watch_window_zero,  ///< nobody looks before the commit
  health_checks_disabled,
  rollback_disabled,    ///< a failure stops, and reverts nothing
  waits_for_promotion,  ///< a person has to let it go on
};
std::string_view risk_name(RiskKind kind);
/// What nobody would notice, or nobody could take back: `approve_high_risk` of an environment asks for approvals of it.
bool is_high(RiskKind kind);

struct Risk {
  RiskKind kind = RiskKind::downtime;
  std::string component;      ///< empty: the whole deployment
  std::vector<HostId> hosts;  ///< empty: all of the component's
  std::string reason;
  bool operator==(const Risk&) const = default;
};

/// In the order of the kinds. `manifest` is what the plan was made from; `deferred` are hosts that do not answer.
std::vector<Risk> plan_risks(const model::Manifest& manifest, const model::Plan& plan,
                             const std::vector<HostId>& deferred);

std::string risks_text(const std::vector<Risk>& risks);

}  // namespace switchyard::planner
