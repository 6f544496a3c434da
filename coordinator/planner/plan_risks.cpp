#include "coordinator/planner/plan_risks.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {
namespace {

using protocol::OldKind;
using protocol::SliceComponent;

std::string risk_hosts(const std::vector<HostId>& hosts) {
  std::string text;
  for (const HostId& host : hosts) text += (text.empty() ? "" : ", ") + host.str();
  return text;
}

std::string whole_seconds(std::uint32_t ms) { return std::to_string(ms / 1'000) + " s"; }

/// One component with what is planned for it, host by host.
struct Planned {
  const model::Component& component;
  std::map<HostId, const SliceComponent*> hosts;

  template <class Predicate>
  std::vector<HostId> where(Predicate predicate) const {
    std::vector<HostId> found;
    for (const auto& [host, slice] : hosts) {
      if (predicate(*slice)) found.push_back(host);
    }
    return found;
  }
};

class Rules {
 public:
  Rules(const model::Manifest& manifest, const model::Plan& plan) : manifest_(manifest), plan_(plan) {}

  std::vector<Risk> take(const std::vector<HostId>& deferred) {
    for (const model::Component& component : manifest_.components) look_at(planned(component));
    if (!deferred.empty()) {
      add(RiskKind::host_away, "", deferred,
          risk_hosts(deferred) +
              " cannot be reached: left out for now, and brought to this release when the host is back");
    }
    if (!plan_.slices.empty()) look_at(plan_.settings);
    std::stable_sort(risks_.begin(), risks_.end(), [](const Risk& a, const Risk& b) { return a.kind < b.kind; });
    return std::move(risks_);
  }

 private:
  void add(RiskKind kind, const std::string& component, std::vector<HostId> hosts, std::string reason) {
    risks_.push_back({kind, component, std::move(hosts), std::move(reason)});
  }

  Planned planned(const model::Component& component) const {
    Planned planned{component, {}};
    for (const auto& [host, slice] : plan_.slices) {
      for (const SliceComponent& part : slice.components) {
        if (part.name == component.name) planned.hosts.emplace(host, &part);
      }
    }
    return planned;
  }

  void look_at(const Planned& planned) {
    if (planned.hosts.empty()) return;
    look_at_overlap(planned);
    look_at_the_old(planned);
    look_at_data(planned);
    const model::Component& component = planned.component;
    if (component.hosts.size() == 1) {
      add(RiskKind::only_host, component.name, component.hosts,
          "all of " + component.name + " is on " + component.hosts.front().str() +
              ": nothing else serves it when that host fails");
    }
    if (!manifest_.settings.health_checks_enabled || component.health_checks.empty()) {
      add(RiskKind::health_checks_disabled, component.name, {},
          !manifest_.settings.health_checks_enabled
              ? "health_checks_enabled is false: " + component.name + " counts as healthy when its unit runs"
              : component.name + " has no health check: it counts as healthy when its unit runs and its port answers");
    }
    const bool waits = std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const model::PlanNode& node) {
      return node.component == component.name && node.promoted_by_hand;
    });
    if (waits) {
      add(RiskKind::waits_for_promotion, component.name, {},
          "old and new share the traffic of " + component.name + " until a person promotes it (`deploy promote`)");
    }
  }

  void look_at_overlap(const Planned& planned) {
    const model::Component& component = planned.component;
    const std::vector<HostId> restarted = planned.where([](const SliceComponent& slice) {
      return slice.old.kind != OldKind::absent && !slice.release.empty() && find_switch(slice) == nullptr;
    });
    if (restarted.empty()) return;
    const bool worker = component.ports.stable == 0;
    add(worker ? RiskKind::exclusive_overlap : RiskKind::downtime, component.name, restarted,
        component.name + (worker ? " must not run twice: the old is stopped before the new starts, and its work waits "
                                   "until then"
                                 : " has no traffic switch: the old is stopped before the new starts, and nothing "
                                   "serves until that is healthy"));
  }

  void look_at_the_old(const Planned& planned) {
    const std::string& name = planned.component.name;
    const auto first = planned.where([](const SliceComponent& slice) { return slice.old.kind == OldKind::absent; });
    if (!first.empty()) {
      add(RiskKind::first_deployment, name, first,
          "nothing of " + name +
              " runs there yet: there is no old release to go back to, and going back takes it away");
    }
    const auto adopted = planned.where([](const SliceComponent& slice) { return slice.old.kind == OldKind::legacy; });
    if (!adopted.empty()) {
      add(RiskKind::adopted_process, name, adopted,
          "what serves " + name + " there was not deployed by Switchyard: going back relies on that it still starts");
    }
  }

  void look_at_data(const Planned& planned) {
    const model::Component& component = planned.component;
    for (const model::RunCommand& run : component.runs) {
      if (!run.undo.empty()) continue;
      add(RiskKind::run_without_undo, component.name, {},
          "run `" + run.name + "` has no undo: what it did stays when the deployment goes back");
    }
    if (component.shared.empty() && component.runs.empty()) return;
    std::string what;
    for (const std::string& path : component.shared) what += (what.empty() ? "" : ", ") + ("shared/" + path);
    for (const model::RunCommand& run : component.runs) what += (what.empty() ? "" : ", ") + ("run `" + run.name + "`");
    add(RiskKind::data_written, component.name, {},
        "data that the new " + component.name + " writes (" + what + ") cannot be unwritten: the old release finds it");
  }

  void look_at(const model::PlanSettings& settings) {
    if (settings.keep_old_ms == 0) {
      add(RiskKind::keep_old_zero, "", {},
          "keep_old_seconds is 0: the old slot is stopped at once, and a rollback has to start it first");
    }
    if (settings.watch_ms == 0) {
      add(RiskKind::watch_window_zero, "", {},
          "there is no watch window: what fails after the switch is found when everything is committed already");
    }
    if (!settings.rollback_on_failure) {
      const std::string later = "; in the watch window it brings every host back all the same";
      add(RiskKind::rollback_disabled, "", {},
          "rollback_on_failure is off: until every host has held, a failure stops the deployment where it is, old and "
          "new beside each other" +
              (settings.watch_ms == 0 ? "" : later) +
              "; a host goes back by itself only until it has held, when it has not heard of the coordinator for " +
              whole_seconds(settings.confirm_ms));
    }
  }

  const model::Manifest& manifest_;
  const model::Plan& plan_;
  std::vector<Risk> risks_;
};

}  // namespace

std::string_view risk_name(RiskKind kind) {
  switch (kind) {
    case RiskKind::downtime:
      return "downtime";
    case RiskKind::exclusive_overlap:
      return "exclusive_overlap";
    case RiskKind::first_deployment:
      return "first_deployment";
    case RiskKind::host_away:
      return "host_away";
    case RiskKind::run_without_undo:
      return "run_without_undo";
    case RiskKind::data_written:
      return "data_written";
    case RiskKind::only_host:
      return "only_host";
    case RiskKind::adopted_process:
      return "adopted_process";
    case RiskKind::keep_old_zero:
      return "keep_old_zero";
    case RiskKind::watch_window_zero:
      return "watch_window_zero";
    case RiskKind::health_checks_disabled:
      return "health_checks_disabled";
    case RiskKind::rollback_disabled:
      return "rollback_disabled";
    case RiskKind::waits_for_promotion:
      return "waits_for_promotion";
  }
  return {};
}

bool is_high(RiskKind kind) {
  switch (kind) {
    case RiskKind::run_without_undo:
    case RiskKind::adopted_process:
    case RiskKind::keep_old_zero:
    case RiskKind::watch_window_zero:
    case RiskKind::health_checks_disabled:
    case RiskKind::rollback_disabled:
      return true;
    case RiskKind::downtime:
    case RiskKind::exclusive_overlap:
    case RiskKind::first_deployment:
    case RiskKind::host_away:
    case RiskKind::data_written:
    case RiskKind::only_host:
    case RiskKind::waits_for_promotion:
      return false;
  }
  return true;
}

std::vector<Risk> plan_risks(const model::Manifest& manifest, const model::Plan& plan,
                             const std::vector<HostId>& deferred) {
  return Rules(manifest, plan).take(deferred);
}

std::string risks_text(const std::vector<Risk>& risks) {
  std::string text;
  for (const Risk& risk : risks) {
    text += "  " + std::string(risk_name(risk.kind)) + (is_high(risk.kind) ? " (high): " : ": ") + risk.reason;
    if (!risk.hosts.empty() && risk.kind != RiskKind::host_away && risk.kind != RiskKind::only_host) {
      text += " (" + risk_hosts(risk.hosts) + ")";
    }
    text += "\n";
  }
  return text.empty() ? "  none that is known\n" : text;
}

}  // namespace switchyard::planner
