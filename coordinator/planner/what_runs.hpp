#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "protocol/plan.hpp"

namespace switchyard::planner {

/// What a component runs, by the plan that brought it there: the release's bytes, the configuration that was rendered
/// for it, and what its unit and its slots were defined as.
struct Running {
  std::string definition;  ///< 32 raw bytes: all of it but what tells one slot from the other
  std::string slot;
  std::uint16_t port = 0;                      ///< of that slot; 0: without a switch the unit file says it
  std::map<std::string, std::uint16_t> ports;  ///< of both slots, as the same plan had them
};

/// Nothing where the plan brought nothing, or wrote no unit file and so does not say what it is. Pure.
std::optional<Running> what_runs(const protocol::SliceComponent& brought);

/// Whether nothing would be changed from one to the other but the slot. The same in another slot counts as something
/// else where a text of the manifest itself names the slot (`${slot}`): what is deployed once too often does no harm.
bool runs_the_same(const Running& one, const Running& other);

/// The same of what plans brought, as far as it is known: for one that is not (nullptr) it is taken to be so.
bool may_run_the_same(const protocol::SliceComponent* one, const protocol::SliceComponent* other);

}  // namespace switchyard::planner
