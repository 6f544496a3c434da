#pragma once

#include <map>
#include <string>

#include "common/clock.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The audit row of something that a person, or a machine on their behalf, asked for.
inline store::AppendAudit audit_row(const Clock& clock, const Caller& caller, std::string operation, std::string object,
                                    std::string reason = {}, std::map<std::string, std::string> details = {}) {
  model::AuditEntry entry;
  entry.wall_ms = clock.wall_ms();
  entry.principal = caller.principal;
  entry.operation = std::move(operation);
  entry.object = std::move(object);
  entry.reason = std::move(reason);
  entry.origin = caller.origin;
  entry.details = std::move(details);
  if (!caller.token.empty()) entry.details.emplace(model::token_detail, caller.token);
  return {std::move(entry)};
}

/// What the coordinator does by itself.
inline Caller coordinator_itself() { return {"coordinator", "engine"}; }

}  // namespace switchyard::fleet
