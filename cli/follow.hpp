#pragma once

#include <string>

#include "cli/api_values.hpp"
#include "cli/context.hpp"
#include "cli/exit_status.hpp"

namespace switchyard::cli {

/// Watches a deployment until nothing more will happen without a person: done, rolled back, stuck or paused. Draws its
/// progress on a terminal, prints a line per event elsewhere; then says how it ended (in JSON: the deployment). A
/// coordinator that restarts meanwhile is waited for. Ctrl-C ends the watching only, and says how to come back.
/// `wait_approval`: one that waits for approval is waited for too; otherwise it is at rest.
/// Throws UnreachableError when the coordinator stays away.
ExitStatus follow(Context& context, const std::string& id, bool wait_approval = true);

/// Has a deployment that waits for a person go on: `how` is what the API calls it (resume, promote), with that body.
/// Says what goes on, if the coordinator does. Then follows it, or with `detach` says how to.
ExitStatus go_on(Context& context, const std::string& id, const std::string& how, const std::string& body, bool detach);

/// The status that says how a deployment stands: done (and still under way), rolled_back, unresolved, refused.
ExitStatus status_of(const Deployment& deployment);

}  // namespace switchyard::cli
