#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace switchyard::agent {

/// What the agent's journal can say, in the words of the protocol (J1-J8). The numbers are on disk for ever.
enum class RecordKind : std::uint8_t {
  epoch = 1,   ///< `epoch` was accepted; written before WELCOME is answered
  plan = 2,    ///< `plan` was verified; before PLAN_ACK
  intent = 3,  ///< step `step` may have an effect from here on
  armed =
      4,  ///< component `component` may be swapped to `stage` from here on; revert at `deadline_boot_ms` of `boot_id`
  held = 5,       ///< the right to revert alone is given up; before HELD is sent
  decision = 6,   ///< `commit` or not; before acting on it. `text`: why
  result = 7,     ///< the outcome of `step` (or of its undo); before it is reported
  committed = 8,  ///< all commit steps are done
  reverted = 9,   ///< component `component` is as before; empty: the whole deployment is, prepare undone
  staged = 10,    ///< component `component` is staged
  swapped = 11,   ///< component `component` serves `stage`
  extended = 12,  ///< a new deadline
  retired = 13,   ///< keep_old is over, the old slot is gone: the deployment is closed. `epoch`, where a compaction has
                  ///< kept only this record of it: its plan's number
  stuck = 14,     ///< the revert of `step` failed
  resumed = 15,   ///< the host booted: `boot_id` is the new one
  fence = 16,     ///< plans of `component` numbered up to `epoch` are old; without a component: how plans numbered up
                  ///< to `epoch` ended may be forgotten (written by a compaction)
};
std::string_view record_name(RecordKind kind);

/// One record. Only the fields that its kind names have a meaning.
struct JournalRecord {
  std::uint64_t seq = 0;  ///< 1, 2, 3 ... set by the journal
  RecordKind kind = RecordKind::epoch;
  std::uint64_t epoch = 0;
  DeploymentId deployment;
  std::string component;
  std::uint32_t stage = 0;
  StepId step;
  bool undo = false;    ///< intent, result: of the step's undo
  bool commit = false;  ///< decision
  std::string boot_id;
  std::int64_t deadline_boot_ms = 0;
  std::string text;
  protocol::StepResult result;
  protocol::SignedPlan plan;
  bool operator==(const JournalRecord&) const = default;
};

}  // namespace switchyard::agent
