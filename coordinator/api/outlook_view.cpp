#include "coordinator/api/outlook_view.hpp"

#include <nlohmann/json.hpp>

namespace switchyard::api::views {
namespace {

using nlohmann::json;

json host_list(const std::vector<HostId>& hosts) {
  json list = json::array();
  for (const HostId& host : hosts) list.push_back(host.str());
  return list;
}

json change_view(const planner::PlannedChange& change) {
  json differences = json::array();
  for (const planner::Difference& difference : change.differences) {
    differences.push_back(
        {{"what", difference.what}, {"subject", difference.subject}, {"from", difference.from}, {"to", difference.to}});
  }
  return {{"host", change.host.str()},
          {"component", change.component},
          {"serves", change.serves},
          {"known", change.known},
          {"differences", std::move(differences)}};
}

json estimate_view(const forecast::Estimate& estimate) {
  json view = {{"unmeasured", estimate.unmeasured}, {"spread", nullptr}};
  if (estimate.spread) {
    view["spread"] = {{"median_ms", estimate.spread->median_ms},
                      {"p10_ms", estimate.spread->p10_ms},
                      {"p90_ms", estimate.spread->p90_ms},
                      {"samples", estimate.spread->samples}};
  }
  return view;
}

}  // namespace

json outlook_view(const model::Plan& plan, const forecast::Outlook& outlook) {
  json changes = json::array();
  for (const planner::PlannedChange& change : outlook.changes) changes.push_back(change_view(change));
  json risks = json::array();
  for (const planner::Risk& risk : outlook.risks) {
    risks.push_back({{"kind", planner::risk_name(risk.kind)},
                     {"high", planner::is_high(risk.kind)},
                     {"component", risk.component},
                     {"hosts", host_list(risk.hosts)},
                     {"reason", risk.reason}});
  }
  json downtime = json::array();
  for (const forecast::Downtime& one : outlook.downtime) {
    downtime.push_back(
        {{"component", one.component}, {"hosts", host_list(one.hosts)}, {"estimate", estimate_view(one.estimate)}});
  }
  return {{"changes", std::move(changes)},
          {"risks", std::move(risks)},
          {"approvals",
           {{"count", outlook.approvals.count}, {"who", outlook.approvals.who}, {"why", outlook.approvals.why}}},
          {"notes", outlook.notes},
          {"point_of_no_return", forecast::point_of_no_return(plan)},
          {"duration", estimate_view(outlook.duration)},
          {"downtime", std::move(downtime)}};
}

}  // namespace switchyard::api::views
