#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::fleet {

/// What is known of the life of a committed deployment.
struct LifeFacts {
  std::int64_t served_ms = 0;  ///< until something took its place, or until now
  std::size_t failures = 0;    ///< that were kept in its row
  bool watched = true;         ///< it had a watch window
  bool rolled_back = false;    ///< a rollback has undone it
  std::size_t hosts = 0;       ///< that it is for
  std::size_t behind = 0;      ///< of these: still to be brought to it
};

/// 0 to 100, and what was taken off for what. The formula stands in docs/rollback.md. Pure.
struct HealthScore {
  int points = 100;
  std::vector<std::string> why = {};  ///< "-20 no watch window"; empty: nothing speaks against it
  bool operator==(const HealthScore&) const = default;
};
HealthScore health_score(const LifeFacts& facts);

}  // namespace switchyard::fleet
