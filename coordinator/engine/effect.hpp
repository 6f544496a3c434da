#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "protocol/message.hpp"

/// What the engine wants done. The effect runner makes `row`, `decision`, `timeline` and the audit of them durable in
/// one transaction before any of `sends` leaves.
namespace switchyard::engine {

struct Send {
  HostId host;
  protocol::Message message;
};
/// A timer of that name replaces the one before. ms < 0 cancels.
struct SetTimer {
  std::string timer;
  std::int64_t ms = 0;
};

struct Effects {
  bool save = false;  ///< the row changed
  bool decided = false;
  model::Decision decision = model::Decision::abort;  ///< when decided
  bool finished = false;                              ///< release the locks; when committed: record what serves now
  std::vector<model::TimelineEntry> timeline;         ///< wall_ms is filled in by the runner
  std::vector<Send> sends;
  std::vector<SetTimer> timers;
};

}  // namespace switchyard::engine
