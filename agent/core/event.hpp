#pragma once

#include <string>
#include <variant>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// The process has read the journal and begins. Unfinished steps are taken up again.
struct Began {
  std::string boot_id;
};
/// A coordinator's message, its head already checked by the session.
struct MessageArrived {
  std::uint64_t epoch = 0;
  protocol::Message message;
};
/// The coordinator welcomed this connection, the n-th that this process dialled.
struct SessionBegan {
  std::uint64_t connection = 0;
};
struct SessionEnded {};
struct StepFinished {
  DeploymentId deployment;
  StepId step;
  bool undo = false;
  protocol::StepResult result;
};
struct TimerFired {
  std::string timer;
};
/// Another writer (the dead-man) appended these to the journal; or, `whole`, has put them in the place of all that
/// stood there: a compaction.
struct JournalGrew {
  std::vector<JournalRecord> records;
  bool whole = false;
};
/// What a watch says of a component changed. Healthy with a detail: its last look was not good, which is forgiven for
/// the time being.
struct HealthChanged {
  DeploymentId deployment;
  std::string component;
  bool healthy = true;
  std::string detail;
};
/// `switchyard-agent resolve --commit|--abort`: root on the host decides in the coordinator's place. Audited.
struct Resolved {
  DeploymentId deployment;
  bool commit = false;
  std::string reason;
};

using Event = std::variant<Began, MessageArrived, SessionBegan, SessionEnded, StepFinished, TimerFired, JournalGrew,
                           HealthChanged, Resolved>;

}  // namespace switchyard::agent
