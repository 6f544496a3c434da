#include "tests/unit/coordinator_fleet/fleet_world.hpp"

#include <stdlib.h>

#include <algorithm>

#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/check_order.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::fleet {
namespace {

using protocol::AgentState;

/// A CURVE key in looks: 40 characters of Z85.
std::string fake_key(const std::string& of) { return sha256_hex(of).substr(0, 40); }

constexpr std::uint64_t bulk_connection = 1;

protocol::CoordinatorKeys next_keys() { return {fake_key("next server"), std::string(32, 'n')}; }

}  // namespace

const Caller FleetWorld::caller{"local:root", "test", access::administrator("local:root")};

Process::Process(std::shared_ptr<store::MemoryDisk> disk, FakeBus& bus, testing::FakeClock& clock,
                 const SigningKeyPair& plan_key, FakeKeyFiles& key_files,
                 const std::filesystem::path& artifact_directory, const access::EnvironmentRules& environments)
    : timers(clock),
      store(std::move(disk)),
      fleet({.store = store,
             .bus = bus,
             .timers = timers,
             .clock = clock,
             .mask = mask,
             .artifacts = artifact_directory,
             .plan_key = plan_key,
             .vault_key = std::string(32, 'v'),
             .terms = {.endpoints = {{"coordinator.example", 7400, 7401}},
                       .server_public_key = fake_key("server"),
                       .plan_public_key = plan_key.public_key,
                       .public_key_of = fake_key},
             .publish = [this](const std::map<std::string, HostId>& keys) { allowed = keys; },
             .keep_releases = limits::keep_releases_default,
             .environments = environments,
             .next_keys = key_files.next,
             .key_hands = {[&key_files](const auto& before) {
                             before(next_keys());
                             return *(key_files.next = next_keys());
                           },
                           [&key_files] {
                             if (key_files.fail_take-- > 0) throw SysError(ENOSPC, "putting a key in its place");
                             ++key_files.taken;
                             key_files.next.reset();
                           },
                           [&key_files] { ++key_files.begun_anew; }}}) {
  fleet.begin("test");
}

FleetWorld::FleetWorld(access::EnvironmentRules environments) : environments_(std::move(environments)) {
  log::set_up("fleet-test", log::Level::error);
  char name[] = "/tmp/switchyard-fleet-XXXXXX";
  directory_ = ::mkdtemp(name);
  process_ = std::make_unique<Process>(disk_, bus, clock, plan_key, key_files, directory_, environments_);
}
FleetWorld::~FleetWorld() { std::filesystem::remove_all(directory_); }

void FleetWorld::restart() {
  bus.sent.clear();
  flights_.clear();
  process_.reset();
  process_ = std::make_unique<Process>(disk_, bus, clock, plan_key, key_files, directory_, environments_);
}

ReleaseId FleetWorld::upload(const std::string& component, const std::string& text) {
  protocol::ArtifactManifest manifest;
  manifest.bytes = text.size();
  manifest.unpacked_bytes = text.size();
  manifest.entries = 1;
  manifest.chunk_bytes = 4;
  for (std::size_t i = 0; i < text.size(); i += 4) manifest.chunks.push_back(sha256(text.substr(i, 4)));
  const std::string encoded = protocol::encode_artifact(manifest);
  const ReleaseId release = protocol::release_id(encoded);
  for (const std::uint32_t index : expect_value(operations().begin_artifact(caller, release, encoded))) {
    expect_value(operations().put_chunk(caller, release, index, text.substr(index * 4, 4)));
  }
  expect_value(operations().complete_artifact(caller, release, component, "version of " + text));
  return release;
}

// --- agents
// ------------------------------------------------------------------------------------------------------------

FakeAgent& FleetWorld::add_agent(const std::string& host) {
  const TokenMade token = expect_value(operations().create_token(caller, host));
  deliver(protocol::enrolment_peer(token.id), protocol::Channel::control, std::string(16, 'e'),
          protocol::Enrol{host, fake_key("agent " + host), "0.1.0"});
  FakeAgent& agent = agents_[HostId(host)];
  agent.host = HostId(host);
  connect(agent);
  run(2 * latency_ms);
  return agent;
}

void FleetWorld::connect(FakeAgent& agent) {
  agent.session = sha256(agent.host.str() + std::to_string(++agent.connection)).substr(0, 16);
  agent.online = true;
  bus.cut.erase(agent.host);
  protocol::Hello hello;
  hello.features = agent.features;
  hello.agent_version = "0.1.0";
  hello.boot_id = "boot";
  hello.audit_head = agent.audit_head;
  hello.forgotten_plan_seq = agent.forgotten_plan_seq;
  for (const auto& [id, report] : agent.open) hello.open.push_back(report);
  reply(agent, hello);
}

void FleetWorld::disconnect(FakeAgent& agent) {
  agent.online = false;
  bus.cut.insert(agent.host);
  std::erase_if(bus.sent, [&](const FakeBus::Sent& sent) { return sent.peer == agent.host; });
  std::erase_if(flights_, [&](const auto& flight) { return flight.second.host == agent.host; });
}

void FleetWorld::lose(FakeAgent& agent) {
  disconnect(agent);
  run_until([&] { return !now().registry.connected(agent.host); });
}

void FleetWorld::say(FakeAgent& agent, protocol::Message message) {
  if (!agent.online) return;
  deliver(agent.host, protocol::Channel::control, agent.session, std::move(message), agent.connection);
}

void FleetWorld::deliver(const HostId& peer, protocol::Channel channel, const std::string& session,
                         protocol::Message message, std::uint64_t connection) {
  protocol::Envelope envelope;
  envelope.epoch = store().epoch();
  envelope.session = session;
  envelope.seq = 1;
  envelope.message = std::move(message);
  now().intake.frame_arrived(peer, channel, channel == protocol::Channel::bulk ? bulk_connection : connection,
                             protocol::encode(envelope));
}

std::vector<protocol::Message> FleetWorld::take_others() { return std::exchange(others_, {}); }

void FleetWorld::take_off() {
  for (FakeBus::Sent& sent : bus.sent) {
    flights_.emplace(clock.boot_ms() + latency_ms, Flight{sent.peer, sent.channel, true, std::move(sent.envelope)});
  }
  bus.sent.clear();
}

void FleetWorld::reply(FakeAgent& agent, protocol::Message message) {
  Flight flight{agent.host, protocol::Channel::control, false, {}};
  flight.envelope.session = agent.session;
  flight.envelope.seq = agent.connection;
  flight.envelope.message = std::move(message);
  flights_.emplace(clock.boot_ms() + latency_ms, std::move(flight));
}

void FleetWorld::land(const Flight& flight) {
  const auto found = agents_.find(flight.host);
  const bool stray = found == agents_.end() || flight.channel == protocol::Channel::bulk;
  if (stray) {
    others_.push_back(flight.envelope.message);
  } else if (!flight.to_agent) {
    deliver(flight.host, flight.channel, flight.envelope.session, flight.envelope.message, flight.envelope.seq);
  } else if (found->second.online && flight.envelope.session == found->second.session) {
    answer(found->second, flight.envelope.message);
  }
}

void FleetWorld::run(std::int64_t ms) {
  const std::int64_t end = clock.boot_ms() + ms;
  for (;;) {
    take_off();
    const bool flying = !flights_.empty() && flights_.begin()->first <= end;
    const std::int64_t until = flying ? flights_.begin()->first : end;
    // As in the loop: all that has arrived is taken in before what was put off until then.
    const bool landing = flying && until <= clock.boot_ms();
    if (!landing && process_->timers.fire_next(until - clock.boot_ms())) continue;
    if (!flying) break;
    if (clock.boot_ms() < until) clock.advance(until - clock.boot_ms());
    const auto flight = flights_.extract(flights_.begin());
    land(flight.mapped());
  }
  if (clock.boot_ms() < end) clock.advance(end - clock.boot_ms());
}

void FleetWorld::answer(FakeAgent& agent, const protocol::Message& message) {
  agent.heard.push_back(message);
  if (agent.deaf) return;
  if (const auto* question = std::get_if<protocol::Inventory>(&message)) {
    protocol::InventoryReply inventory;
    inventory.request = question->request;
    for (const protocol::InventoryQuestion& asked : question->questions) {
      protocol::ComponentFact fact;
      fact.component = asked.component;
      if (const auto found = agent.serving.find(asked.component); found != agent.serving.end()) {
        fact.serving = found->second;
        const auto state = agent.unit_states.find(asked.component);
        fact.unit_state = state == agent.unit_states.end() ? "active" : state->second;
        if (found->second.kind == protocol::OldKind::release) {
          fact.releases.push_back({found->second.release, true});
          fact.enablement = "enabled";
          const auto configured = agent.configurations.find(asked.component);
          if (configured != agent.configurations.end()) fact.configuration = configured->second;
        }
      }
      for (const ReleaseId& release : agent.releases) fact.releases.push_back({release, true});
      inventory.components.push_back(std::move(fact));
    }
    reply(agent, inventory);
  } else if (const auto* run = std::get_if<protocol::RunChecks>(&message)) {
    if (protocol::refuse_order(*run, agent.host, plan_key.public_key)) return;
    const protocol::CheckOrder order = protocol::decode_order(run->order);
    protocol::ChecksRun answered{order.request, {}, {}};
    for (const protocol::ProbeSpec& check : order.checks) {
      const auto found = agent.checks.find(check.name);
      const auto state = found == agent.checks.end() ? protocol::CheckState::passed : found->second;
      const std::uint32_t again = state == protocol::CheckState::passed ? 0 : check.retry_attempts.value_or(0);
      answered.results.push_back({check.name, state, 7, "seen " + check.name + agent.says, {}, 1 + again});
      if (!agent.says.empty()) answered.results.back().details["output"] = agent.says;
    }
    reply(agent, answered);
  } else if (const auto* save = std::get_if<protocol::SaveFiles>(&message)) {
    obey(agent, *save);
  } else if (const auto* plan = std::get_if<protocol::Plan>(&message)) {
    obey(agent, *plan);
  } else if (const auto* prepare = std::get_if<protocol::Prepare>(&message)) {
    if (agent.fail_prepare) return fail(agent, *prepare);
    progress(agent, prepare->deployment, prepare->component).staged = true;
    agent.open[prepare->deployment].state = AgentState::staged;
    reply(agent, protocol::Staged{prepare->deployment, prepare->component, 1 << 30});
  } else if (const auto* swap = std::get_if<protocol::Swap>(&message)) {
    obey(agent, *swap);
  } else if (const auto* hold = std::get_if<protocol::Hold>(&message)) {
    agent.open[hold->deployment].state = AgentState::held;
    reply(agent, protocol::Held{hold->deployment});
  } else if (const auto* commit = std::get_if<protocol::Commit>(&message)) {
    agent.open[commit->deployment].state = AgentState::committed;
    reply(agent, protocol::Committed{commit->deployment});
  } else if (const auto* abort = std::get_if<protocol::Abort>(&message)) {
    obey(agent, *abort);
  } else if (const auto* query = std::get_if<protocol::Query>(&message)) {
    protocol::DeploymentReport report = agent.open[query->deployment];
    report.deployment = query->deployment;
    reply(agent, protocol::Report{report});
  } else if (const auto* extend = std::get_if<protocol::Extend>(&message)) {
    reply(agent, protocol::Extended{extend->deployment, 30'000});
  } else if (const auto* ping = std::get_if<protocol::Ping>(&message)) {
    agent.audit_head = ping->audit_head;
    reply(agent, protocol::Pong{ping->sent_ms, agent.audit_head});
  }
}

void FleetWorld::obey(FakeAgent& agent, const protocol::SaveFiles& save) {
  if (const auto why = protocol::refuse_order(save, agent.host, plan_key.public_key)) throw Error(*why);
  const protocol::SaveOrder order = protocol::decode_save_order(save.order);
  protocol::FilesSaved saved{order.request, {}, {}};
  for (const protocol::FileSave& one : order.saves) {
    std::erase_if(agent.copies, [&](const std::string& copy) {
      const bool wanted = std::any_of(one.keep.begin(), one.keep.end(),
                                      [&](const std::string& name) { return copy == one.component + " " + name; });
      return copy.starts_with(one.component + " ") && !wanted;
    });
    protocol::FileSaveResult result;
    result.component = one.component;
    result.done = one.name.empty() || agent.cannot_save.empty();
    result.present = static_cast<std::uint32_t>(one.files.size());
    if (!result.done) {
      result.code = "disk_full";
      result.detail = agent.cannot_save;
    } else if (!one.name.empty()) {
      agent.copies.insert(one.component + " " + one.name);
    }
    for (const protocol::SchemaDemand& demand : one.schemas) {
      protocol::SchemaFact fact = agent.schema;
      fact.name = demand.name;
      if (!one.name.empty() && fact.why_not.empty()) fact.file = "/copies/" + one.name + "/" + demand.name;
      if (!one.name.empty() && !fact.why_not.empty()) {
        result.done = false;
        result.code = "schema_unread";
        result.detail = fact.why_not;
      }
      result.schemas.push_back(std::move(fact));
    }
    saved.results.push_back(std::move(result));
  }
  reply(agent, saved);
}

void FleetWorld::obey(FakeAgent& agent, const protocol::Plan& plan) {
  if (const auto why = protocol::refuse_plan(plan.plan, agent.host, plan_key.public_key)) throw Error(*why);
  const protocol::PlanSlice slice = protocol::decode_slice(plan.plan.slice);
  protocol::DeploymentReport& report = agent.open[slice.deployment];
  report.deployment = slice.deployment;
  if (report.state == AgentState::idle) report.state = AgentState::accepted;
  agent.plans[slice.deployment] = slice;
  reply(agent, protocol::PlanAck{slice.deployment, protocol::plan_hash(plan.plan.header)});
}

void FleetWorld::fail(FakeAgent& agent, const protocol::Prepare& prepare) {
  const protocol::SliceComponent* component = part(agent, prepare.deployment, prepare.component);
  if (!agent.says.empty() && component != nullptr) {
    protocol::StepEvent event{prepare.deployment, component->steps.front().id, component->name, {}, false};
    event.result.state = protocol::StepState::failed;
    event.result.code = "disk_full";
    event.result.detail = "its last lines: " + agent.says;
    event.result.evidence["warning"] = agent.says;
    reply(agent, event);
  }
  reply(agent, protocol::Failed{prepare.deployment, {}, prepare.component, "disk_full", "no space left" + agent.says});
}

void FleetWorld::obey(FakeAgent& agent, const protocol::Swap& swap) {
  const protocol::SliceComponent* component = part(agent, swap.deployment, swap.component);
  if (component == nullptr) throw Error("a swap of what is not in the plan");
  progress(agent, swap.deployment, swap.component).stage = swap.stage;
  agent.open[swap.deployment].state = AgentState::swapped;
  agent.serving[swap.component] = {component->release.empty() ? protocol::OldKind::absent : protocol::OldKind::release,
                                   component->slot, component->release, component->unit};
  if (!component->release.empty()) agent.releases.insert(component->release);
  reply(agent, protocol::Swapped{swap.deployment, swap.component, swap.stage, 30'000});
  connect(agent);  // HOLD must come on a connection younger than the swap
}

void FleetWorld::obey(FakeAgent& agent, const protocol::Abort& abort) {
  protocol::DeploymentReport& report = agent.open[abort.deployment];
  report.deployment = abort.deployment;
  if (abort.all) {
    const protocol::PlanSlice slice = agent.plans[abort.deployment];
    for (auto component = slice.components.rbegin(); component != slice.components.rend(); ++component) {
      go_back(agent, abort.deployment, component->name);
    }
    report.state = AgentState::reverted;
    reply(agent, protocol::Reverted{abort.deployment, {}, true, abort.reason});
  } else if (!abort.component.empty()) {
    report.state = AgentState::reverting;
    go_back(agent, abort.deployment, abort.component);
    reply(agent, protocol::Reverted{abort.deployment, abort.component, false, abort.reason});
  }
}

void FleetWorld::go_back(FakeAgent& agent, const DeploymentId& id, const std::string& component) {
  protocol::ComponentReport& report = progress(agent, id, component);
  if (report.stage > 0) agent.serving[component] = part(agent, id, component)->old;
  report.stage = 0;
  report.staged = false;
}

const protocol::SliceComponent* FleetWorld::part(FakeAgent& agent, const DeploymentId& id,
                                                 const std::string& component) {
  for (const protocol::SliceComponent& candidate : agent.plans[id].components) {
    if (candidate.name == component) return &candidate;
  }
  return nullptr;
}

protocol::ComponentReport& FleetWorld::progress(FakeAgent& agent, const DeploymentId& id,
                                                const std::string& component) {
  std::vector<protocol::ComponentReport>& reports = agent.open[id].components;
  for (protocol::ComponentReport& report : reports) {
    if (report.component == component) return report;
  }
  reports.push_back({component, false, 0, {}, {}});
  return reports.back();
}

// --- deployments
// -------------------------------------------------------------------------------------------------------

DeployRequest FleetWorld::request(const std::string& manifest, std::map<std::string, ReleaseId> artifacts) const {
  DeployRequest request;
  request.manifest = manifest;
  request.file_name = "deploy.yaml";
  request.artifacts = std::move(artifacts);
  return request;
}

Answer<DeploymentView> FleetWorld::start(const DeployRequest& wanted, std::int64_t ms, const Caller& by) {
  std::optional<Answer<DeploymentView>> answer;
  operations().start(by, wanted, [&](Answer<DeploymentView> given) { answer = std::move(given); });
  for (int i = 0; i < 2'000 && !answer; ++i) run(latency_ms / 2);
  if (!answer) throw Error("a start was never answered");
  run(ms);
  return *answer;
}

std::vector<ServingView> FleetWorld::serving() {
  std::optional<Answer<std::vector<ServingView>>> given;
  operations().serving(caller, [&](Answer<std::vector<ServingView>> answer) { given = std::move(answer); });
  run_until([&] { return given.has_value(); });
  return expect_value(*given);
}

Answer<DeploymentView> FleetWorld::roll_back(const DeploymentId& id, std::int64_t ms) {
  std::optional<Answer<DeploymentView>> answer;
  RollbackRequest wanted;
  wanted.deployment = id;
  wanted.to_nothing = true;
  wanted.reason = "test";
  operations().start_rollback(caller, wanted, [&](Answer<DeploymentView> given) { answer = std::move(given); });
  for (int i = 0; i < 2'000 && !answer; ++i) run(latency_ms / 2);
  if (!answer) throw Error("a rollback was never answered");
  run(ms);
  return *answer;
}

std::string api_manifest(const std::string& hosts, const std::string& settings) {
  return "metadata: {name: shop, environment: production, version: \"1.0\"}\n"
         "components:\n"
         "  - name: api\n"
         "    hosts: [" +
         hosts +
         "]\n"
         "    artifact: {directory: api}\n"
         "    service: {command: [bin/api]}\n"
         "    ports: {stable: 8080, blue: 5002, green: 5003}\n"
         "    traffic: {kind: nftables}\n"
         "deployment_settings: " +
         settings + "\n";
}

}  // namespace switchyard::fleet
