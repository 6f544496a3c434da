#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::cli {

/// 412 ms, 3.2 s, 2 m 05 s, 1 h 02 m. Pure.
std::string duration_text(std::int64_t ms);
/// The milliseconds of 30d, 12h or 45m; nothing for anything else. Pure.
std::optional<std::int64_t> duration_from_text(std::string_view text);
/// 2026-11-20 16:30:01 in the local time zone; "-" for 0.
std::string date_text(std::int64_t wall_ms);
/// 16:30:01 in the local time zone.
std::string clock_text(std::int64_t wall_ms);
/// 1 host, 2 hosts. Pure.
std::string how_many(std::size_t count, const char* what);
/// 512 B, 23.9 MiB. Pure.
std::string size_text(std::uint64_t bytes);

}  // namespace switchyard::cli
