#pragma once

#include <string>
#include <vector>

#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// The newest journal lines of a unit's run (and what systemd says of it), oldest first, at most `journal_tail_lines`
/// of `journal_tail_line_bytes_max`; control characters are taken out. Waits a moment for the
/// unit's own lines if there are none yet. Empty when
/// the journal cannot be read: it explains a failure and must not become one. Any thread.
std::vector<std::string> journal_tail(const std::string& unit, const std::string& invocation_id,
                                      const SecretMask& mask);

}  // namespace switchyard::agent
