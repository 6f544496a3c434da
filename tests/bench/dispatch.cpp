// A fan-out over the product's own bus: the coordinator's listener, registry and codec on one side, N agents (session,
// core, journal, CURVE sockets) on the other, in one process, so that the processor's time is that of all sides.
//
//   bench_dispatch N DIRECTORY         journals of the agents go there
//
// It prints "ready" when all are connected, and then answers every line on its standard input with one line:
//
//   ping ROUNDS      PING to all, PONG from all: milliseconds (median of the rounds), processor milliseconds of a round
//   exec             one step that runs /bin/true on all, from PREPARE to STAGED: the same two

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/crypto.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/zmq_router.hpp"
#include "tests/bench/local_fleet.hpp"

namespace switchyard::bench {
namespace {

constexpr int execs_max = 60;  ///< components of the one plan, each with one step
constexpr int warm_rounds = 2;
constexpr std::int64_t far_future_ms = 4'102'444'800'000;
const DeploymentId deployment("d-0000000000000001");

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_ms() {
  double sum = 0;
  for (const int whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(whose, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(part.tv_sec) * 1e3 + static_cast<double>(part.tv_usec) / 1e3;
    }
  }
  return sum;
}

std::string component_name(int number) { return "c" + std::to_string(number); }

/// One step for every measurement: a step is done once.
protocol::SignedPlan plan_for(const HostId& host, const SigningKeyPair& key) {
  protocol::PlanSlice slice;
  slice.deployment = deployment;
  slice.host = host;
  for (int i = 0; i < execs_max; ++i) {
    protocol::SliceComponent component;
    component.name = component_name(i);
    component.release = ReleaseId(std::string(64, 'a'));
    component.slot = "main";
    component.unit = component.name + "@main.service";
    protocol::Step step;
    step.id = protocol::make_step_id(deployment, host, static_cast<std::uint32_t>(i), 1);
    step.title = "true";
    step.action = protocol::Run{{"/bin/true"}, {}, {}, {}};
    component.steps.push_back(std::move(step));
    slice.components.push_back(std::move(component));
  }
  protocol::SignedPlan plan;
  plan.slice = protocol::encode_slice(slice);
  protocol::PlanHeader header;
  header.deployment = deployment;
  header.plan_seq = 1;
  header.environment = header.name = "bench";
  header.not_after_wall_ms = far_future_ms;
  header.slices = {{host, sha256(plan.slice)}};
  plan.header = protocol::encode_header(header);
  plan.signature = protocol::sign_plan(plan.header, key);
  return plan;
}

struct Took {
  double wall_ms = 0;
  double cpu_ms = 0;
};

/// The coordinator's end, on a loop of its own. One fan-out at a time; its answers are counted on the loop.
class Coordinator {
 public:
  Coordinator()
      : router_({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", keys_}, loop_,
                [this](const protocol::ZmqRouter::Arrival& arrival) { hear(arrival); }),
        registry_(router_, clock_) {
    registry_.speak_for(1, "");
    thread_ = std::jthread([this] { loop_.run(); });
  }
  ~Coordinator() {
    loop_.stop();
    thread_.join();
  }
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  const std::string& public_key() const { return keys_.public_key; }
  protocol::Endpoint endpoint() const {
    const auto port = [](const std::string& address) {
      return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    };
    return {"127.0.0.1", port(router_.control_address()), port(router_.bulk_address())};
  }

  void allow(const std::vector<LocalAgentSettings>& agents) {
    std::promise<void> known;
    loop_.post([&] {
      for (const LocalAgentSettings& each : agents) {
        static_cast<void>(router_.allow(each.identity.host, each.keys.public_key));
      }
      known.set_value();
    });
    known.get_future().wait();
  }

  /// What `begin` asks of everybody, until that many answers of this kind have come.
  Took fan_out(protocol::MessageType answer, std::size_t answers, const std::function<void()>& begin) {
    std::promise<Took> done;
    loop_.post([&] {
      done_ = &done;
      wanted_ = answer;
      missing_ = answers;
      began_ = {now_ms(), bench::cpu_ms()};
      begin();
    });
    return done.get_future().get();
  }
  Took ping(std::size_t peers) {
    return fan_out(protocol::MessageType::pong, peers, [this] { registry_.tick(""); });
  }
  void tell(const HostId& host, protocol::Message message) {
    if (registry_.send(host, std::move(message))) return;
    std::fprintf(stderr, "bench_dispatch: %s is not connected\n", host.str().c_str());
    std::exit(EXIT_FAILURE);
  }

 private:
  /// As the coordinator's intake: who may say what is asked of every frame.
  void hear(const protocol::ZmqRouter::Arrival& arrival) {
    const protocol::Envelope envelope = protocol::decode(arrival.frame);
    const protocol::MessageType type = protocol::type_of(envelope.message);
    if (protocol::enrolling_token(arrival.peer) ||
        !protocol::may_say(protocol::Speaker::agent, arrival.channel, type)) {
      return;
    }
    if (type == protocol::MessageType::hello) {
      registry_.hello(arrival.peer, arrival.connection, envelope);
    } else if (registry_.heard(arrival.peer, envelope)) {
      take(arrival.peer, envelope);
    }
    if (type != wanted_ || done_ == nullptr || --missing_ > 0) return;
    std::exchange(done_, nullptr)->set_value({now_ms() - began_.wall_ms, bench::cpu_ms() - began_.cpu_ms});
  }

  void take(const HostId& host, const protocol::Envelope& envelope) {
    if (const auto* ping = std::get_if<protocol::Ping>(&envelope.message)) {
      registry_.send(host, protocol::Pong{ping->sent_ms, {}}, envelope.seq);
    } else if (const auto* event = std::get_if<protocol::StepEvent>(&envelope.message)) {
      registry_.send(host, protocol::StepEventAck{event->deployment, event->step, event->result.state, event->undo},
                     envelope.seq);
    } else if (const auto* failed = std::get_if<protocol::Failed>(&envelope.message)) {
      std::fprintf(stderr, "bench_dispatch: %s: %s: %s\n", host.str().c_str(), failed->code.c_str(),
                   failed->detail.c_str());
      std::exit(EXIT_FAILURE);
    }
  }

  SystemClock clock_;
  EventLoop loop_;
  protocol::CurveKeyPair keys_ = protocol::generate_curve_keys();
  protocol::ZmqRouter router_;
  fleet::AgentRegistry registry_;
  std::promise<Took>* done_ = nullptr;
  protocol::MessageType wanted_ = protocol::MessageType::hello;
  std::size_t missing_ = 0;
  Took began_;
  std::jthread thread_;
};

void print(const Took& took) { std::printf("%.4f %.4f\n", took.wall_ms, took.cpu_ms); }

void ping(Coordinator& coordinator, std::size_t peers, int rounds) {
  std::vector<double> walls;
  double cpu = 0;
  for (int round = -warm_rounds; round < rounds; ++round) {
    const Took took = coordinator.ping(peers);
    if (round < 0) continue;
    walls.push_back(took.wall_ms);
    cpu += took.cpu_ms;
  }
  std::nth_element(walls.begin(), walls.begin() + rounds / 2, walls.end());
  print({walls[static_cast<std::size_t>(rounds / 2)], cpu / rounds});
}

std::vector<LocalAgentSettings> settings_for(int peers, const std::filesystem::path& directory,
                                             const Coordinator& coordinator, const SigningKeyPair& plan_key) {
  std::vector<LocalAgentSettings> agents;
  for (int i = 0; i < peers; ++i) {
    const HostId host("h" + std::to_string(i + 1));
    agents.push_back({{host, {coordinator.endpoint()}, coordinator.public_key(), plan_key.public_key},
                      protocol::generate_curve_keys(),
                      directory / host.str()});
  }
  return agents;
}

int run(int peers, const std::filesystem::path& directory) {
  const SigningKeyPair plan_key = generate_signing_key();
  Coordinator coordinator;
  const auto agents = settings_for(peers, directory, coordinator, plan_key);
  coordinator.allow(agents);
  std::promise<void> all;
  const auto wanted = static_cast<std::size_t>(peers);
  bool told = false;
  const LocalFleet fleet(agents, [&](const LocalFleet::Counts& counts) {
    if (counts.welcomed == wanted && !std::exchange(told, true)) all.set_value();
  });
  all.get_future().wait();
  coordinator.fan_out(protocol::MessageType::plan_ack, wanted, [&] {
    for (const LocalAgentSettings& each : agents) {
      coordinator.tell(each.identity.host, protocol::Plan{plan_for(each.identity.host, plan_key)});
    }
  });
  std::puts("ready");
  std::fflush(stdout);
  char line[64];
  for (int execs = 0; std::fgets(line, sizeof line, stdin) != nullptr; std::fflush(stdout)) {
    int rounds = 0;
    if (std::sscanf(line, "ping %d", &rounds) == 1 && rounds > 0) ping(coordinator, wanted, rounds);
    if (std::strcmp(line, "exec\n") != 0) continue;
    if (execs == execs_max) return EXIT_FAILURE;
    const std::string component = component_name(execs++);
    print(coordinator.fan_out(protocol::MessageType::staged, wanted, [&] {
      for (const LocalAgentSettings& each : agents) {
        coordinator.tell(each.identity.host, protocol::Prepare{deployment, component});
      }
    }));
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace switchyard::bench

int main(int count, char** words) {
  const int peers = count == 3 ? std::atoi(words[1]) : 0;
  if (peers <= 0) {
    std::fputs("usage: bench_dispatch N DIRECTORY\n", stderr);
    return EXIT_FAILURE;
  }
  switchyard::log::set_up("bench_dispatch", switchyard::log::Level::error);
  switchyard::bench::raise_file_limit();
  return switchyard::bench::run(peers, words[2]);
}
