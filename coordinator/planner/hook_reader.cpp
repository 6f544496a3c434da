#include "coordinator/planner/hook_reader.hpp"

#include <algorithm>
#include <utility>

#include "common/limits_hooks.hpp"
#include "coordinator/planner/service_reader.hpp"
#include "coordinator/planner/variables.hpp"
#include "coordinator/planner/yaml_json.hpp"

namespace switchyard::planner {

namespace {

using protocol::HookPhase;

bool of_the_rollback(HookPhase phase) { return phase >= HookPhase::pre_rollback; }

std::vector<std::string> read_hook_words(const YamlNode& command, HookPhase phase) {
  std::vector<std::string> words = read_run_words(command);
  if (!model::finds_release(phase) && !words.front().starts_with('/')) {
    command.refuse(command.label() + " begins with \"" + words.front() + "\", but of a " +
                   std::string(protocol::hook_phase_name(phase)) +
                   " hook the release may not be on the host; name a program of the host by its absolute path");
  }
  return words;
}

void read_critical(const YamlNode& node, model::HookCommand& hook) {
  hook.critical = model::may_object(hook.phase);
  const auto critical = node.find("critical");
  if (!critical) return;
  if (critical->boolean() && !hook.critical) {
    critical->refuse(critical->label() + " is true, but what a " + std::string(protocol::hook_phase_name(hook.phase)) +
                     " hook says stops nothing any more; remove it, or take an earlier phase");
  }
  hook.critical = critical->boolean();
}

std::string read_config(const YamlNode& config) {
  if (!config.is_map()) config.refuse(config.label() + " must be a map: {channel: deployments}");
  std::string json = to_json(config);
  if (const auto trouble = variable_trouble(json)) config.refuse(config.label() + ": " + *trouble);
  if (json.size() > limits::hook_config_bytes_max) {
    config.refuse(config.label() + " is longer than " + std::to_string(limits::hook_config_bytes_max) + " bytes");
  }
  return json;
}

model::HookCommand read_hook(const YamlNode& node, const model::Component& component) {
  node.allow_keys({"name", "phase", "command", "undo", "user", "timeout_seconds", "critical", "config"});
  model::HookCommand hook;
  hook.name = node.at("name").name();
  hook.phase = static_cast<HookPhase>(node.at("phase").choice(
      {"pre_validation", "post_validation", "pre_prepare", "post_prepare", "pre_switch", "post_switch", "pre_verify",
       "post_verify", "pre_commit", "post_commit", "pre_rollback", "post_rollback"}));
  const YamlNode command = node.at("command");
  hook.command = read_hook_words(command, hook.phase);
  hook.where = command.items().front().where();
  if (const auto undo = node.find("undo")) {
    if (!model::may_object(hook.phase)) {
      undo->refuse(undo->label() + " has no meaning: nothing goes back after a " +
                   std::string(protocol::hook_phase_name(hook.phase)) + " hook; remove it");
    }
    hook.undo = read_hook_words(*undo, hook.phase);
  }
  hook.user = component.service.user;
  if (const auto user = node.find("user")) hook.user = read_user(*user);
  if (hook.user.empty()) node.refuse(node.label() + " needs a `user`, since the service has none of its own");
  const bool back = of_the_rollback(hook.phase);
  const std::int64_t seconds =
      node.integer_or("timeout_seconds", 1, back ? limits::rollback_hook_seconds_max : limits::hook_seconds_max,
                      back ? limits::rollback_hook_seconds_default : limits::hook_seconds_default);
  hook.timeout_ms = static_cast<std::uint32_t>(seconds * 1'000);
  read_critical(node, hook);
  if (const auto config = node.find("config")) hook.config = read_config(*config);
  return hook;
}

}  // namespace

void read_hooks(const YamlNode& list, model::Component& component) {
  std::int64_t before_rollback_ms = 0;
  for (const YamlNode& item : list.items()) {
    model::HookCommand hook = read_hook(item, component);
    const bool twice = std::any_of(component.hooks.begin(), component.hooks.end(), [&](const auto& other) {
      return other.name == hook.name && other.phase == hook.phase;
    });
    if (twice) {
      item.refuse("the hook `" + hook.name + "` is there twice in " +
                  std::string(protocol::hook_phase_name(hook.phase)) + "; rename or remove one");
    }
    if (hook.phase == HookPhase::pre_rollback) before_rollback_ms += hook.timeout_ms;
    if (before_rollback_ms > limits::rollback_hook_seconds_max * 1'000) {
      item.refuse(list.label() + " would hold a rollback up for " + std::to_string(before_rollback_ms / 1'000) +
                  " s, but all pre_rollback hooks together may take " +
                  std::to_string(limits::rollback_hook_seconds_max) + " s; lower their `timeout_seconds`");
    }
    component.hooks.push_back(std::move(hook));
  }
  if (component.hooks.size() <= limits::hooks_per_component_max) return;
  list.refuse(list.label() + " has more than " + std::to_string(limits::hooks_per_component_max) +
              " hooks; let one program call the others");
}

}  // namespace switchyard::planner
