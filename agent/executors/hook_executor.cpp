#include "agent/executors/hook_executor.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "agent/probes/program_talk.hpp"
#include "agent/system/json_value.hpp"
#include "common/error.hpp"
#include "common/limits_hooks.hpp"

namespace switchyard::agent {
namespace {

std::string text_or_null(const std::string& text) { return text.empty() ? "null" : json_quoted(text); }

/// Of a hook whose failure nothing depends on.
protocol::StepResult forgiven(protocol::StepResult result) {
  if (result.state == protocol::StepState::done) return result;
  protocol::StepResult passed = done(true, "warning: " + result.detail);
  passed.exit_status = result.exit_status;
  passed.evidence = std::move(result.evidence);
  passed.evidence["warning"] = result.code;
  return passed;
}

}  // namespace

protocol::StepResult HookExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& hook = std::get<protocol::Hook>(action);
  if (hook.command.argv.empty()) return done(false, "it is called on the way back only");
  if (hook.critical) return call(hook, context);
  try {
    return forgiven(call(hook, context));
  } catch (const std::exception& error) {
    return forgiven(failed_by(error));  // there were no pipes, or no bus: nothing depends on that either
  }
}

protocol::StepResult HookExecutor::call(const protocol::Hook& hook, const StepContext& context) {
  const std::int64_t left_ms = std::max<std::int64_t>(context.deadline_boot_ms - clock_.boot_ms(), 0);
  const std::string request = hook_request(hook, context, left_ms);
  if (request.size() > limits::hook_request_bytes_max) {
    return failed("bad_request", "what the hook " + hook.name + " is to be told has " + std::to_string(request.size()) +
                                     " bytes, and may have " + std::to_string(limits::hook_request_bytes_max) +
                                     "; shorten its `config`. It was not run");
  }
  ProgramTalk talk(request, limits::hook_answer_bytes_max);
  return commands_.carry_out(hook.command, context,
                             {.standard_input = talk.standard_input(),
                              .standard_output = talk.standard_output(),
                              .meanwhile = [&talk] { return talk.take(); },
                              .judge = [&] { return judge_hook_answer(hook.command.argv.front(), talk.answer()); }});
}

std::string hook_request(const protocol::Hook& hook, const StepContext& context, std::int64_t timeout_ms) {
  const bool of_the_rollback = hook.phase >= protocol::HookPhase::pre_rollback;
  std::string text = "{\"contract\":1,\"hook\":" + json_quoted(hook.name) + ",\"phase\":";
  text += json_quoted(protocol::hook_phase_name(hook.phase));
  text += std::string(",\"undo\":") + (context.undo && !of_the_rollback ? "true" : "false");
  text += ",\"deployment\":" + json_quoted(context.deployment.value);
  text += ",\"environment\":" + json_quoted(hook.environment);
  text += ",\"host\":" + json_quoted(hook.host) + ",\"component\":" + json_quoted(hook.component);
  text += ",\"release\":" + text_or_null(hook.release) + ",\"previous_release\":" + text_or_null(hook.previous_release);
  text += ",\"slot\":" + text_or_null(hook.slot);
  text += ",\"port\":" + (hook.port == 0 ? "null" : std::to_string(hook.port));
  text += ",\"timeout_ms\":" + std::to_string(timeout_ms);
  return text + ",\"config\":" + (hook.config.empty() ? "{}" : hook.config) + "}\n";
}

protocol::StepResult judge_hook_answer(const std::string& program, std::string_view answer) {
  JsonValue told;
  try {
    told = parse_json(answer);
  } catch (const DecodeError& error) {
    return failed("hook_answer", program + " answered something else than one JSON object: " + error.what());
  }
  const JsonValue& status = told.find("status");
  const JsonValue& message = told.find("message");
  if (told.kind != JsonValue::Kind::object || !(status.is_text("ok") || status.is_text("fail"))) {
    return failed("hook_answer", program + " answered without a \"status\": \"ok\" or \"fail\"");
  }
  const bool said = message.kind == JsonValue::Kind::text && !message.text.empty();
  const std::string detail = said ? message.text : program + " says " + status.text;
  protocol::StepResult result = status.is_text("ok") ? done(true, detail) : failed("hook_failed", detail);
  result.evidence = detail_texts(told.find("details"));
  return result;
}

}  // namespace switchyard::agent
