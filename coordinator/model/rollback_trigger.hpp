#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/step.hpp"

/// Why a deployment goes back by itself (docs/health.md). A closed list; what is none of these is a failure of the
/// deployment's own work, a fetch or a full disk, and is undone all the same.
namespace switchyard::model {

enum class RollbackTrigger : std::uint8_t {
  integrity_check,    ///< a check of tier 0 failed
  smoke_tests,        ///< more than half of a smoke suite failed, or a critical request of it
  critical_test,      ///< a critical test of tier 2 failed
  service_start,      ///< a service did not start in time, or did not stay
  external_services,  ///< of the outside services that an external suite asks, none answered
  migration,          ///< a command that migrates a database failed
};
std::string_view trigger_name(RollbackTrigger trigger);
std::optional<RollbackTrigger> trigger_from_name(std::string_view name);

/// What a check is a trigger of, when it fails.
RollbackTrigger trigger_of_check(const protocol::ProbeSpec& check);
/// What a failure with this code is a trigger of; `step` is the one that failed, nullptr: it was none (a vote, the
/// watch window). Pure. That a failed check was critical, and a suite beyond its threshold, was judged by the agent: a
/// check that is not critical warns, and never comes here.
std::optional<RollbackTrigger> trigger_of(const protocol::Step* step, std::string_view code);

}  // namespace switchyard::model
