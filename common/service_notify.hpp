#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What a service tells the systemd that started it (the protocol of sd_notify(3): one datagram). Nothing happens, and
/// nothing is wrong, when the process was started by hand.
namespace switchyard {

/// `READY=1`, `STOPPING=1`, `WATCHDOG=1`, `STATUS=...`. Never throws: a supervisor that does not listen is no reason to
/// stop working.
void notify_service(std::string_view state) noexcept;

/// How often `WATCHDOG=1` must be said at least; nothing when the unit has no watchdog.
std::optional<std::int64_t> service_watchdog_ms();

}  // namespace switchyard
