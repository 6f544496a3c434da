#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "protocol/message.hpp"

/// What is made of the answers of checks. Pure values.
namespace switchyard::model {

/// One check on one host, as it was answered.
struct Evidence {
  HostId host;
  std::string check;
  protocol::CheckState state = protocol::CheckState::unknown;
  bool critical = true;
  std::uint32_t tier = 0;
  std::uint32_t duration_ms = 0;
  std::string detail;
  std::map<std::string, std::string> details = {};
  std::int64_t age_ms = 0;  ///< of an answer from the cache
  std::uint32_t tries = 1;  ///< it took; what is told is of the last
  bool operator==(const Evidence&) const = default;
};

enum class Outcome : std::uint8_t { pass, fail, inconclusive };
std::string_view outcome_name(Outcome outcome);
/// passed, failed, unknown.
std::string_view check_state_name(protocol::CheckState state);

struct Verdict {
  Outcome outcome = Outcome::inconclusive;
  std::string reason;  ///< for people
  std::vector<Evidence> evidence;
  bool operator==(const Verdict&) const = default;
};

/// fail: a critical check failed. inconclusive: none failed, but of a critical one nothing is known, or of all of them.
/// pass: everything critical passed, and something is known at all. Without evidence there is no pass.
Verdict judge(std::vector<Evidence> evidence);

}  // namespace switchyard::model
