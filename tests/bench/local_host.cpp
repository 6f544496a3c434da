#include "tests/bench/local_host.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "agent/executors/release_tree.hpp"
#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "agent/system/child_process.hpp"

namespace switchyard::bench {
namespace {

constexpr int command_ms_max = 30'000;
constexpr std::size_t command_output_bytes_max = 64 * 1024;
constexpr std::size_t release_digits = 64;
constexpr std::uint64_t free_bytes = 1ULL << 40;
/// Units have been up for as long as anybody could want.
constexpr std::int64_t unit_good_for_ms = 3'600'000;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The digits behind `releases/`.
std::string release_in(const std::string& text) {
  const std::size_t at = text.find("releases/");
  return at == std::string::npos ? "" : text.substr(at + 9, release_digits);
}

std::string unit_of(const std::string& component, const std::string& slot) {
  return component + "@" + slot + ".service";
}

agent::ProbeTry try_probe(const protocol::ProbeSpec& spec, const std::stop_token& stop) {
  if (const auto* http = std::get_if<protocol::HttpProbe>(&spec.kind)) {
    return agent::try_http(*http, spec.timeout_ms, stop);
  }
  agent::ProbeTry good;
  good.ok = true;
  good.good_for_ms = unit_good_for_ms;
  return good;
}

}  // namespace

LocalHost::LocalHost(std::filesystem::path root, const agent::HostPaths& paths, agent::BlobSource& blobs,
                     const Clock& clock)
    : root_(std::move(root)),
      paths_(paths),
      ensure_release_(paths, blobs),
      ensure_link_(paths),
      probe_(try_probe, clock, agent::real_pause(), [](const std::string&) { return std::vector<std::string>(); }),
      prune_(paths),
      executors_({ensure_release_, *this, *this, *this, *this, *this, *this, probe_, *this, prune_, *this, *this, *this,
                  *this, *this},
                 clock, mask_) {}

protocol::StepResult LocalHost::run(const protocol::Action& action, const agent::StepContext& context) {
  return std::visit([&](const auto& wanted) { return make(wanted, context); }, action);
}

protocol::StepResult LocalHost::make(const protocol::EnsureFile& wanted, const agent::StepContext&) {
  const std::lock_guard lock(mutex_);
  unit_releases_[name_of(wanted.path)] = wanted.absent ? "" : release_in(wanted.content);
  return agent::done(true, "");
}

protocol::StepResult LocalHost::make(const protocol::EnsureLink& wanted, const agent::StepContext& context) {
  protocol::EnsureLink here = wanted;
  here.path = root_ / std::filesystem::path(wanted.path).relative_path();
  return ensure_link_.run(here, context);
}

protocol::StepResult LocalHost::make(const protocol::EnsureUnit& wanted, const agent::StepContext&) {
  const std::lock_guard lock(mutex_);
  if (wanted.state == protocol::UnitState::stopped) running_.erase(wanted.unit);
  if (wanted.state == protocol::UnitState::started || wanted.state == protocol::UnitState::restarted) {
    if (unit_releases_[wanted.unit].empty()) return agent::failed("unit_not_found", wanted.unit);
    running_.insert(wanted.unit);
  }
  return agent::done(true, "");
}

protocol::StepResult LocalHost::make(const protocol::SwitchTraffic& wanted, const agent::StepContext&) {
  const std::lock_guard lock(mutex_);
  live_slot_.erase(wanted.component);
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (target.weight > 0) live_slot_[wanted.component] = target.slot;
  }
  return agent::done(true, "");
}

protocol::StepResult LocalHost::make(const protocol::VerifyOld& wanted, const agent::StepContext& context) {
  if (wanted.expected.kind != protocol::OldKind::release) return agent::done(false, "");
  const auto store = agent::ReleaseStore::find(paths_.components, wanted.component);
  const bool intact = store && store->verify(wanted.expected.release, context.stop).intact();
  return intact ? agent::done(false, "") : agent::failed("release_corrupt", wanted.expected.release.str());
}

/// By the spawner that the agent has for the host's own tools: systemd, which would start a command's transient unit,
/// is not there for a thousand hosts.
protocol::StepResult LocalHost::make(const protocol::Run& wanted, const agent::StepContext&) {
  const agent::ProcessOutcome outcome = agent::run_process(
      {.argv = wanted.argv, .input = {}, .timeout_ms = command_ms_max, .output_bytes_max = command_output_bytes_max});
  if (outcome.exit_status != 0) return agent::failed("exit_status", std::to_string(outcome.exit_status));
  return agent::done(true, "");
}

protocol::StepResult LocalHost::make(const protocol::Hook& wanted, const agent::StepContext& context) {
  return wanted.command.argv.empty() ? agent::done(false, "") : make(wanted.command, context);
}

protocol::InventoryReply LocalHost::answer(const protocol::Inventory& inventory) {
  protocol::InventoryReply reply;
  reply.request = inventory.request;
  for (const protocol::InventoryQuestion& question : inventory.questions) reply.components.push_back(fact(question));
  reply.free_bytes = free_bytes;
  return reply;
}

protocol::ComponentFact LocalHost::fact(const protocol::InventoryQuestion& question) {
  protocol::ComponentFact fact;
  fact.component = question.component;
  {
    const std::lock_guard lock(mutex_);
    const std::string slot = serving_slot(question);
    if (slot.empty()) return fact;
    const std::string unit = unit_of(question.component, slot);
    fact.serving = {protocol::OldKind::release, slot, ReleaseId(unit_releases_[unit]), unit};
    fact.unit_state = running_.contains(unit) ? "active" : "inactive";
  }
  const auto store = agent::ReleaseStore::find(paths_.components, question.component);
  if (!store) return fact;
  for (const ReleaseId& release : store->releases()) {
    const bool serves = release == fact.serving.release;
    fact.releases.push_back({release, serves ? store->seems_intact(release) : store->is_complete(release)});
  }
  return fact;
}

std::string LocalHost::serving_slot(const protocol::InventoryQuestion& question) {
  if (question.traffic.kind != protocol::SwitchKind::none) {
    const auto live = live_slot_.find(question.component);
    return live == live_slot_.end() ? "" : live->second;
  }
  for (const char* slot : {"blue", "green", "main"}) {
    if (running_.contains(unit_of(question.component, slot))) return slot;
  }
  return "";
}

}  // namespace switchyard::bench
