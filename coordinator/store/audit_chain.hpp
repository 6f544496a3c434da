#pragma once

#include "coordinator/model/audit_chain.hpp"

/// The chain as the stores write it; see coordinator/model/audit_chain.hpp.
namespace switchyard::store {

using model::audit_hash;
using model::empty_audit_head;
using model::find_audit_break;

}  // namespace switchyard::store
