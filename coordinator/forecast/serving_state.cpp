#include "coordinator/forecast/serving_state.hpp"

#include <algorithm>

#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::forecast {
namespace {

using protocol::OldKind;
using protocol::SliceComponent;
using protocol::SwitchTraffic;

/// A unit that is known to be down is left out of what the agent compares before it begins.
bool was_down(const SliceComponent& planned) {
  if (planned.old.unit.empty()) return false;
  return std::any_of(planned.steps.begin(), planned.steps.end(), [](const protocol::Step& step) {
    const auto* verify = std::get_if<protocol::VerifyOld>(&step.action);
    return verify != nullptr && step.phase == protocol::Phase::prepare && verify->expected.unit.empty();
  });
}

bool leads_to_old(const SwitchTraffic& traffic, const SliceComponent& planned) {
  return std::any_of(traffic.targets.begin(), traffic.targets.end(), [&](const protocol::SwitchTarget& target) {
    const bool unmanaged = planned.old.kind == OldKind::legacy && target.slot == "legacy";
    return target.weight > 0 && (unmanaged || (target.slot == planned.old.slot && !target.slot.empty()));
  });
}

bool leads_to_new(const SwitchTraffic& traffic, const SliceComponent& planned) {
  return std::any_of(traffic.targets.begin(), traffic.targets.end(), [&](const protocol::SwitchTarget& target) {
    return target.weight > 0 && target.slot == planned.slot;
  });
}

}  // namespace

ServingState::ServingState(const SliceComponent& planned) : planned_(planned) {
  const bool served = planned.old.kind != OldKind::absent;
  if (served && !was_down(planned)) old_.runs = Fact::yes;
  const bool switched = planner::find_switch(planned) != nullptr;
  if (served || !switched) old_.reached = Fact::yes;
  if (!switched) new_.reached = Fact::yes;
}

void ServingState::take(const protocol::Action& done) { change(done, true); }
void ServingState::doubt(const protocol::Action& cut_off) { change(cut_off, false); }

void ServingState::change(const protocol::Action& action, bool certain) {
  const auto become = [&](Fact& fact, bool wanted) {
    const Fact now = wanted ? Fact::yes : Fact::no;
    if (fact != now) fact = certain ? now : Fact::unknown;
  };
  if (const auto* unit = std::get_if<protocol::EnsureUnit>(&action)) {
    if (unit->state == protocol::UnitState::unchanged) return;
    const bool runs = unit->state != protocol::UnitState::stopped;
    if (unit->unit == planned_.old.unit) become(old_.runs, runs);
    if (unit->unit == planned_.unit) become(new_.runs, runs);
  } else if (const auto* traffic = std::get_if<SwitchTraffic>(&action)) {
    become(old_.reached, leads_to_old(*traffic, planned_));
    become(new_.reached, leads_to_new(*traffic, planned_));
  }
}

ServingState::Fact ServingState::serves(const Side& side) {
  if (side.runs == Fact::no || side.reached == Fact::no) return Fact::no;
  return side.runs == Fact::yes && side.reached == Fact::yes ? Fact::yes : Fact::unknown;
}

std::string ServingState::text() const {
  const Fact old = serves(old_), fresh = serves(new_);
  if (old == Fact::unknown || fresh == Fact::unknown) return "not known";
  if (old == Fact::yes) return fresh == Fact::yes ? "both" : "old";
  return fresh == Fact::yes ? "new" : "nothing";
}

}  // namespace switchyard::forecast
