#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "protocol/transport.hpp"
#include "tests/simulation/process.hpp"
#include "tests/simulation/trace.hpp"

namespace switchyard::simulation {

class AgentLink;

/// What listens for agents: a coordinator's process.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual bool listens() const = 0;
  virtual void frame_arrived(const HostId& host, protocol::Channel channel, std::uint64_t connection,
                             const std::string& frame) = 0;
};

/// The wires between hosts and coordinators. A frame may be lost, doubled, late, or overtaken; a way may be cut in one
/// direction or both, without either end being told; and frames may be held back until the way is free again.
class Network {
 public:
  Network(Events& events, Dice& dice, Trace& trace) : events_(events), dice_(dice), trace_(trace) {}

  struct Trouble {
    double loss = 0, duplicate = 0, reorder = 0, slow = 0;
  };
  /// The way between a host and everybody else.
  struct Way {
    bool cut_in = false, cut_out = false, clogged = false;
    /// The host itself lets nobody in any more who is not in already.
    std::function<bool()> walled = [] { return false; };
    std::vector<std::function<void()>> held;
  };
  struct Connection {
    std::uint64_t number = 0;
    HostId host;
    Listener* listener = nullptr;  ///< null: the coordinator's end is gone
    AgentLink* link = nullptr;     ///< null: the agent's end is gone
    std::int64_t last_in_ms = 0, last_out_ms = 0;
  };

  Trouble trouble;
  /// Whoever listens on the wires, and can open what the real ones encrypt. `out`: away from the coordinator.
  std::function<void(const HostId& host, bool out, const std::string& frame)> overheard = [](const auto&...) {};
  Way& way(const HostId& host) { return ways_[host]; }
  void unclog(const HostId& host);
  /// Somebody who waits to dial may now succeed.
  void wake();

  // --- coordinators ---
  void listen(Listener& listener) { listeners_.push_back(&listener); }
  /// Its process is gone: agents' connections to it break.
  void stop_listening(Listener& listener);
  bool to_agent(Listener& from, const HostId& host, protocol::Channel channel, const std::string& frame);

  // --- agents ---
  /// Nothing when nobody can be reached.
  std::shared_ptr<Connection> connect(AgentLink& link, const HostId& host);
  void close(const std::shared_ptr<Connection>& connection, AgentLink& link);
  void to_coordinator(const std::shared_ptr<Connection>& connection, protocol::Channel channel,
                      const std::string& frame);
  void wait_to_dial(AgentLink& link) { waiting_.push_back(&link); }
  void forget(AgentLink& link);

 private:
  void carry(const std::shared_ptr<Connection>& connection, bool inwards, std::function<void()> arrive);

  Events& events_;
  Dice& dice_;
  Trace& trace_;
  std::map<HostId, Way> ways_;
  std::vector<Listener*> listeners_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<AgentLink*> waiting_;
  std::uint64_t last_number_ = 0;
};

/// The agent's end: the real session's link.
class AgentLink final : public protocol::CoordinatorLink {
 public:
  AgentLink(Network& network, Events& events, Dice& dice, Process& process, HostId host,
            protocol::LinkCallbacks callbacks);
  ~AgentLink() override;

  bool send(protocol::Channel channel, std::string frame) override;
  void redial() override;

  void dial();
  void frame_arrived(protocol::Channel channel, const std::string& frame);
  void broken();

 private:
  void try_to_dial();

  Network& network_;
  Events& events_;
  Dice& dice_;
  Process& process_;
  HostId host_;
  protocol::LinkCallbacks callbacks_;
  std::shared_ptr<Network::Connection> connection_;
  std::uint64_t dialled_ = 0;
  std::uint64_t tries_ = 0;  ///< a dial that was arranged before is void
  std::shared_ptr<bool> there_ = std::make_shared<bool>(true);
};

}  // namespace switchyard::simulation
