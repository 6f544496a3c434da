#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "protocol/message.hpp"
#include "protocol/transport.hpp"

namespace switchyard::fleet {

/// The present connection of a host's agent.
struct AgentSession {
  std::uint64_t number = 0;      ///< 1, 2, 3 ... for each host, within this life of the coordinator
  std::uint64_t connection = 0;  ///< the transport's number
  std::string id;                ///< 16 bytes that the agent drew
  std::uint16_t protocol = 1;
  std::vector<std::string> features;
  std::string agent_version;
  std::string boot_id;
  std::string audit_head;  ///< that the host remembers, by its own last word; empty: none
  std::int64_t heard_boot_ms = 0;
  std::uint64_t next_seq = 1;
};

struct EndedSession {
  HostId host;
  std::uint64_t number = 0;
  std::int64_t silent_ms = 0;  ///< since its last frame
};

/// What a HELLO led to. Both may be set: a new connection ends the one before.
struct HelloOutcome {
  std::optional<EndedSession> ended;
  std::optional<std::uint64_t> begun;
};

/// Who is connected, and the heads of all frames that leave. Loop thread only; owned by the composition root. Knows
/// sessions, not deployments: its caller (Intake) tells the rest what has begun and ended.
class AgentRegistry {
 public:
  /// `keys`: what WELCOME says of the coordinator's keys in force.
  AgentRegistry(protocol::AgentBus& bus, const Clock& clock, std::string keys)
      : bus_(bus), clock_(clock), keys_(std::move(keys)) {}

  /// The epoch that every frame carries. Before anything is sent.
  void speak_for(std::uint64_t epoch, std::string audit_head);

  /// Answers WELCOME or REFUSE. The same HELLO again is only answered again.
  HelloOutcome hello(const HostId& host, std::uint64_t connection, const protocol::Envelope& envelope);
  /// The session number if the frame belongs to the host's present session; the host is then known to be alive.
  std::optional<std::uint64_t> heard(const HostId& host, const protocol::Envelope& envelope);

  /// False when the host is not connected, or its queue is full: the message is lost, as any message may be.
  bool send(const HostId& host, protocol::Message message, std::uint64_t re = 0);
  /// To a peer without a session: refusals, enrolment, bulk.
  bool send_bare(const HostId& peer, protocol::Channel channel, const protocol::Envelope& to,
                 protocol::Message message);

  /// Says why and forgets the session.
  std::optional<EndedSession> refuse(const HostId& host, const std::string& code, const std::string& text);
  /// Pings everybody with the audit log's present head, whose witnesses the agents are; sessions that were silent for
  /// too long end. To be called every ping_interval_ms.
  std::vector<EndedSession> tick(std::string audit_head);

  bool connected(const HostId& host) const { return sessions_.contains(host); }
  std::optional<std::uint64_t> session_number(const HostId& host) const;
  const AgentSession* find(const HostId& host) const;
  /// Whose present session this is; nullptr when it is nobody's, or `peer`'s own. One that is over is nobody's.
  const HostId* other_in(const std::string& session, const HostId& peer) const;

 private:
  std::optional<EndedSession> end(const HostId& host);

  protocol::AgentBus& bus_;
  const Clock& clock_;
  std::string keys_;
  std::uint64_t epoch_ = 0;
  std::string audit_head_;
  std::map<HostId, AgentSession> sessions_;
  std::map<std::string, HostId> hosts_;          ///< by the id of their present session
  std::map<HostId, std::uint64_t> last_number_;  ///< outlives the session: numbers only grow
};

}  // namespace switchyard::fleet
