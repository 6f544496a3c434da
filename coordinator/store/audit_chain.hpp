#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/state_store.hpp"

/// The audit log's hash chain: each row's hash covers the row, its number and the hash before, so that a row that is
/// changed, removed, moved or put in between is found, and everything before it is known to be whole.
namespace switchyard::store {

/// The head of an empty log.
inline constexpr std::string_view empty_audit_head = "";

/// 64 hexadecimal digits.
std::string audit_hash(std::string_view previous_hash, std::uint64_t seq, const model::AuditEntry& entry);

/// The number of the first row that does not fit; nothing when the chain holds. `rows` start at seq 1.
std::optional<std::uint64_t> find_audit_break(const std::vector<StoredAudit>& rows);

}  // namespace switchyard::store
