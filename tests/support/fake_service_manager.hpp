#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/system/service_manager.hpp"

namespace switchyard::testing {

/// systemd in memory: units are defined by the test, start and stop as told, and every call that changes something is
/// written down. Behaves as the contract suite (tests/unit/agent_system/service_manager_contract.hpp) demands of both.
class FakeServiceManager final : public agent::ServiceManager {
 public:
  struct Unit {
    agent::UnitStatus status;
    bool fails_to_start = false;  ///< the process ends at once with status 1
    bool hangs = false;           ///< start and stop end in "timeout"
    bool remains = false;         ///< a transient unit
    agent::UnitLimits limits;
    agent::UnitStatus after_reload;  ///< what is loaded by reload_units(), when status.need_reload
  };

  /// A service with a unit file: loaded, inactive, disabled.
  Unit& define(const std::string& name) {
    Unit& unit = units_[name];
    unit.status = agent::UnitStatus{};
    unit.status.load_state = "loaded";
    unit.status.active_state = "inactive";
    unit.status.sub_state = "dead";
    unit.status.unit_file_state = "disabled";
    unit.status.result = "success";
    return unit;
  }
  Unit& define_running(const std::string& name) {
    Unit& unit = define(name);
    run(unit);
    return unit;
  }
  Unit& unit(const std::string& name) { return units_.at(name); }
  void forget(const std::string& name) { units_.erase(name); }

  bool resuming = false;  ///< the host boots, and the resume unit has not ended yet

  /// "start api@blue.service", "enable ...", "reload", in order.
  std::vector<std::string> calls;

  agent::UnitStatus status(const std::string& name) override {
    const auto found = units_.find(name);
    if (found != units_.end()) return found->second.status;
    agent::UnitStatus none;
    none.load_state = "not-found";
    none.active_state = "inactive";
    none.sub_state = "dead";
    none.result = "success";
    none.invocation_id = "";
    return none;
  }
  std::string start(const std::string& name, std::uint32_t) override {
    calls.push_back("start " + name);
    return start_now(name);
  }
  std::string stop(const std::string& name, std::uint32_t) override {
    calls.push_back("stop " + name);
    const auto found = units_.find(name);
    if (found == units_.end()) return "failed";
    if (found->second.hangs) return "timeout";
    agent::UnitStatus& status = found->second.status;
    status.main_pid = 0;
    status.job_pending = false;
    if (status.active_state == "failed") return "done";
    status.active_state = "inactive";
    status.sub_state = "dead";
    if (found->second.remains) units_.erase(found);
    return "done";
  }
  std::string restart(const std::string& name, std::uint32_t) override {
    calls.push_back("restart " + name);
    const auto found = units_.find(name);
    if (found != units_.end()) found->second.status.active_state = "inactive";
    return start_now(name);
  }
  void enable(const std::string& name) override { link(name, "enable ", "enabled"); }
  void disable(const std::string& name) override { link(name, "disable ", "disabled"); }
  agent::UnitLimits limits(const std::string& name) override {
    const auto found = units_.find(name);
    return found == units_.end() ? agent::UnitLimits{} : found->second.limits;
  }
  void reload_units() override {
    calls.push_back("reload");
    for (auto& [name, unit] : units_) {
      if (!unit.status.need_reload) continue;
      unit.status.need_reload = false;
      if (!unit.after_reload.working_directory.empty()) {
        unit.status.working_directory = unit.after_reload.working_directory;
      }
    }
    for (const std::string& name : written_) {
      if (!units_.contains(name)) define(name);
    }
    written_.clear();
  }
  void reset_failed(const std::string& name) override {
    const auto found = units_.find(name);
    if (found == units_.end() || found->second.status.active_state != "failed") return;
    calls.push_back("reset " + name);
    found->second.status.active_state = "inactive";
    found->second.status.sub_state = "dead";
    found->second.status.result = "success";
    if (found->second.remains) units_.erase(found);
  }
  std::optional<std::string> start_transient(const agent::TransientUnit& wanted) override {
    calls.push_back("transient " + wanted.name);
    if (units_.contains(wanted.name)) return "exists";
    Unit& unit = define(wanted.name);
    unit.remains = true;
    unit.status.unit_file_state = "transient";
    unit.status.working_directory = wanted.working_directory;
    run(unit);
    transients[wanted.name] = wanted;
    return std::nullopt;
  }

  /// A unit file that was written, and that systemd only knows after reload_units().
  void write_unit(const std::string& name) { written_.push_back(name); }
  /// The process of a unit ends by itself.
  void end_process(const std::string& name, std::int32_t exit_status) {
    Unit& ended = units_.at(name);
    ended.status.main_pid = 0;
    ended.status.exit_status = exit_status;
    ended.status.result = exit_status == 0 ? "success" : "exit-code";
    ended.status.active_state = exit_status != 0 ? "failed" : ended.remains ? "active" : "inactive";
    ended.status.sub_state = exit_status != 0 ? "failed" : ended.remains ? "exited" : "dead";
  }

  std::map<std::string, agent::TransientUnit> transients;

 private:
  void run(Unit& unit) {
    ++runs_;
    char id[33];
    std::snprintf(id, sizeof id, "%032x", runs_);
    unit.status.invocation_id = id;
    if (unit.fails_to_start) {
      unit.status.active_state = "failed";
      unit.status.sub_state = "failed";
      unit.status.result = "exit-code";
      unit.status.exit_status = 1;
      unit.status.main_pid = 0;
      return;
    }
    unit.status.active_state = "active";
    unit.status.sub_state = "running";
    unit.status.result = "success";
    unit.status.exit_status = 0;
    unit.status.main_pid = 1000 + runs_;
  }
  std::string start_now(const std::string& name) {
    const auto found = units_.find(name);
    if (found == units_.end()) return "failed";
    Unit& unit = found->second;
    unit.status.job_pending = resuming;
    if (resuming) return "queued";
    if (unit.hangs) {
      unit.status.active_state = "activating";
      unit.status.sub_state = "start";
      return "timeout";
    }
    if (unit.status.active_state != "active") run(unit);
    return unit.status.active_state == "active" ? "done" : "failed";
  }
  void link(const std::string& name, const char* verb, const char* state) {
    calls.push_back(verb + name);
    const auto found = units_.find(name);
    if (found != units_.end()) found->second.status.unit_file_state = state;
  }

  std::map<std::string, Unit> units_;
  std::vector<std::string> written_;
  unsigned runs_ = 0;
};

}  // namespace switchyard::testing
