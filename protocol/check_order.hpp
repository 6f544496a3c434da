#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto.hpp"
#include "protocol/message.hpp"

/// What a host is asked to check now, apart from any deployment. Signed like a plan, under a purpose of its own, so
/// that no signature of something else can be taken for one of these. Pure.
namespace switchyard::protocol {

struct CheckOrder {
  std::string request;  ///< one answer belongs to it; the same order twice is carried out once
  HostId host;
  std::int64_t not_after_wall_ms = 0;
  std::vector<ProbeSpec> checks;
  bool operator==(const CheckOrder&) const = default;
};

/// Throws Error when it is larger than a frame may carry.
RunChecks sign_order(const CheckOrder& order, const SigningKeyPair& key);
CheckOrder decode_order(std::string_view bytes);

/// One check, as orders and plans hold it.
std::string encode_probe(const ProbeSpec& probe);
ProbeSpec decode_probe(std::string_view bytes);

/// Checks signature, host and limits. Nothing when all is well, else why not.
std::optional<std::string> refuse_order(const RunChecks& run, const HostId& self, std::string_view plan_public_key);

}  // namespace switchyard::protocol
