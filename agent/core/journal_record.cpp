#include "agent/core/journal_record.hpp"

#include <array>

namespace switchyard::agent {

std::string_view record_name(RecordKind kind) {
  static constexpr std::array<std::string_view, 17> names = {
      "",         "epoch",  "plan",    "intent",   "armed",   "held",  "decision", "result", "committed",
      "reverted", "staged", "swapped", "extended", "retired", "stuck", "resumed",  "fence"};
  return names.at(static_cast<std::size_t>(kind));
}

}  // namespace switchyard::agent
