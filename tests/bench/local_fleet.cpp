#include "tests/bench/local_fleet.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "agent/core/hello.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/link/blob_client.hpp"
#include "agent/link/coordinator_session.hpp"
#include "agent/link/core_shell.hpp"
#include "agent/link/host_boot.hpp"
#include "agent/link/step_runner.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/zmq_dealer.hpp"
#include "tests/bench/local_host.hpp"

namespace switchyard::bench {
namespace {

constexpr std::uint64_t journal_bytes_reserved = 64 * 1024;  ///< a thousand journals, perhaps in memory
constexpr std::size_t queued_steps_max = 100'000;
constexpr rlim_t files_wanted = 100'000;
constexpr std::size_t workers_of_agent = 4;  ///< as in agent/link/agent.cpp

}  // namespace

/// One agent's dead-man process. What systemd does: a new one each time, in the place of the one before.
class LocalFleet::DeadMan {
 public:
  DeadMan(std::filesystem::path program, std::filesystem::path root)
      : program_(std::move(program)), root_(std::move(root)) {}
  DeadMan(const DeadMan&) = delete;
  DeadMan& operator=(const DeadMan&) = delete;
  ~DeadMan() { end(); }

  void restart() {
    if (program_.empty()) return;
    end();
    std::string words[] = {program_.string(), "--root", root_.string(), "deadman"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    char* environment[] = {nullptr};
    const int error = ::posix_spawn(&process_, arguments[0], nullptr, nullptr, arguments, environment);
    if (error != 0) throw SysError(error, "starting a dead-man");
  }

 private:
  void end() {
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

  std::filesystem::path program_, root_;
  pid_t process_ = -1;
};

class LocalFleet::Agent {
 public:
  Agent(LocalFleet& fleet, Place& place, const LocalAgentSettings& settings)
      : fleet_(fleet),
        place_(place),
        blobs_(fleet.clock_,
               [this](protocol::BlobGet wish) { place_.loop.post([this, wish] { session_.send(wish); }); }),
        host_(settings.root, paths_below(settings.root), blobs_, fleet.clock_),
        dead_man_(fleet.options_.dead_man, settings.root),
        journal_(journal_of(paths_below(settings.root)), journal_bytes_reserved),
        steps_(place.loop, *place.workers, host_.executors(), fleet.clock_,
               [this](const agent::StepFinished& finished) { shell_.handle(finished); }),
        shell_({settings.identity.host, settings.identity.plan_public_key}, agent::Role::agent, journal_, place.loop,
               fleet.clock_, steps_, hands()),
        session_(
            [&](protocol::LinkCallbacks heard) {
              return std::make_unique<protocol::ZmqDealer>(
                  protocol::ZmqDealer::Settings{
                      settings.identity.endpoints, {settings.identity.server_public_key}, settings.keys},
                  place_.loop, count_refusals(std::move(heard)));
            },
            place.loop, fleet.clock_, callbacks()) {
    place_.loop.post([this] { shell_.handle(agent::Began{boot_id_}); });
  }

 private:
  /// The directories of a host are there before its agent.
  static std::unique_ptr<agent::JournalDisk> journal_of(const agent::HostPaths& paths) {
    for (const std::filesystem::path* each : {&paths.state, &paths.components}) {
      std::filesystem::create_directories(*each);
    }
    return std::make_unique<agent::PosixJournalDisk>(paths.state);
  }

  agent::CoreShell::Hands hands() {
    agent::CoreShell::Hands hands;
    hands.arm_dead_man = [this] { dead_man_.restart(); };
    hands.send = [this](protocol::Message message) { session_.send(std::move(message)); };
    hands.redial = [this] { session_.redial(); };
    return hands;
  }

  agent::CoordinatorSession::Callbacks callbacks() {
    agent::CoordinatorSession::Callbacks callbacks;
    callbacks.hello = [this] {
      return agent::make_hello({SWITCHYARD_VERSION, boot_id_, {}}, shell_.core(), fleet_.clock_.boot_ms());
    };
    callbacks.welcomed = [this](std::uint64_t epoch, const protocol::Welcome& welcome, std::uint64_t connection) {
      shell_.handle(agent::MessageArrived{epoch, welcome});
      shell_.handle(agent::SessionBegan{connection});
      fleet_.count(1, 0);
    };
    callbacks.message = [this](std::uint64_t epoch, protocol::Message message) { hear(epoch, std::move(message)); };
    callbacks.ended = [this] {
      shell_.handle(agent::SessionEnded{});
      fleet_.count(-1, 0);
    };
    callbacks.every_ping = [this] { shell_.compact_if_large(); };
    return callbacks;
  }

  /// The session tells of the first refusal only.
  protocol::LinkCallbacks count_refusals(protocol::LinkCallbacks heard) {
    heard.on_down = [this, tell = std::move(heard.on_down)](protocol::LinkLoss loss) {
      if (loss == protocol::LinkLoss::refused) fleet_.count(0, 1);
      tell(loss);
    };
    return heard;
  }

  void hear(std::uint64_t epoch, protocol::Message message) {
    if (auto* blob = std::get_if<protocol::Blob>(&message)) return blobs_.deliver(std::move(*blob));
    if (const auto* question = std::get_if<protocol::Inventory>(&message)) return answer(*question);
    shell_.handle(agent::MessageArrived{epoch, std::move(message)});
  }

  void answer(const protocol::Inventory& question) {
    static_cast<void>(place_.workers->submit(
        [this, question] { place_.loop.post([this, reply = host_.answer(question)] { session_.send(reply); }); }));
  }

  LocalFleet& fleet_;
  Place& place_;
  const std::string boot_id_ = agent::read_boot_id();  // the dead-man's, too
  agent::BlobClient blobs_;
  LocalHost host_;
  DeadMan dead_man_;
  agent::JournalFile journal_;
  agent::StepRunner steps_;
  agent::CoreShell shell_;
  agent::CoordinatorSession session_;
};

LocalFleet::LocalFleet(const std::vector<LocalAgentSettings>& agents, Changed changed, Options options)
    : changed_(std::move(changed)), options_(std::move(options)) {
  const std::size_t workers = options_.own_loops ? workers_of_agent : std::max(2u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < (options_.own_loops ? agents.size() : 1); ++i) {
    places_.push_back(std::make_unique<Place>());
    places_.back()->workers = std::make_unique<WorkerPool>(workers, queued_steps_max);
  }
  for (std::size_t i = 0; i < agents.size(); ++i) {
    Place& place = *places_[i % places_.size()];
    place.agents.push_back(std::make_unique<Agent>(*this, place, agents[i]));
  }
  for (const auto& place : places_) place->thread = std::jthread([&loop = place->loop] { loop.run(); });
}

LocalFleet::~LocalFleet() {
  for (const auto& place : places_) {
    place->loop.stop();
    place->thread.join();
    place->workers.reset();
  }
}

void LocalFleet::count(int welcomed, unsigned refused) {
  const std::lock_guard lock(mutex_);
  counts_.welcomed += static_cast<std::size_t>(welcomed);
  counts_.refused += refused;
  changed_(counts_);
}

void raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max = std::max(files.rlim_max, files_wanted);
  if (::setrlimit(RLIMIT_NOFILE, &files) == 0) return;
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

agent::HostPaths paths_below(const std::filesystem::path& root) {
  agent::HostPaths paths;
  for (std::filesystem::path* path : {&paths.state, &paths.components, &paths.units, &paths.switch_state, &paths.run}) {
    *path = root / path->relative_path();
  }
  return paths;
}

}  // namespace switchyard::bench
