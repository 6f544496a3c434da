// A fan-out over the product's own bus: the coordinator's listener, registry and codec on one side, N agents (session,
// core, journal, CURVE sockets) on the other, sixteen to a process. (All in one, every command that an agent starts
// would be given, and rid of, the thousands of descriptors of the others.) The processor's time is that of all sides.
//
//   bench_dispatch N DIRECTORY         journals of the agents go there
//   bench_dispatch agents ...          what it starts itself
//
// It prints "ready" when all are connected, and then answers every line on its standard input with one line:
//
//   ping ROUNDS      PING to all, PONG from all: milliseconds (median of the rounds), processor milliseconds of a round
//   exec             one step that runs /bin/true on all, from PREPARE to STAGED: the same two

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/crypto.hpp"
#include "common/hex.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/zmq_router.hpp"
#include "tests/bench/local_fleet.hpp"

extern char** environ;

namespace switchyard::bench {
namespace {

constexpr int execs_max = 60;  ///< components of the one plan, each with one step
constexpr int warm_rounds = 2;
constexpr int agents_per_process = 16;
constexpr std::int64_t far_future_ms = 4'102'444'800'000;
const DeploymentId deployment("d-0000000000000001");

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Of this process and of those that it has waited for.
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

/// The coordinator's end, on a loop of its own. One fan-out at a time; its answers are counted on the loop.
class Coordinator {
 public:
  Coordinator()
      : router_({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", keys_}, loop_,
                [this](const protocol::ZmqRouter::Arrival& arrival) { hear(arrival); }),
        registry_(router_, clock_, {}) {
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

  void allow(const HostId& host, const std::string& public_key) {
    std::promise<void> known;
    loop_.post([&] {
      static_cast<void>(router_.allow(host, public_key));
      known.set_value();
    });
    known.get_future().wait();
  }

  /// What `begin` asks of everybody, until that many answers of this kind have come; milliseconds.
  double fan_out(protocol::MessageType answer, std::size_t answers, const std::function<void()>& begin) {
    std::promise<double> done;
    loop_.post([&] {
      done_ = &done;
      wanted_ = answer;
      missing_ = answers;
      began_ms_ = now_ms();
      begin();
    });
    return done.get_future().get();
  }
  double ping(std::size_t peers) {
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
    std::exchange(done_, nullptr)->set_value(now_ms() - began_ms_);
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
  std::promise<double>* done_ = nullptr;
  protocol::MessageType wanted_ = protocol::MessageType::hello;
  std::size_t missing_ = 0;
  double began_ms_ = 0;
  std::jthread thread_;
};

/// What the agents' processes are told.
struct Words {
  std::filesystem::path directory;
  int first = 0, count = 0;
  protocol::Endpoint endpoint;
  std::string server_key, plan_key;

  explicit Words(char** words)
      : directory(words[0]),
        first(std::atoi(words[1])),
        count(std::atoi(words[2])),
        endpoint(*protocol::parse_endpoint(words[3])),
        server_key(words[4]),
        plan_key(*from_hex(words[5])) {}
  static constexpr int size = 6;
};

/// Says the agents' public keys; begins at the first line that it hears; tells its processor milliseconds at every
/// other.
int be_agents(const Words& told) {
  std::vector<LocalAgentSettings> agents;
  for (int i = told.first; i < told.first + told.count; ++i) {
    const HostId host("h" + std::to_string(i));
    agents.push_back({{host, {told.endpoint}, told.server_key, told.plan_key},
                      protocol::generate_curve_keys(),
                      told.directory / host.str()});
    std::printf("%s\n", agents.back().keys.public_key.c_str());
  }
  std::fflush(stdout);
  char line[64];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return EXIT_FAILURE;
  const LocalFleet fleet(agents, [](const LocalFleet::Counts&) {}, {});
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    std::printf("%.3f\n", cpu_ms());
    std::fflush(stdout);
  }
  return EXIT_SUCCESS;
}

/// One such process, from construction to destruction.
class AgentsProcess {
 public:
  explicit AgentsProcess(const std::vector<std::string>& words) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) std::exit(EXIT_FAILURE);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, to[0], 0);
    posix_spawn_file_actions_adddup2(&files, from[1], 1);
    if (::posix_spawn(&process_, arguments[0], &files, nullptr, arguments.data(), environ) != 0) {
      std::exit(EXIT_FAILURE);
    }
    posix_spawn_file_actions_destroy(&files);
    ::close(to[0]);
    ::close(from[1]);
    in_ = ::fdopen(to[1], "w");
    out_ = ::fdopen(from[0], "r");
  }
  AgentsProcess(const AgentsProcess&) = delete;
  AgentsProcess& operator=(const AgentsProcess&) = delete;
  ~AgentsProcess() {
    std::fclose(in_);
    std::fclose(out_);
    ::waitpid(process_, nullptr, 0);
  }

  void say(const char* text) {
    std::fputs(text, in_);
    std::fflush(in_);
  }
  std::string hear() {
    char line[64];
    if (std::fgets(line, sizeof line, out_) == nullptr) std::exit(EXIT_FAILURE);
    line[std::strcspn(line, "\n")] = 0;
    return line;
  }

 private:
  pid_t process_ = -1;
  FILE* in_ = nullptr;
  FILE* out_ = nullptr;
};

/// All agents, in their processes.
class Agents {
 public:
  Agents(int peers, const std::string& directory, Coordinator& coordinator, const SigningKeyPair& plan_key) {
    for (int first = 1; first <= peers; first += agents_per_process) {
      const int count = std::min(agents_per_process, peers - first + 1);
      processes_.push_back(std::make_unique<AgentsProcess>(std::vector<std::string>{
          "/proc/self/exe", "agents", directory, std::to_string(first), std::to_string(count),
          protocol::endpoint_text(coordinator.endpoint()), coordinator.public_key(), to_hex(plan_key.public_key)}));
      for (int i = first; i < first + count; ++i) {
        hosts_.emplace_back("h" + std::to_string(i));
        coordinator.allow(hosts_.back(), processes_.back()->hear());
      }
    }
    coordinator.fan_out(protocol::MessageType::hello, hosts_.size(), [this] {
      for (const auto& process : processes_) process->say("begin\n");
    });
  }

  const std::vector<HostId>& hosts() const { return hosts_; }
  double cpu_ms() const {
    double sum = bench::cpu_ms();
    for (const auto& process : processes_) process->say("time\n");
    for (const auto& process : processes_) sum += std::atof(process->hear().c_str());
    return sum;
  }

 private:
  std::vector<std::unique_ptr<AgentsProcess>> processes_;
  std::vector<HostId> hosts_;
};

void print(double wall_ms, double cpu) { std::printf("%.4f %.4f\n", wall_ms, cpu); }

void ping(Coordinator& coordinator, const Agents& agents, int rounds) {
  std::vector<double> walls;
  for (int round = 0; round < warm_rounds; ++round) coordinator.ping(agents.hosts().size());
  const double before = agents.cpu_ms();
  for (int round = 0; round < rounds; ++round) walls.push_back(coordinator.ping(agents.hosts().size()));
  const double cpu = (agents.cpu_ms() - before) / rounds;
  std::nth_element(walls.begin(), walls.begin() + rounds / 2, walls.end());
  print(walls[static_cast<std::size_t>(rounds / 2)], cpu);
}

void exec(Coordinator& coordinator, const Agents& agents, const std::string& component) {
  const double before = agents.cpu_ms();
  const double wall_ms = coordinator.fan_out(protocol::MessageType::staged, agents.hosts().size(), [&] {
    for (const HostId& host : agents.hosts()) coordinator.tell(host, protocol::Prepare{deployment, component});
  });
  print(wall_ms, agents.cpu_ms() - before);
}

int run(int peers, const std::string& directory) {
  const SigningKeyPair plan_key = generate_signing_key();
  Coordinator coordinator;
  const Agents agents(peers, directory, coordinator, plan_key);
  coordinator.fan_out(protocol::MessageType::plan_ack, agents.hosts().size(), [&] {
    for (const HostId& host : agents.hosts()) coordinator.tell(host, protocol::Plan{plan_for(host, plan_key)});
  });
  std::puts("ready");
  std::fflush(stdout);
  char line[64];
  for (int execs = 0; std::fgets(line, sizeof line, stdin) != nullptr; std::fflush(stdout)) {
    int rounds = 0;
    if (std::sscanf(line, "ping %d", &rounds) == 1 && rounds > 0) ping(coordinator, agents, rounds);
    if (std::strcmp(line, "exec\n") != 0) continue;
    if (execs == execs_max) return EXIT_FAILURE;
    exec(coordinator, agents, component_name(execs++));
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace switchyard::bench

int main(int count, char** words) {
  using switchyard::bench::Words;
  switchyard::log::set_up("bench_dispatch", switchyard::log::Level::error);
  switchyard::bench::raise_file_limit();
  if (count == 2 + Words::size && std::strcmp(words[1], "agents") == 0) {
    return switchyard::bench::be_agents(Words(words + 2));
  }
  const int peers = count == 3 ? std::atoi(words[1]) : 0;
  if (peers <= 0) {
    std::fputs("usage: bench_dispatch N DIRECTORY\n", stderr);
    return EXIT_FAILURE;
  }
  return switchyard::bench::run(peers, words[2]);
}
