#pragma once

#include <cstddef>
#include <cstdint>

/// Limits that only snapshots of files need; all others are in common/limits.hpp.
namespace switchyard::limits {

/// Of one component, in one snapshot: files of a configuration. What is larger, or more, is data: it has its own
/// backup.
inline constexpr std::size_t snapshot_files_max = 64;
inline constexpr std::uint64_t snapshot_file_bytes_max = 16ull * 1024 * 1024;
inline constexpr std::uint64_t snapshot_bytes_max = 64ull * 1024 * 1024;
/// Of one component on a host, those that deployments made; the oldest go first.
inline constexpr std::size_t snapshots_kept = 8;

// --- schemas of databases --------------------------------------------------------------------------------------------
/// Of one component; a service has one database, or a few.
inline constexpr std::size_t schemas_max = 4;
/// What pg_dump writes of one, at most: some ten thousand tables. It is held in memory until it is kept.
inline constexpr std::size_t schema_bytes_max = 8 * 1024 * 1024;
/// To reach the database and sign in, to have it wait for the locks of others, and in all: an order to keep files ends
/// after save_order_ms. Who waits for a lock has others wait behind it, so that this is not long.
inline constexpr std::uint32_t schema_connect_ms_max = 5'000;
inline constexpr std::uint32_t schema_lock_ms_max = 5'000;
inline constexpr int schema_dump_ms_max = 30'000;
/// What PostgreSQL takes; a longer name would be cut there in silence.
inline constexpr std::size_t sql_name_bytes_max = 63;
/// The name of a migration, as people read it.
inline constexpr std::size_t migration_bytes_max = 256;

// --- snapshots that a person made ------------------------------------------------------------------------------------
/// Of one name in one environment, unless the configuration says otherwise, and what it may say. Each may keep
/// snapshot_bytes_max of every component on its hosts.
inline constexpr std::uint32_t keep_snapshots_default = 10;
inline constexpr std::uint32_t keep_snapshots_max = 50;
inline constexpr std::uint32_t snapshot_days_max = 3'650;
/// How often what has grown too old is looked for.
inline constexpr std::int64_t snapshot_sweep_ms = 600'000;
/// All that the coordinator keeps: each is a row with a line for each component on each host.
inline constexpr std::size_t snapshots_max = 1'000;

// --- orders to keep files --------------------------------------------------------------------------------------------
/// For one host, in one order; its answers fit into a frame.
inline constexpr std::size_t saves_per_order_max = 32;
inline constexpr std::size_t save_order_bytes_max = 192 * 1024;
/// Snapshots of one component that an order may name: of every name and environment that it was ever deployed under.
inline constexpr std::size_t saves_kept_max = 256;
inline constexpr std::size_t save_request_bytes_max = 64;
/// How long an order is good after it was signed: the clocks of a fleet are no closer.
inline constexpr std::int64_t save_order_ms = 60'000;
/// Copying takes seconds at most; a person waits for it.
inline constexpr std::int64_t save_round_ms_max = 60'000;
/// Rounds at the same time; each may keep every host busy.
inline constexpr std::size_t save_rounds_max = 8;
/// Answers that an agent keeps, so that the same order has the same answer and copies nothing again.
inline constexpr std::size_t save_answers_kept = 16;

}  // namespace switchyard::limits
