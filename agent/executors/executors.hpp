#pragma once

#include "agent/executors/executor.hpp"
#include "common/clock.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// One executor for each kind of action; built and owned by the composition root.
struct ExecutorTable {
  Executor& ensure_release;
  Executor& ensure_file;
  Executor& ensure_link;
  Executor& ensure_unit;
  Executor& switch_traffic;
  Executor& check_switch;
  Executor& drain;
  Executor& probe;
  Executor& run;
  Executor& prune;
  Executor& verify_old;
  Executor& ensure_configuration;
  Executor& hook;
  Executor& snapshot;
  Executor& restore;
};

/// Runs any action by the executor of its kind, and is the place where an exception of a step becomes its failed
/// result, with a short stable code. What a result says is masked here, before anybody has it: the journal, the
/// coordinator and the log all get it from here. Called on worker threads; the executors say what may run at the same
/// time.
class Executors {
 public:
  Executors(const ExecutorTable& table, const Clock& clock, const SecretMask& mask)
      : table_(table), clock_(clock), mask_(mask) {}
  /// Never throws an Error. The detail is cut to limits::excerpt_bytes_max.
  protocol::StepResult run(const protocol::Action& action, const StepContext& context);

 private:
  Executor& executor_for(const protocol::Action& action);

  ExecutorTable table_;
  const Clock& clock_;
  const SecretMask& mask_;
};

}  // namespace switchyard::agent
