// What a seed decides: the plan, and the faults.
#include <algorithm>

#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

using protocol::Phase;
using protocol::Step;

/// Release ids are digests; here, of a word.
std::string release_named(const std::string& word) { return sha256_hex(word); }

protocol::SwitchTraffic traffic_to(const std::string& component, const std::string& release) {
  protocol::SwitchTraffic traffic;
  traffic.component = component;
  traffic.kind = protocol::SwitchKind::nftables;
  if (!release.empty()) traffic.targets.push_back({release, 0, 100, {}});
  return traffic;
}

/// The steps of one component on one host, as the planner makes them, in this world's terms.
class StepMaker {
 public:
  StepMaker(const DeploymentId& deployment, const HostId& host) : deployment_(deployment), host_(host) {}

  Step& add(std::vector<Step>& steps, Phase phase, std::string title, protocol::Action action) {
    Step step;
    step.id = protocol::make_step_id(deployment_, host_, index_++, 0);
    step.phase = phase;
    step.stage = phase == Phase::swap ? 1 : 0;
    step.title = std::move(title);
    step.action = std::move(action);
    step.timeout_ms = 20'000;
    return steps.emplace_back(std::move(step));
  }

 private:
  DeploymentId deployment_;
  HostId host_;
  std::uint32_t index_ = 0;
};

}  // namespace

void World::make_plan() {
  using protocol::UnitEnablement;
  using protocol::UnitState;
  plan_.deployment = DeploymentId("d-0000000000000001");
  plan_.name = "simulated";
  plan_.settings.confirm_ms = static_cast<std::uint32_t>(between(10'000, 40'000));
  plan_.settings.prepare_ms = 120'000;
  plan_.settings.watch_ms = chance(0.3) ? 0 : static_cast<std::uint32_t>(between(500, 8'000));
  plan_.settings.keep_old_ms = 600'000;
  plan_.settings.on_restart = chance(0.3) ? model::OnRestart::abort : model::OnRestart::continue_;
  plan_.settings.max_parallel = static_cast<std::uint32_t>(between(0, 2));
  const auto host_count = between(1, 4);
  const auto component_count = between(1, 3);
  std::vector<HostId> ids;
  for (std::int64_t i = 1; i <= host_count; ++i) ids.push_back(HostId("h" + std::to_string(i)));

  std::map<HostId, StepMaker> makers;
  for (const HostId& id : ids) {
    hosts_[id].id = id;
    plan_.slices[id].deployment = plan_.deployment;
    plan_.slices[id].host = id;
    plan_.slices[id].confirm_ms = plan_.settings.confirm_ms;
    plan_.slices[id].keep_old_ms = plan_.settings.keep_old_ms;
    makers.emplace(id, StepMaker(plan_.deployment, id));
  }
  for (std::int64_t c = 0; c < component_count; ++c) {
    const std::string name = "c" + std::to_string(c);
    const bool first_time = chance(0.2);
    model::PlanNode node;
    node.component = name;
    node.exclusive = chance(0.1);
    node.priority = static_cast<std::int32_t>(between(0, 2));
    for (std::size_t before = 0; before < plan_.nodes.size(); ++before) {
      if (chance(0.6)) node.after.push_back(before);
    }
    for (const HostId& id : ids) {
      if (id != ids.front() && chance(0.25)) continue;
      node.hosts.push_back(id);
      Host& host = hosts_.at(id);
      const std::string old_release = first_time ? "" : release_named("old" + std::to_string(c));
      const std::string new_release = release_named("new" + std::to_string(c));
      protocol::SliceComponent component;
      component.name = name;
      component.release = ReleaseId(new_release);
      component.slot = "green";
      component.unit = unit_of(name, new_release);
      if (!first_time)
        component.old = {protocol::OldKind::release, "blue", ReleaseId(old_release), unit_of(name, old_release)};
      StepMaker& make = makers.at(id);
      const auto unit = [&](const std::string& release, UnitState state, UnitEnablement enablement) {
        return protocol::EnsureUnit{unit_of(name, release), state, enablement};
      };
      Step& start = make.add(component.steps, Phase::prepare, "start",
                             unit(new_release, UnitState::started, UnitEnablement::unchanged));
      start.undo = unit(new_release, UnitState::stopped, UnitEnablement::unchanged);
      make.add(component.steps, Phase::prepare, "probe", protocol::Probe{});
      Step& traffic = make.add(component.steps, Phase::swap, "switch", traffic_to(name, new_release));
      traffic.undo = traffic_to(name, old_release);
      make.add(component.steps, Phase::swap, "probe", protocol::Probe{});
      make.add(component.steps, Phase::commit, "enable",
               unit(new_release, UnitState::unchanged, UnitEnablement::enabled));
      if (!first_time) {
        make.add(component.steps, Phase::commit, "disable",
                 unit(old_release, UnitState::unchanged, UnitEnablement::disabled));
        host.units.insert(unit_of(name, old_release));
        host.enabled.insert(unit_of(name, old_release));
      }
      host.serving[name] = old_release;
      old_serving_[id][name] = old_release;
      plan_.slices.at(id).components.push_back(std::move(component));
    }
    if (!node.hosts.empty()) plan_.nodes.push_back(std::move(node));
  }
  std::erase_if(plan_.slices, [](const auto& entry) { return entry.second.components.empty(); });
  std::erase_if(hosts_, [&](const auto& entry) { return !plan_.slices.contains(entry.first); });

  protocol::PlanHeader header;
  header.deployment = plan_.deployment;
  header.plan_seq = 1;
  header.environment = "test";
  header.name = plan_.name;
  for (const auto& [id, slice] : plan_.slices) header.slices.push_back({id, sha256(protocol::encode_slice(slice))});
  plan_.header = protocol::encode_header(header);
  plan_.hash = protocol::plan_hash(plan_.header);
  plan_.signature = sign(keys_, sha256(plan_.header));

  stored_row_.id = plan_.deployment;
  stored_row_.state = model::DeploymentState::approved;
}

void World::schedule_faults() {
  faults_end_ = between(20'000, 120'000);
  if (chance(0.5)) faults_.loss = 0.3 * std::uniform_real_distribution<>(0, 1)(random_);
  if (chance(0.4)) faults_.duplicate = 0.2;
  if (chance(0.4)) faults_.slow = 0.2;
  faults_.agent_crashes = chance(0.4);
  faults_.coordinator_crashes = chance(0.4);
  faults_.stale_coordinator = chance(0.3);
  const auto any_host = [this]() -> Host& {
    auto found = hosts_.begin();
    std::advance(found, between(0, static_cast<std::int64_t>(hosts_.size()) - 1));
    return found->second;
  };
  const auto some_time = [this] {
    return between(0, std::min<std::int64_t>(faults_end_, chance(0.7) ? 6'000 : 60'000));
  };
  if (chance(0.4)) {  // partitions, one way or both
    for (std::int64_t i = between(1, 3); i > 0; --i) {
      Host& host = any_host();
      const bool in = chance(0.7), out = !in || chance(0.7);
      at(some_time(), [this, &host, in, out] {
        host.partitioned_in = in;
        host.partitioned_out = out;
        // Pings go unanswered; after 15 s both ends give the session up.
        at(15'000, [this, &host] {
          if (host.partitioned_in || host.partitioned_out) lose_connection(host);
        });
        at(between(1'000, std::max<std::int64_t>(1'001, faults_end_ - now_)),
           [&host] { host.partitioned_in = host.partitioned_out = false; });
      });
    }
  }
  if (chance(0.3)) {
    for (std::int64_t i = between(1, 3); i > 0; --i) {
      Host& host = any_host();
      at(some_time(), [this, &host] { reboot(host); });
    }
  }
  if (chance(0.4)) {
    for (std::int64_t i = between(1, 4); i > 0; --i) {
      Host& host = any_host();
      at(some_time(), [this, &host] { crash(host, host.agent); });
    }
  }
  if (chance(0.4)) {
    for (std::int64_t i = between(1, 3); i > 0; --i) at(some_time(), [this] { crash_coordinator(); });
  }
  if (chance(0.3)) {  // a step that fails, and sometimes its undo for a while
    const auto slice = plan_.slices.find(any_host().id);
    const protocol::SliceComponent& component = slice->second.components.front();
    const auto index = static_cast<std::size_t>(between(0, 3));
    if (index < component.steps.size()) doomed_.insert(component.steps[index].id);
    if (chance(0.3)) doomed_undos_.insert(component.steps[2].id);
  }
  if (chance(0.2)) {
    Host& host = any_host();
    const std::string component = plan_.slices.at(host.id).components.front().name;
    at(some_time(), [this, &host, component] {
      agent_event(host, host.agent, agent::HealthChanged{plan_.deployment, component, false, "planted"});
    });
  }
  if (chance(0.1)) at(some_time(), [this] { coordinator_event(engine::CancelRequested{"planted"}); });
  at(faults_end_ + 1, [this] {
    for (auto& [id, host] : hosts_) host.partitioned_in = host.partitioned_out = false;
  });
}

}  // namespace switchyard::simulation
