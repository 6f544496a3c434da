#include "tests/simulation/commands.hpp"

#include <unistd.h>

#include <utility>

namespace switchyard::simulation {
namespace {

agent::HostPaths host_paths() {
  agent::HostPaths paths;
  paths.state = "/state";
  return paths;
}

/// switchyard-step-<step>.service and switchyard-step-<step>-undo.service
std::string unit_of(const agent::StepContext& context, bool undo) {
  agent::StepContext asked;
  asked.step = context.step;
  asked.undo = undo;
  return agent::RunExecutor::unit_name(asked);
}

}  // namespace

Commands::Commands(Dice& dice, FaultPoints& points, const MachineClock& clock, const double& failing)
    : dice_(dice),
      points_(points),
      failing_(failing),
      executor_(host_paths(), units_, files_, clock, mask_, [](std::int64_t, const std::stop_token&) {}),
      hooks_(executor_, clock) {
  files_.create_directories("/state", 0700);
}

std::string Commands::Units::stop(const std::string& unit, std::uint32_t ms) {
  owner.points_.pass(FaultPoints::Where::journal_sync);  // its result is on the disk by now
  return systemd.stop(unit, ms);
}

std::optional<std::string> Commands::Units::start_transient(const agent::TransientUnit& unit) {
  owner.points_.pass(FaultPoints::Where::journal_write);
  if (auto refused = systemd.start_transient(unit)) return refused;
  owner.had_effect(unit.name);
  if (unit.standard_output >= 0) {
    const std::string_view answer = R"({"status": "ok"})";
    if (::write(unit.standard_output, answer.data(), answer.size()) < 0) owner.on_violation("a hook cannot answer");
  }
  systemd.end_process(unit.name, owner.dice_.chance(owner.failing_) ? 1 : 0);
  owner.points_.pass(FaultPoints::Where::journal_write);
  return std::nullopt;
}

void Commands::had_effect(const std::string& unit) {
  const bool undo = unit.find("-undo.") != std::string::npos;
  if (++effects_[unit] > 1 && !undo) on_violation("I5: " + unit + " ran twice");
}

protocol::StepResult Commands::run(const protocol::Action& wanted, const agent::StepContext& context) {
  const auto* hook = std::get_if<protocol::Hook>(&wanted);
  // What is there for the way back only, or may fail, is done whether it ran or not.
  const bool must_run = hook == nullptr || (hook->critical && !hook->command.argv.empty());
  const std::string unit = unit_of(context, context.undo);
  const int undone = effects_[unit_of(context, true)];
  const int before = effects_[unit];
  const protocol::StepResult result = hook != nullptr ? hooks_.run(wanted, context) : executor_.run(wanted, context);
  if (!context.undo && undone > 0 && effects_[unit] > before) on_violation("I5: " + unit + " ran after it was undone");
  if (result.state == protocol::StepState::done && must_run && effects_[unit] == 0) {
    on_violation("I5: " + unit + " is said to be done, and never ran");
  }
  return result;
}

}  // namespace switchyard::simulation
