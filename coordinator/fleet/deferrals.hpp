#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/store/state_store.hpp"

/// Hosts that were left out of a committed deployment (`unreachable: defer`), or whose machine was replaced, and that
/// must be brought to what was committed. They are listed in the row of that deployment until they are.
namespace switchyard::fleet {

/// The newest finished deployment that `host` has still to be brought to.
std::optional<model::DeploymentRow> deferred_to(const store::StateStore& store, const HostId& host);

/// Of `rows` (newest first), the newest committed deployment from a manifest that had this release for the component;
/// only those older than `before` unless it is empty.
std::optional<model::DeploymentRow> origin_of(const store::StateStore& store,
                                              const std::vector<model::DeploymentRow>& rows,
                                              const std::string& environment, const std::string& component,
                                              const ReleaseId& release, const DeploymentId& before = {});

/// The writes that go with the commit of `row`. A converge deployment: `hosts` are no longer behind the one that it
/// refers to, nor any older one of that name. Any other: it takes the place of all older ones of its name. A rollback
/// leads back to one of those: who was behind what is undone, or went away meanwhile, is behind that one.
std::vector<store::Write> settle_deferrals(const store::StateStore& store, const model::DeploymentRow& row,
                                           const std::set<HostId>& hosts);

/// The writes that make a replaced host be brought back to what was committed for it.
store::Transaction defer_replaced(const store::StateStore& store, const HostId& host);

}  // namespace switchyard::fleet
