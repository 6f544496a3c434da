#pragma once

#include <filesystem>

#include "common/crypto.hpp"
#include "protocol/zmq_curve_keys.hpp"

/// The coordinator's two keys, each in a file that only its owner reads; made at the first start. The plan key is apart
/// from the bus's, so that it can move elsewhere (another process, a hardware module) without touching the bus.
/// Throw InputError when a file is there and is not as it must be, SysError.
namespace switchyard {

/// <directory>/server.key: the CURVE key that agents pin before they send a byte.
protocol::CurveKeyPair load_or_make_server_keys(const std::filesystem::path& directory);
/// <directory>/plan.key: the Ed25519 key that signs plans, 64 hexadecimal digits.
SigningKeyPair load_or_make_plan_key(const std::filesystem::path& directory);

}  // namespace switchyard
