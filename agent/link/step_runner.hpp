#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <utility>

#include "agent/core/effect.hpp"
#include "agent/core/event.hpp"
#include "agent/executors/executors.hpp"
#include "common/clock.hpp"
#include "common/scheduler.hpp"
#include "common/worker_pool.hpp"

namespace switchyard::agent {

/// Runs steps on worker threads, one job each, and hands their results back on the loop. Owned by the agent; called on
/// the loop's thread. A step that cannot be queued fails at once: the coordinator hears it.
class StepRunner {
 public:
  using Finished = std::function<void(StepFinished)>;
  StepRunner(Scheduler& loop, Workers& workers, Executors& executors, const Clock& clock, Finished finished);

  void run(const RunStep& order);
  /// Asks the step's worker to stop waiting. Its result still comes.
  void cancel(const StepRef& step);
  /// Asks every worker to stop waiting: the process ends. No result is handed on from here: a step that was left
  /// running has none yet, and the next process finds its intent in the journal and takes it up again.
  void stop();
  std::size_t running() const { return running_.size(); }

 private:
  using Key = std::pair<StepId, bool>;
  /// On a worker.
  protocol::StepResult carry_out(const RunStep& order, StepContext& context);
  void finish(const Key& key, StepFinished result);

  Scheduler& loop_;
  Workers& workers_;
  Executors& executors_;
  const Clock& clock_;
  Finished finished_;
  std::map<Key, std::stop_source> running_;
  bool stopped_ = false;
};

}  // namespace switchyard::agent
