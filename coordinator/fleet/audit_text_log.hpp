#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// DEPLOYMENT_AUDIT_LOG: the rows of the audit chain, one line of JSON each, for those who collect logs. It follows the
/// store a second behind, so that nothing which is recorded ever waits for it; what cannot be written yet is written
/// later, from the store. The chain stays the truth. Owned by the composition root, loop thread only.
class AuditTextLog {
 public:
  /// Appends all of it or nothing, elsewhere than on the loop, and says on the loop whether it did.
  using Append = std::function<void(std::string lines, std::function<void(bool appended)> done)>;
  AuditTextLog(const store::StateStore& store, Timers& timers, Append append)
      : store_(store), timers_(timers), append_(std::move(append)) {}

  /// Goes on after this row; nothing: the next that is written is the first.
  void begin(std::optional<std::uint64_t> after);

 private:
  void follow();
  void write_next();
  std::uint64_t newest() const;

  const store::StateStore& store_;
  Timers& timers_;
  Append append_;
  std::uint64_t written_ = 0;
  bool writing_ = false;
  bool failing_ = false;
};

/// The number in the last whole line of what was written before; nothing if there is none.
std::optional<std::uint64_t> last_row_in(std::string_view text);

}  // namespace switchyard::fleet
