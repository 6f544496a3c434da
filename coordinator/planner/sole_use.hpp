#pragma once

#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "protocol/plan.hpp"

namespace switchyard::planner {

/// What a component uses on each of its hosts for itself alone, in the words of the messages: `port 8080`,
/// `unit app@.service`, `HAProxy server app-blue of backend app (/run/haproxy/admin.sock)`. Two components of one host
/// that have a text in common would take each other down. Pure.
std::vector<std::string> sole_uses(const model::Component& component);

/// Of the one that serves: what the component may leave when it is deployed anew in the same plan is not counted.
enum class Slots { both, serving };
/// The same of what was deployed, or is about to be.
std::vector<std::string> sole_uses(const protocol::SliceComponent& deployed, Slots slots = Slots::both);

}  // namespace switchyard::planner
