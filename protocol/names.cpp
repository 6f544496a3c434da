#include "common/ensure.hpp"
#include "protocol/message.hpp"

/// The names of everything that is numbered on the wire, for people and for logs.
namespace switchyard::protocol {

std::string_view action_name(const Action& action) {
  static constexpr std::string_view names[] = {
      "ensure_release", "ensure_file", "ensure_link", "ensure_unit", "switch_traffic", "check_switch",
      "drain",          "probe",       "run",         "prune",       "verify_old",     "ensure_configuration",
      "hook",           "snapshot",    "restore"};
  static_assert(std::size(names) == std::variant_size_v<Action>);
  return names[action.index()];
}

bool runs_once(const Action& action) {
  return std::holds_alternative<Run>(action) || std::holds_alternative<Hook>(action);
}

bool is_undone_first(const Action& undo) {
  const auto* hook = std::get_if<Hook>(&undo);
  return hook != nullptr && hook->phase == HookPhase::pre_rollback;
}

std::string_view hook_phase_name(HookPhase phase) {
  switch (phase) {
    case HookPhase::pre_validation:
      return "pre_validation";
    case HookPhase::post_validation:
      return "post_validation";
    case HookPhase::pre_prepare:
      return "pre_prepare";
    case HookPhase::post_prepare:
      return "post_prepare";
    case HookPhase::pre_switch:
      return "pre_switch";
    case HookPhase::post_switch:
      return "post_switch";
    case HookPhase::pre_verify:
      return "pre_verify";
    case HookPhase::post_verify:
      return "post_verify";
    case HookPhase::pre_commit:
      return "pre_commit";
    case HookPhase::post_commit:
      return "post_commit";
    case HookPhase::pre_rollback:
      return "pre_rollback";
    case HookPhase::post_rollback:
      return "post_rollback";
  }
  return "unknown";
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::prepare:
      return "prepare";
    case Phase::swap:
      return "swap";
    case Phase::commit:
      return "commit";
    case Phase::retire:
      return "retire";
  }
  return "unknown";
}

std::string_view step_state_name(StepState state) {
  switch (state) {
    case StepState::started:
      return "started";
    case StepState::done:
      return "done";
    case StepState::failed:
      return "failed";
    case StepState::unknown:
      return "unknown";
    case StepState::skipped:
      return "skipped";
  }
  return "unknown";
}

std::string_view agent_state_name(AgentState state) {
  switch (state) {
    case AgentState::idle:
      return "idle";
    case AgentState::accepted:
      return "accepted";
    case AgentState::staging:
      return "staging";
    case AgentState::staged:
      return "staged";
    case AgentState::swapping:
      return "swapping";
    case AgentState::swapped:
      return "swapped";
    case AgentState::held:
      return "held";
    case AgentState::committed:
      return "committed";
    case AgentState::reverting:
      return "reverting";
    case AgentState::reverted:
      return "reverted";
    case AgentState::stuck:
      return "stuck";
    case AgentState::safe:
      return "safe";
  }
  return "unknown";
}

std::string_view message_name(MessageType type) {
  switch (type) {
    case MessageType::hello:
      return "hello";
    case MessageType::welcome:
      return "welcome";
    case MessageType::refuse:
      return "refuse";
    case MessageType::ping:
      return "ping";
    case MessageType::pong:
      return "pong";
    case MessageType::plan:
      return "plan";
    case MessageType::prepare:
      return "prepare";
    case MessageType::swap:
      return "swap";
    case MessageType::hold:
      return "hold";
    case MessageType::commit:
      return "commit";
    case MessageType::abort:
      return "abort";
    case MessageType::extend:
      return "extend";
    case MessageType::step_event:
      return "step_event";
    case MessageType::inventory:
      return "inventory";
    case MessageType::health:
      return "health";
    case MessageType::blob_get:
      return "blob_get";
    case MessageType::enrol:
      return "enrol";
    case MessageType::enrolled:
      return "enrolled";
    case MessageType::next_keys:
      return "next_keys";
    case MessageType::keys_noted:
      return "keys_noted";
    case MessageType::plan_ack:
      return "plan_ack";
    case MessageType::staged:
      return "staged";
    case MessageType::swapped:
      return "swapped";
    case MessageType::held:
      return "held";
    case MessageType::committed:
      return "committed";
    case MessageType::reverted:
      return "reverted";
    case MessageType::extended:
      return "extended";
    case MessageType::step_event_ack:
      return "step_event_ack";
    case MessageType::inventory_reply:
      return "inventory_reply";
    case MessageType::failed:
      return "failed";
    case MessageType::stuck:
      return "stuck";
    case MessageType::query:
      return "query";
    case MessageType::report:
      return "report";
    case MessageType::blob:
      return "blob";
    case MessageType::run_checks:
      return "run_checks";
    case MessageType::checks_run:
      return "checks_run";
    case MessageType::save_files:
      return "save_files";
    case MessageType::files_saved:
      return "files_saved";
  }
  return "unknown";
}

/// In the order of the alternatives of Message.
MessageType type_of(const Message& message) {
  using enum MessageType;
  static constexpr MessageType types[] = {
      hello,      welcome,         refuse,     ping,           pong,      enrol,      enrolled,
      plan,       plan_ack,        prepare,    staged,         swap,      swapped,    hold,
      held,       commit,          committed,  abort,          reverted,  stuck,      failed,
      extend,     extended,        step_event, step_event_ack, health,    query,      report,
      inventory,  inventory_reply, blob_get,   blob,           next_keys, keys_noted, run_checks,
      checks_run, save_files,      files_saved};
  static_assert(std::size(types) == std::variant_size_v<Message>);
  return types[message.index()];
}

}  // namespace switchyard::protocol
