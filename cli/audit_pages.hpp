#pragma once

#include <functional>

#include "cli/context.hpp"
#include "coordinator/model/audit_chain.hpp"

namespace switchyard::cli {

/// Every row of the audit chain in order, page by page. Stops early when `take` says false, or on Ctrl-C (throws
/// InterruptedError).
void for_every_audit_row(Context& context, const std::function<bool(const model::StoredAudit&)>& take);

}  // namespace switchyard::cli
