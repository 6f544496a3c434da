#pragma once

#include <map>
#include <set>

#include "coordinator/engine/deployment_run.hpp"
#include "protocol/message.hpp"

namespace switchyard::engine {

/// What every host should be asked now: a pure function of what is known (it only adds to run.begun). The engine sends
/// what is new, sends everything again on the host's resend timer, and forgets what is no longer asked. So a lost
/// message, a lost connection and a restart of either side all end in the same way: the question is asked again.
std::map<HostId, std::set<Request>> open_requests(DeploymentRun& run);

protocol::Message request_message(const DeploymentRun& run, const HostId& host, const Request& request);

}  // namespace switchyard::engine
