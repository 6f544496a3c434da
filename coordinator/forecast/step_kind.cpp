#include "coordinator/forecast/step_kind.hpp"

#include <variant>

namespace switchyard::forecast {
namespace {

using protocol::UnitEnablement;
using protocol::UnitState;

std::string word_of(const protocol::EnsureUnit& unit) {
  switch (unit.state) {
    case UnitState::started:
      return "start";
    case UnitState::stopped:
      return "stop";
    case UnitState::restarted:
      return "restart";
    case UnitState::unchanged:
      return unit.enablement == UnitEnablement::disabled ? "disable" : "enable";
  }
  return "enable";
}

std::string kind_of(const protocol::Step& step, const protocol::Action& action) {
  if (const auto* unit = std::get_if<protocol::EnsureUnit>(&action)) return word_of(*unit);
  if (const auto* probe = std::get_if<protocol::Probe>(&action)) return "check " + probe->spec.name;
  // "run NAME", "hook NAME (PHASE)": their titles have no slot and no release.
  if (protocol::runs_once(action)) return step.title;
  return std::string(protocol::action_name(action));
}

}  // namespace

std::string step_kind(const protocol::Step& step, bool undo) {
  const std::string phase(protocol::phase_name(step.phase));
  return (undo ? "undo " : "") + phase + " " + kind_of(step, undo && step.undo ? *step.undo : step.action);
}

}  // namespace switchyard::forecast
