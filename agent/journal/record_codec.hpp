#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/journal_record.hpp"

namespace switchyard::agent {

/// The payload of one frame of the journal: the records that one event wrote. A record describes itself with the fields
/// that its kind has; numbers are for ever, so that a journal is readable by the version before and after.
std::string encode_records(const std::vector<JournalRecord>& records);
/// Throws DecodeError.
std::vector<JournalRecord> decode_records(std::string_view bytes);

}  // namespace switchyard::agent
