#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "coordinator/fleet/fleet.hpp"
#include "coordinator/store/memory_store.hpp"
#include "protocol/version.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_timers.hpp"

/// A coordinator's fleet without network, disk (but for artifacts) and real time: the real Fleet over a MemoryStore,
/// and agents that follow the protocol.
namespace switchyard::fleet {

/// How long a frame is on its way, in either direction.
inline constexpr std::int64_t latency_ms = 20;

/// Frames wait here until the world takes them on their way.
class FakeBus final : public protocol::AgentBus {
 public:
  struct Sent {
    HostId peer;
    protocol::Channel channel;
    protocol::Envelope envelope;
  };
  bool send(const HostId& host, protocol::Channel channel, std::string frame) override {
    if (cut.contains(host)) return false;
    if (on_send) on_send(host);
    sent.push_back({host, channel, protocol::decode(frame)});
    return true;
  }
  std::deque<Sent> sent;
  std::set<HostId> cut;  ///< hosts that nothing reaches
  std::function<void(const HostId&)> on_send;
};

/// What a coordinator's key files hold of its next keys, and what became of them.
struct FakeKeyFiles {
  std::optional<protocol::CoordinatorKeys> next;
  int fail_take = 0;  ///< so many times they cannot be put in place
  int taken = 0;
  int begun_anew = 0;
};

/// One coordinator process's worth. A new one over the same disk is a restart.
struct Process {
  Process(std::shared_ptr<store::MemoryDisk> disk, FakeBus& bus, testing::FakeClock& clock,
          const SigningKeyPair& plan_key, FakeKeyFiles& key_files, const std::filesystem::path& artifact_directory,
          const access::EnvironmentRules& environments);

  testing::FakeTimers timers;
  store::MemoryStore store;
  std::map<std::string, HostId> allowed;  ///< as the transport has it
  SecretMask mask;
  Fleet fleet;
};

/// An agent that does what it is told, at once, unless the test says otherwise.
struct FakeAgent {
  HostId host;
  std::string session;
  std::string audit_head;  ///< the newest it was told
  std::uint64_t connection = 0;
  std::uint64_t forgotten_plan_seq = 0;
  std::vector<std::string> features = protocol::own_features();
  bool online = false;
  bool fail_prepare = false;
  bool deaf = false;  ///< receives, and does not answer
  std::string says;   ///< what its steps and checks print
  std::map<std::string, protocol::OldState> serving;
  std::set<ReleaseId> releases;                        ///< that lie there, beside what serves
  std::map<std::string, protocol::CheckState> checks;  ///< what it finds; all others pass
  std::map<std::string, std::string> configurations;   ///< by component: the digest that its unit file names
  std::map<std::string, std::string> unit_states;      ///< by component: of what is not active
  std::set<std::string> copies;                        ///< kept for snapshots: "api s-0123"
  std::string cannot_save;                             ///< why not
  protocol::SchemaFact schema;                         ///< what every database has that it is asked for
  std::map<DeploymentId, protocol::DeploymentReport> open;
  std::map<DeploymentId, protocol::PlanSlice> plans;
  std::vector<protocol::Message> heard;

  template <class M>
  std::size_t count() const {
    std::size_t found = 0;
    for (const protocol::Message& message : heard) found += std::holds_alternative<M>(message) ? 1 : 0;
    return found;
  }
};

class FleetWorld {
 public:
  explicit FleetWorld(access::EnvironmentRules environments = {});
  ~FleetWorld();

  // --- the coordinator ---
  Fleet& now() { return process_->fleet; }
  Operations& operations() { return now().operations; }
  store::MemoryStore& store() { return process_->store; }
  const SecretMask& mask() { return process_->mask; }
  const std::map<std::string, HostId>& allowed() { return process_->allowed; }
  void restart();
  /// As if coordinator.yaml was changed before.
  void restart_with(access::EnvironmentRules environments) {
    environments_ = std::move(environments);
    restart();
  }
  /// Uploads a small artifact that holds `text`.
  ReleaseId upload(const std::string& component, const std::string& text);
  const std::filesystem::path& artifact_directory() const { return directory_; }
  /// As if somebody had removed its files.
  void forget_artifact(const ReleaseId& release) { std::filesystem::remove_all(directory_ / release.str()); }

  // --- agents ---
  /// Enrolled, and connected.
  FakeAgent& add_agent(const std::string& host);
  FakeAgent& agent(const std::string& host) { return agents_.at(HostId(host)); }
  void connect(FakeAgent& agent);
  void disconnect(FakeAgent& agent);
  /// The same, and until the coordinator has noticed.
  void lose(FakeAgent& agent);
  /// As from the agent; it arrives at once.
  void say(FakeAgent& agent, protocol::Message message);
  void deliver(const HostId& peer, protocol::Channel channel, const std::string& session, protocol::Message message,
               std::uint64_t connection = 1);
  /// What was sent to a peer that is no agent of the world (enrolment), or on the bulk channel.
  std::vector<protocol::Message> take_others();

  // --- time ---
  /// Lets messages and timers go on for `ms`.
  void run(std::int64_t ms);
  /// In small steps until `reached`, for a minute at most.
  template <class Reached>
  void run_until(Reached reached) {
    for (int step = 0; step < 6'000 && !reached(); ++step) run(latency_ms / 2);
    if (!reached()) throw Error("a state that the test waits for never came");
  }

  // --- deployments ---
  static const Caller caller;  ///< root on the coordinator's machine: an administrator
  DeployRequest request(const std::string& manifest, std::map<std::string, ReleaseId> artifacts) const;
  /// Until the start is answered, and `ms` more.
  Answer<DeploymentView> start(const DeployRequest& request, std::int64_t ms = 60'000, const Caller& by = caller);
  /// Also to nothing.
  /// What serves, once the hosts that are connected were asked.
  std::vector<ServingView> serving();
  Answer<DeploymentView> roll_back(const DeploymentId& id, std::int64_t ms = 60'000);
  model::DeploymentRow row(const DeploymentId& id) { return store().deployment(id).value(); }

  testing::FakeClock clock;
  FakeBus bus;
  SigningKeyPair plan_key = generate_signing_key();
  FakeKeyFiles key_files;

 private:
  /// A frame on its way, to an agent or from one.
  struct Flight {
    HostId host;
    protocol::Channel channel = protocol::Channel::control;
    bool to_agent = true;
    protocol::Envelope envelope;
  };
  void take_off();
  void land(const Flight& flight);
  /// The agent's answer takes its time too.
  void reply(FakeAgent& agent, protocol::Message message);
  void answer(FakeAgent& agent, const protocol::Message& message);
  void obey(FakeAgent& agent, const protocol::SaveFiles& save);
  void obey(FakeAgent& agent, const protocol::Plan& plan);
  void fail(FakeAgent& agent, const protocol::Prepare& prepare);
  void obey(FakeAgent& agent, const protocol::Swap& swap);
  void obey(FakeAgent& agent, const protocol::Abort& abort);
  void go_back(FakeAgent& agent, const DeploymentId& id, const std::string& component);
  const protocol::SliceComponent* part(FakeAgent& agent, const DeploymentId& id, const std::string& component);
  protocol::ComponentReport& progress(FakeAgent& agent, const DeploymentId& id, const std::string& component);

  access::EnvironmentRules environments_;
  std::filesystem::path directory_;
  std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
  std::unique_ptr<Process> process_;
  std::map<HostId, FakeAgent> agents_;
  std::multimap<std::int64_t, Flight> flights_;  ///< by the time of arrival; equal times in the order of sending
  std::vector<protocol::Message> others_;
};

/// One component `api` on these hosts, blue-green behind nftables.
std::string api_manifest(const std::string& hosts, const std::string& settings = "{}");

template <class T>
T expect_value(const Answer<T>& answer) {
  if (const auto* refusal = std::get_if<Refusal>(&answer))
    throw Error("refused: " + refusal->code + ": " + refusal->message);
  return std::get<T>(answer);
}
template <class T>
Refusal expect_refusal(const Answer<T>& answer) {
  const auto* refusal = std::get_if<Refusal>(&answer);
  if (refusal == nullptr) throw Error("not refused");
  return *refusal;
}

}  // namespace switchyard::fleet
