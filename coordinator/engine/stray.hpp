#pragma once

#include <optional>

#include "coordinator/model/deployment.hpp"
#include "protocol/message.hpp"

/// A stray: a host that still has a deployment open which is over here. Pure.
namespace switchyard::engine {

/// What to tell its agent (no decision, or an unknown deployment, means abort); nothing where nothing is open.
std::optional<protocol::Message> settle_stray(const protocol::DeploymentReport& report,
                                              std::optional<model::Decision> decision);

}  // namespace switchyard::engine
