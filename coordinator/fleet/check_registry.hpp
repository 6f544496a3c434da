#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The health checks that are known by name, and where each of them belongs. Every change is in the audit. Loop thread
/// only.
class CheckRegistry {
 public:
  CheckRegistry(store::StateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  Answer<std::vector<std::string>> put(const Caller& caller, const RegisterChecksRequest& request);
  Answer<bool> remove(const Caller& caller, const std::string& environment, const std::string& name);
  /// Those that are asked for; a refusal when a name is unknown, or nothing is asked for.
  Answer<std::vector<model::RegisteredCheck>> choose(const RunChecksRequest& request) const;

 private:
  store::StateStore& store_;
  const Clock& clock_;
};

/// Which of the checks belong on which hosts: where anything of the environment serves, or its component, and on no
/// other hosts than it names, or the request does.
using ChecksOfHosts = std::map<HostId, std::vector<model::RegisteredCheck>>;
ChecksOfHosts checks_of_hosts(const store::StateStore& store, const std::vector<model::RegisteredCheck>& checks,
                              const RunChecksRequest& request);

/// Does the text register what runs programs on hosts? False of a text that cannot be read: it registers nothing.
bool registers_programs(const RegisterChecksRequest& request);

}  // namespace switchyard::fleet
