#include "coordinator/model/rollback_trigger.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace switchyard::model {
namespace {

constexpr std::array<std::string_view, 6> names = {"integrity_check", "smoke_tests",       "critical_test",
                                                   "service_start",   "external_services", "migration"};

}  // namespace

RollbackTrigger trigger_of_check(const protocol::ProbeSpec& check) {
  if (const auto* suite = std::get_if<protocol::SmokeProbe>(&check.kind)) {
    return suite->external.value_or(false) ? RollbackTrigger::external_services : RollbackTrigger::smoke_tests;
  }
  // That its unit runs, and stays the same process, is asked of every service.
  if (std::holds_alternative<protocol::UnitProbe>(check.kind)) return RollbackTrigger::service_start;
  switch (check.tier.value_or(0)) {
    case 0:
      return RollbackTrigger::integrity_check;
    case 1:
      return RollbackTrigger::smoke_tests;
    default:
      return RollbackTrigger::critical_test;
  }
}

std::string_view trigger_name(RollbackTrigger trigger) { return names.at(static_cast<std::size_t>(trigger)); }

std::optional<RollbackTrigger> trigger_from_name(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<RollbackTrigger>(found - names.begin());
}

std::optional<RollbackTrigger> trigger_of(const protocol::Step* step, std::string_view code) {
  if (code == "unhealthy") return RollbackTrigger::integrity_check;
  if (step == nullptr) return std::nullopt;
  if (const auto* probe = std::get_if<protocol::Probe>(&step->action)) return trigger_of_check(probe->spec);
  const auto* run = std::get_if<protocol::Run>(&step->action);
  if (run != nullptr && run->migration.value_or(false)) return RollbackTrigger::migration;
  const auto* unit = std::get_if<protocol::EnsureUnit>(&step->action);
  const bool starts =
      unit != nullptr && (unit->state == protocol::UnitState::started || unit->state == protocol::UnitState::restarted);
  if (starts) return RollbackTrigger::service_start;
  return std::nullopt;
}

}  // namespace switchyard::model
