#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/fleet/deferral_ledger.hpp"
#include "coordinator/store/state_store.hpp"

/// Hosts that were left out of a committed deployment (`unreachable: defer`), or whose machine was replaced, and that
/// must be brought to what was committed. They are listed in the row of that deployment until they are. A component on
/// a host is owed by one deployment at a time: a later one that is about it takes the debt over, whatever its name and
/// its environment.
namespace switchyard::fleet {

/// What a host has to be brought to next.
struct Deferral {
  model::DeploymentRow target;
  std::set<std::string> components;  ///< of the target on that host; never empty
};

/// From the newest finished deployment that owes `host` anything. What is being rolled back just now is left out: its
/// rollback's commit says who owes it then.
std::optional<Deferral> deferral_of(const store::StateStore& store, const HostId& host);

/// Of `rows` (newest first), the newest committed deployment from a manifest that had this release for the component;
/// only those older than `before` unless it is empty.
std::optional<model::DeploymentRow> origin_of(const store::StateStore& store,
                                              const std::vector<model::DeploymentRow>& rows,
                                              const std::string& environment, const std::string& component,
                                              const ReleaseId& release, const DeploymentId& before = {});

/// What a deployment is about, whether it has to change it there or not. `source`: of a deploy.
Places places_of(const store::StateStore& store, const model::DeploymentRow& row, const model::Plan& plan,
                 const store::PutSource* source);

/// The writes that go with the commit of `row`, which is about `places`. A converge deployment: what it brought is no
/// longer owed by the one that it refers to. Any other takes over what older ones owe. A rollback leads back to an
/// older one: who was behind what is undone, was brought there meanwhile, or went away, is owed by that one.
std::vector<store::Write> settle_deferrals(const store::StateStore& store, const model::DeploymentRow& row,
                                           const model::Plan& plan, const Places& places);

/// Convergences under way that bring a host to what `rollback` undoes, or to something older, in a component that it
/// takes back.
std::vector<model::DeploymentRow> convergences_undone_by(const store::StateStore& store,
                                                         const model::DeploymentRow& rollback);

/// The writes that make a replaced host be brought back to what was committed for it.
struct ReplacedHost {
  store::Transaction writes;
  std::set<std::string> lost;  ///< components that served there, and whose manifest is not known any more
};
ReplacedHost defer_replaced(const store::StateStore& store, const HostId& host);

}  // namespace switchyard::fleet
