#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "protocol/step.hpp"

namespace switchyard::planner {

/// A release's health checks, filled in for one host.
struct ProbePlan {
  std::vector<protocol::ProbeSpec> slot;    ///< at the slot's own port, before anything is switched
  std::vector<protocol::ProbeSpec> stable;  ///< through the stable port, right after the switch; quick
  std::vector<protocol::ProbeSpec> watch;   ///< through the stable port, from the last switch to the decision
};

struct ProbeWishes {
  bool enabled = true;  ///< health_checks_enabled; without it nothing is probed but that the unit runs
  model::RunTests run_tests = model::RunTests::full;
  std::optional<std::uint32_t> deadline_s = {};  ///< of the check that a component gets which names none
};

/// A check that names the component's own stable port on this host means `${port}`: before the switch the stable port
/// still leads to the old release, and its health proves nothing of the new.
/// Tests (tiers 1 and 2) are run once, on the slot, before anything is switched.
/// Throws InputError when a check needs a port that the component does not have.
ProbePlan plan_probes(const model::Component& component, const SlotPlace& place, const ProbeWishes& wishes);

/// The unit runs, and stays the same process for a second.
protocol::ProbeSpec unit_probe(const std::string& unit);
protocol::ProbeSpec tcp_probe(std::uint16_t port);
/// The same check as a quick confirmation: one success, a short deadline.
protocol::ProbeSpec confirmation(protocol::ProbeSpec probe);

}  // namespace switchyard::planner
