#include "agent/executors/verify_old_executor.hpp"

#include <algorithm>
#include <set>

#include "agent/executors/release_tree.hpp"
#include "agent/executors/release_use.hpp"

namespace switchyard::agent {
namespace {

protocol::StepResult old_changed(const protocol::VerifyOld& wanted, const std::string& what) {
  return failed("old_changed", "what serves " + wanted.component + " is not what the plan was made against: " + what +
                                   "; make a new plan");
}

/// Slots that new connections go to.
std::set<std::string> live_slots(const SwitchReading& reading) {
  std::set<std::string> slots;
  for (const protocol::SwitchTarget& target : reading.targets) {
    if (target.weight > 0) slots.insert(target.slot);
  }
  return slots;
}

std::string joined(const std::set<std::string>& slots) {
  std::string text;
  for (const std::string& slot : slots) text += (text.empty() ? "" : " and ") + slot;
  return text.empty() ? "none" : text;
}

}  // namespace

protocol::StepResult VerifyOldExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::VerifyOld>(action);
  if (const auto difference = compare_switch(wanted)) return old_changed(wanted, *difference);
  switch (wanted.expected.kind) {
    case protocol::OldKind::release:
      return verify_release(wanted, context);
    case protocol::OldKind::absent:
      return done(false, "nothing serves " + wanted.component + ", as expected");
    case protocol::OldKind::legacy:
      break;
  }
  if (wanted.expected.unit.empty()) return done(false, "an unmanaged process serves " + wanted.component);
  const std::string state = services_.status(wanted.expected.unit).active_state;
  if (state == "active" || state == "reloading" || state == "activating") {
    return done(false, wanted.expected.unit + " serves, as expected");
  }
  return old_changed(wanted, wanted.expected.unit + " was expected to run and is " + state);
}

std::optional<std::string> VerifyOldExecutor::compare_switch(const protocol::VerifyOld& wanted) {
  if (wanted.traffic.kind == protocol::SwitchKind::none) return std::nullopt;
  const SwitchReading reading = switches_.of(wanted.traffic.kind).read(wanted.traffic);
  if (wanted.expected.kind == protocol::OldKind::absent && leads_nowhere(reading)) return std::nullopt;
  const std::set<std::string> live = live_slots(reading);
  std::set<std::string> expected;
  if (wanted.expected.kind == protocol::OldKind::release) expected.insert(wanted.expected.slot);
  // A process on the stable port itself needs no entry; the switch may have one that leads to it all the same.
  const bool legacy = wanted.expected.kind == protocol::OldKind::legacy && live == std::set<std::string>{"legacy"};
  if (live == expected || legacy) return std::nullopt;
  return "the switch sends new connections to " + joined(live) + ", expected was " + joined(expected);
}

/// Somebody took a component's units away and left its entry in the switch. The inventory then found nothing, since
/// nobody listens there, and no new plan would find anything else.
bool VerifyOldExecutor::leads_nowhere(const SwitchReading& reading) {
  return std::all_of(reading.targets.begin(), reading.targets.end(), [this](const protocol::SwitchTarget& target) {
    return target.weight == 0 || (target.port != 0 && sockets_.listeners(target.port).empty());
  });
}

protocol::StepResult VerifyOldExecutor::verify_release(const protocol::VerifyOld& wanted, const StepContext& context) {
  const protocol::OldState& expected = wanted.expected;
  // Without a unit nothing runs: there is no process to ask, and a release that crashed must not stop the one that
  // repairs it. The switch and the bytes are compared all the same.
  UnitStatus unit;
  if (!expected.unit.empty()) {
    unit = services_.status(expected.unit);
    const std::optional<ReleaseId> serving = release_of_unit(paths_, wanted.component, unit);
    if (!serving) {
      return failed("old_unknown", "neither the process nor the WorkingDirectory of " + expected.unit +
                                       " lies in a release of " + wanted.component +
                                       ": which release it runs is unknown; run it from its release's directory");
    }
    if (*serving != expected.release) return old_changed(wanted, expected.unit + " runs release " + serving->str());
  }
  const std::optional<ReleaseStore> store = ReleaseStore::find(paths_.components, wanted.component);
  const TreeReport found = store ? store->verify(expected.release, context.stop) : TreeReport{};
  if (!found.intact()) {
    return failed("release_corrupt", "release " + expected.release.str() +
                                         ", which a revert would go back to, cannot be relied on: " + found.text() +
                                         "; deploy that release once more, which restores its files");
  }
  protocol::StepResult result = done(false, "release " + expected.release.str() + " in " + expected.unit + " (" +
                                                unit.active_state + "): " + found.text());
  result.evidence["files"] = std::to_string(found.files);
  result.evidence["extra_files"] = std::to_string(found.extra_count);
  if (unit.main_pid != 0) result.evidence["main_pid"] = std::to_string(unit.main_pid);
  if (!unit.invocation_id.empty()) result.evidence["invocation_id"] = unit.invocation_id;
  return result;
}

}  // namespace switchyard::agent
