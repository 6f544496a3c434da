#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/crypto.hpp"
#include "protocol/coordinator_keys.hpp"
#include "protocol/zmq_curve_keys.hpp"

/// The coordinator's keys, each in a file that only its owner reads; made at the first start. The plan key is apart
/// from the bus's, so that it can move elsewhere (another process, a hardware module) without touching the bus.
/// Throw InputError when a file is there and is not as it must be, SysError.
namespace switchyard {

/// <directory>/server.key: the CURVE key that agents pin before they send a byte.
protocol::CurveKeyPair load_or_make_server_keys(const std::filesystem::path& directory);
/// <directory>/plan.key: the Ed25519 key that signs plans, 64 hexadecimal digits.
SigningKeyPair load_or_make_plan_key(const std::filesystem::path& directory);
/// The 32 raw bytes for what the store keeps of secrets: from the systemd credential `vault.key` if the service has
/// one, else from <directory>/vault.key. It does not change with the other two. `hangs_on_it`: what the store has that
/// is worth nothing without it, in words. While there is something, the key was made before, and is not made anew.
std::string load_or_make_vault_key(const std::filesystem::path& directory, const std::vector<std::string>& hangs_on_it);
/// In a file, or as a credential of the service, which who is started without it cannot see.
bool has_vault_key(const std::filesystem::path& directory);
/// Throws InputError when it is missing, and something hangs on it.
void refuse_lost_vault_key(const std::filesystem::path& directory, const std::vector<std::string>& hangs_on_it);

/// The keys that are to take the place of the two above, in server.next.key and plan.next.key; nothing when none, or
/// not both, were drawn.
std::optional<protocol::CoordinatorKeys> load_next_keys(const std::filesystem::path& directory);
/// Draws them, unless they are there. Durable when it returns; `before` hears of them before they are, and when it
/// throws they never are.
protocol::CoordinatorKeys draw_next_keys(const std::filesystem::path& directory,
                                         const std::function<void(const protocol::CoordinatorKeys&)>& before);
/// Puts them in the place of the present ones, which are gone then. When it throws some may be there already: to be
/// repeated, or ended by finish_taking_keys().
void take_next_keys(const std::filesystem::path& directory);
/// Ends a take_next_keys() that was cut short; before any key is loaded.
void finish_taking_keys(const std::filesystem::path& directory);

}  // namespace switchyard
