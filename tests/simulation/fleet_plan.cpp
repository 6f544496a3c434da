#include "tests/simulation/fleet_plan.hpp"

#include <stdlib.h>

#include <array>

#include "common/crypto.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::simulation {
namespace {

using std::string_literals::operator""s;

constexpr const char* names[] = {"api", "web", "worker", "cache"};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return "[" + text + "]";
}

/// The pauses between batches, or between shares of the traffic.
std::string pauses_of(const FleetPlan::Component& component) {
  const std::string seconds = std::to_string(component.pause_seconds);
  if (component.strategy == "rolling") return "\n    min_healthy_seconds: " + seconds;
  if (component.strategy != "canary") return "";
  return "\n    canary: {weights: [" + component.weights + "], pause_seconds: " + seconds +
         ", promote: " + (component.promoted_by_hand ? "manual" : "automatic") + "}";
}

std::string run_of(const FleetPlan::Component& component) {
  if (component.runs_in.empty()) return "";
  return "\n    run: [{name: once, when: " + component.runs_in + ", user: shop, command: [bin/once]" +
         (component.run_has_undo ? ", undo: [bin/undo]" : "") + "}]";
}

constexpr std::array phases = {"pre_validation", "post_validation", "pre_prepare",  "post_prepare",
                               "pre_switch",     "post_switch",     "pre_verify",   "post_verify",
                               "pre_commit",     "post_commit",     "pre_rollback", "post_rollback"};
/// What is decided cannot be objected to.
bool is_late(const std::string& phase) { return phase == phases[9] || phase == phases[10] || phase == phases[11]; }

std::vector<FleetPlan::Hook> draw_hooks(Dice& dice) {
  std::vector<FleetPlan::Hook> hooks;
  const auto count = dice.chance(0.3) ? dice.between(1, 3) : 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string phase = dice.pick(phases);
    hooks.push_back({phase, dice.chance(0.7) && !is_late(phase)});
  }
  return hooks;
}

std::string hooks_of(const FleetPlan::Component& component) {
  std::string text;
  for (const FleetPlan::Hook& hook : component.hooks) {
    text += "\n      - {name: told-" + std::to_string(&hook - component.hooks.data()) + ", phase: " + hook.phase +
            ", user: shop, command: [/usr/bin/told]" + (hook.may_object ? ", undo: [/usr/bin/untold]" : "") +
            (hook.may_object || is_late(hook.phase) ? "" : ", critical: false") + "}";
  }
  return text.empty() ? "" : "\n    hooks:" + text;
}

}  // namespace

Artifacts::Artifacts() {
  char name[] = "/tmp/switchyard-simulation-XXXXXX";
  directory_ = ::mkdtemp(name);
  fleet::ArtifactStore store(directory_);
  for (const char* component : names) {
    for (int version = 1; version <= versions; ++version) {
      const std::string content = std::string(component) + " version " + std::to_string(version);
      protocol::ArtifactManifest manifest;
      manifest.bytes = manifest.unpacked_bytes = content.size();
      manifest.entries = 1;
      manifest.chunk_bytes = 256;
      manifest.chunks = {sha256(content)};
      const std::string encoded = protocol::encode_artifact(manifest);
      const ReleaseId release = protocol::release_id(encoded);
      store.begin(release, encoded);
      store.put_chunk(release, 0, content);
      store.complete(release);
      releases_[{component, version}] = release;
    }
  }
}

Artifacts::~Artifacts() { std::filesystem::remove_all(directory_); }

FleetPlan FleetPlan::draw(Dice& dice) {
  FleetPlan plan;
  const auto hosts = dice.between(3, dice.chance(0.3) ? 8 : 4);
  for (std::int64_t i = 1; i <= hosts; ++i) plan.hosts.push_back("h" + std::to_string(i));
  const auto components = dice.between(1, dice.chance(0.3) ? 4 : 2);
  for (std::int64_t i = 0; i < components; ++i) {
    Component component;
    component.name = names[i];
    component.strategy = dice.chance(0.4)   ? "blue-green"
                         : dice.chance(0.4) ? "rolling"
                         : dice.chance(0.6) ? "canary"
                                            : "recreate";
    for (const std::string& host : plan.hosts) {
      if (component.hosts.empty() || dice.chance(0.6)) component.hosts.push_back(host);
    }
    for (const Component& earlier : plan.components) {
      if (dice.chance(0.5)) component.dependencies.push_back(earlier.name);
    }
    component.max_parallel = static_cast<int>(dice.between(1, 3));
    component.priority = static_cast<int>(dice.between(0, 2));
    component.parallel_safe = !dice.chance(0.1);
    component.start_in_swap = dice.chance(0.2);
    if (dice.chance(0.3)) component.runs_in = dice.chance(0.5) ? "prepare" : "swap";
    component.run_has_undo = dice.chance(0.5);
    component.weights = dice.chance(0.5) ? "10, 50" : "30";
    component.pause_seconds = static_cast<int>(dice.chance(0.5) ? 0 : dice.between(1, 20));
    component.promoted_by_hand = dice.chance(0.3);
    component.hooks = draw_hooks(dice);
    plan.components.push_back(std::move(component));
  }
  plan.confirm_seconds = static_cast<int>(dice.between(10, 40));
  plan.watch_seconds = dice.chance(0.3) ? 0 : static_cast<int>(dice.between(1, 8));
  plan.keep_old_seconds = static_cast<int>(dice.between(1, dice.chance(0.5) ? 30 : 600));
  plan.max_parallel = static_cast<int>(dice.between(0, 2));
  plan.abort_on_restart = dice.chance(0.3);
  plan.rollback_on_failure = !dice.chance(0.1);
  plan.parallel = !dice.chance(0.2);
  plan.defer = dice.chance(0.2) ? 1 : 0;
  if (dice.chance(0.6)) {
    const std::array ways = {"batch", "graceful", "aggressive", "manual"};
    plan.rollback_strategy = dice.pick(ways);
  }
  if (dice.chance(0.15)) plan.secret = "canary-" + std::to_string(dice.bits());
  return plan;
}

std::string FleetPlan::manifest(int version) const {
  std::string text =
      "metadata: {name: shop, environment: test, version: \"" + std::to_string(version) + "\"}\ncomponents:\n";
  int port = 2'000;
  for (const Component& component : components) {
    const bool switched = component.strategy != "recreate";
    text += "  - name: " + component.name + "\n    hosts: " + joined(component.hosts) +
            "\n    artifact: {directory: x}\n    service: {command: [bin/run]" +
            (secret.empty() ? "" : ", configuration: {format: json, file: app.json}") +
            "}\n    strategy: " + component.strategy + "\n    dependencies: " + joined(component.dependencies) +
            "\n    priority: " + std::to_string(component.priority) +
            "\n    parallel_safe: " + (component.parallel_safe ? "true" : "false") +
            (switched && component.start_in_swap ? "\n    start: swap" : "") + run_of(component) + hooks_of(component) +
            pauses_of(component) + "\n    timeout_seconds: 20\n    drain_seconds: 2\n    max_parallel: " +
            std::to_string(component.max_parallel) + "\n    ports: {stable: " + std::to_string(port) +
            (switched ? ", blue: " + std::to_string(port + 1) + ", green: " + std::to_string(port + 2) : "") + "}\n";
    port += 10;
  }
  text += "deployment_settings: {confirm_seconds: " + std::to_string(confirm_seconds) +
          ", watch_seconds: " + std::to_string(watch_seconds) +
          ", keep_old_seconds: " + std::to_string(keep_old_seconds) +
          ", max_parallel: " + std::to_string(max_parallel) + ", prepare_seconds: 90" +
          ", on_restart: " + (abort_on_restart ? "abort" : "continue") +
          (rollback_strategy == "manual" ? "" : ", rollback_on_failure: "s + (rollback_on_failure ? "true" : "false")) +
          ", rollback_strategy: " + rollback_strategy + ", parallel_deployment: " + (parallel ? "true" : "false") +
          (defer > 0 ? ", unreachable: {defer: " + std::to_string(defer) + "}" : "") + "}\n";
  return text;
}

model::Configuration FleetPlan::configuration() const {
  using model::ConfigurationPiece;
  model::Configuration all;
  if (secret.empty()) return all;
  all.environment = "test";
  for (const Component& component : components) {
    all.components[component.name].parts = {{"", {{ConfigurationPiece::Kind::text, "{\"password\": \""}}},
                                            {"password", {{ConfigurationPiece::Kind::secret, secret_name}}},
                                            {"", {{ConfigurationPiece::Kind::text, "\"}"}}}};
  }
  return all;
}

std::map<std::string, ReleaseId> FleetPlan::releases(const Artifacts& artifacts, int version) const {
  std::map<std::string, ReleaseId> all;
  for (const Component& component : components) all[component.name] = artifacts.release(component.name, version);
  return all;
}

ReferenceModel::Fleet FleetPlan::wanted(const Artifacts& artifacts, int version) const {
  ReferenceModel::Fleet fleet;
  for (const Component& component : components) {
    for (const std::string& host : component.hosts) {
      fleet[{host, component.name}] = artifacts.release(component.name, version).str();
    }
  }
  return fleet;
}

}  // namespace switchyard::simulation
