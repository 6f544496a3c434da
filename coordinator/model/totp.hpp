#pragma once

#include <cstdint>
#include <string>

namespace switchyard::model {

/// A person's authenticator app. The secret itself is nowhere: it is derived from the coordinator's plan key and this
/// salt, so that a copy of the store alone gives no codes.
struct TotpRow {
  std::string person;  ///< access::person_of()
  std::string salt;    ///< hexadecimal digits
  std::int64_t enrolled_wall_ms = 0;
  std::uint64_t last_step = 0;  ///< of the newest code that counted
  bool operator==(const TotpRow&) const = default;
};

}  // namespace switchyard::model
