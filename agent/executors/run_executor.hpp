#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "agent/executors/executor.hpp"
#include "agent/probes/pause.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// How a command is spoken with while it runs, by the agent that started it.
struct CommandTalk {
  int standard_input = -1, standard_output = -1;
  /// Called after each look, and once more when the unit has ended. Not empty: why it is ended now.
  std::function<std::string()> meanwhile = {};
  /// What the command that ended with status 0 has said.
  std::function<protocol::StepResult()> judge = {};
};

/// Run: argv in a transient unit that is named after the step, so that systemd itself refuses to run it twice, and it
/// outlives the agent. What happened is looked for in this order: the result file that an earlier agent wrote; the unit
/// that still runs (it is waited for); the unit that has ended (its status is read); else, for a step that may have
/// run, UNKNOWN. The result file is durable before the unit is forgotten; what cannot be written (a full disk) is told
/// all the same, and the unit is left, which says it too. Several may run at once.
class RunExecutor final : public Executor {
 public:
  /// `mask`: what a result file says is masked before it is written.
  RunExecutor(const HostPaths& paths, ServiceManager& services, FileSystem& files, const Clock& clock,
              const SecretMask& mask, Pause pause);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

  /// The same for a command that is spoken with. What it said to an agent that has died meanwhile is lost: UNKNOWN.
  protocol::StepResult carry_out(const protocol::Run& wanted, const StepContext& context, const CommandTalk& talk = {});

  static std::string unit_name(const StepContext& context);

 private:
  std::optional<protocol::StepResult> recorded(const StepContext& context) const;
  /// Writes the result file. False: it could not be written.
  bool record(const StepContext& context, const protocol::StepResult& result);
  /// True: started here and now. False: there is one of that name already.
  std::variant<bool, protocol::StepResult> start(const protocol::Run& wanted, const StepContext& context,
                                                 const CommandTalk& talk);
  /// A command that is undone may still run: an agent died while it did, or its result was no longer wanted. Its effect
  /// must not come after the undo's. Nothing when it is over.
  std::optional<protocol::StepResult> end_step(const StepContext& context);
  protocol::StepResult await_end(const StepContext& context, const CommandTalk& talk);
  protocol::StepResult conclude(const StepContext& context, const UnitStatus& status, const CommandTalk& talk);
  protocol::StepResult give_up(const StepContext& context, const std::string& code, const std::string& why);

  std::filesystem::path results_;
  ServiceManager& services_;
  FileSystem& files_;
  const Clock& clock_;
  const SecretMask& mask_;
  Pause pause_;
};

}  // namespace switchyard::agent
