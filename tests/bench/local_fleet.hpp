#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/executors/executor.hpp"
#include "agent/link/agent_identity.hpp"
#include "common/clock.hpp"
#include "common/event_loop.hpp"
#include "common/worker_pool.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard::bench {

/// Everything that one agent of many is told from outside.
struct LocalAgentSettings {
  agent::AgentIdentity identity;
  protocol::CurveKeyPair keys;
  std::filesystem::path root;  ///< before every path of its host
};

/// Many agents in one process: each has the agent's own core, journal, shell, session and CURVE sockets (with their
/// threads), as agent/link/agent.cpp puts them together, and a LocalHost. Loop and workers are shared, or each its own.
/// From construction to destruction they run; `changed` is called on their loops, one at a time.
class LocalFleet {
 public:
  struct Counts {
    std::size_t welcomed = 0;   ///< connected and welcomed at present
    std::uint64_t refused = 0;  ///< dials that the coordinator turned away
  };
  using Changed = std::function<void(const Counts&)>;
  struct Options {
    bool own_loops = false;          ///< as on hosts of their own: what one makes durable, no other waits for
    std::filesystem::path dead_man;  ///< switchyard-agent, started as each agent's dead-man when it arms it; or none
  };

  LocalFleet(const std::vector<LocalAgentSettings>& agents, Changed changed, Options options);
  ~LocalFleet();
  LocalFleet(const LocalFleet&) = delete;
  LocalFleet& operator=(const LocalFleet&) = delete;

 private:
  class Agent;
  class DeadMan;
  /// A loop's thread, and where its agents' steps run.
  struct Place {
    EventLoop loop;
    std::vector<std::unique_ptr<Agent>> agents;
    std::unique_ptr<WorkerPool> workers;  ///< ends before what its jobs use
    std::jthread thread;
  };

  void count(int welcomed, unsigned refused);

  Changed changed_;
  Options options_;
  SystemClock clock_;
  std::mutex mutex_;  ///< guards counts_, and keeps the calls of changed_ apart
  Counts counts_;
  std::vector<std::unique_ptr<Place>> places_;
};

/// As many open files as the kernel lets root have: an agent needs about a dozen.
void raise_file_limit();

agent::HostPaths paths_below(const std::filesystem::path& root);

}  // namespace switchyard::bench
