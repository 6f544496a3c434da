#pragma once

#include <cstddef>
#include <cstdint>

/// Limits that only hooks need; all others are in common/limits.hpp.
namespace switchyard::limits {

/// Of one component. Who needs more calls several programs from one.
inline constexpr std::size_t hooks_per_component_max = 32;
inline constexpr std::int64_t hook_seconds_default = 30;
/// What takes longer is a `run:` or a job of its own: the host, and those that wait for it, stand still meanwhile.
inline constexpr std::int64_t hook_seconds_max = 600;
/// Hooks of a rollback delay it. All `pre_rollback` hooks of a component together may take no longer than one of them:
/// a host that was rebooted in the middle has 30 s to decide what it serves.
inline constexpr std::int64_t rollback_hook_seconds_default = 5;
inline constexpr std::int64_t rollback_hook_seconds_max = 15;
/// Of one hook's `config`: it travels in the plan, whose frame has 256 KiB for all components of a host.
inline constexpr std::size_t hook_config_bytes_max = 8 * 1024;
/// What a hook is told: it fits into a pipe at once, so nobody waits for its reading.
inline constexpr std::size_t hook_request_bytes_max = 32 * 1024;
/// Its whole answer; whoever says more has said too much, and failed.
inline constexpr std::size_t hook_answer_bytes_max = 64 * 1024;

}  // namespace switchyard::limits
