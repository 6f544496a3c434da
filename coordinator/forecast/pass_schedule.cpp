#include "coordinator/forecast/pass_schedule.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "coordinator/engine/pauses.hpp"

namespace switchyard::forecast {
namespace {

/// Asks the engine itself which nodes may begin, and tells it what the hosts would have said.
class PassSchedule {
 public:
  PassSchedule(const model::Plan& plan, engine::Pass pass, const std::vector<std::int64_t>& node_ms)
      : pass_(pass), node_ms_(node_ms) {
    run_.plan.nodes = plan.nodes;
    run_.plan.settings = plan.settings;
    for (const auto& [host, slice] : plan.slices) run_.hosts[host];
  }

  std::int64_t take() {
    begin_nodes();
    while (!ends_.empty()) {
      now_ms_ = ends_.begin()->first;
      while (!ends_.empty() && ends_.begin()->first == now_ms_) {
        end(ends_.begin()->second);
        ends_.erase(ends_.begin());
      }
      begin_pauses();
      begin_nodes();
    }
    return now_ms_;
  }

 private:
  void begin_nodes() {
    for (const std::size_t index : engine::working_nodes(run_, pass_)) {
      if (begun_.insert(index).second) ends_.emplace(now_ms_ + node_ms_[index], index);
    }
  }

  void begin_pauses() {
    if (pass_ != engine::Pass::swap) return;
    for (const std::size_t index : engine::begin_pauses(run_)) {
      ends_.emplace(now_ms_ + run_.plan.nodes[index].pause_ms, index);
    }
  }

  /// The node is done, or its pause is over.
  void end(std::size_t index) {
    const auto pause = run_.pauses.find(index);
    if (pause != run_.pauses.end()) {
      pause->second = engine::Pause::over;
      return;
    }
    const model::PlanNode& node = run_.plan.nodes[index];
    for (const HostId& id : node.hosts) {
      const auto host = run_.hosts.find(id);
      if (host == run_.hosts.end()) continue;
      if (pass_ == engine::Pass::prepare) {
        host->second.staged.insert(node.component);
      } else {
        host->second.stage[node.component] = node.stage;
      }
    }
  }

  engine::DeploymentRun run_;
  engine::Pass pass_;
  const std::vector<std::int64_t>& node_ms_;
  std::set<std::size_t> begun_;
  std::multimap<std::int64_t, std::size_t> ends_;  ///< of nodes, and of the pauses after them
  std::int64_t now_ms_ = 0;
};

}  // namespace

std::int64_t pass_duration_ms(const model::Plan& plan, engine::Pass pass, const std::vector<std::int64_t>& node_ms) {
  return PassSchedule(plan, pass, node_ms).take();
}

}  // namespace switchyard::forecast
