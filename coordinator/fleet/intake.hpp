#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/check_rounds.hpp"
#include "coordinator/fleet/convergence.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/file_saves.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/inventory_rounds.hpp"
#include "coordinator/fleet/key_renewal.hpp"
#include "coordinator/fleet/recovery.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/fleet/secret_masks.hpp"
#include "coordinator/fleet/witnessed_head.hpp"
#include "protocol/transport.hpp"

namespace switchyard::fleet {

/// Where every frame from the bus comes in: decoded, checked against who may say what, masked, and handed to whom it
/// concerns. Who says what is not for it to say, speaks in the session of another host or sends what is no frame has no
/// session afterwards, and a row in the audit. The per-message catch: a store that cannot be written is as if the
/// message was lost. StaleEpochError passes. Loop thread only.
class Intake {
 public:
  struct Parts {
    store::StateStore& store;
    AgentRegistry& registry;
    HostBook& hosts;
    DeploymentRuns& runs;
    InventoryRounds& inventory;
    Convergence& convergence;
    const ArtifactStore& artifacts;
    RefusalBook& refusals;
    Recovery& recovery;
    KeyRenewal& keys;
    CheckRounds& checks;
    FileSaves& saves;
    SecretMasks& masks;
  };
  explicit Intake(Parts parts) : parts_(parts), head_(parts.store) {}

  /// `peer`: a host, or `enrol:<token id>`; known by its key alone.
  void frame_arrived(const HostId& peer, protocol::Channel channel, std::uint64_t connection, const std::string& frame);
  /// Dials that the transport turned away, for the audit.
  void turned_away(const std::vector<protocol::RefusedDial>& dials);
  /// Pings, silent agents, expired tokens, rows about strangers. To be called every ping_interval_ms.
  void tick();
  /// The host's key is no longer its own: its session ends now.
  void cut_off(const HostId& host, const std::string& why);

 private:
  std::optional<protocol::Envelope> read(const HostId& peer, const std::string& frame);
  void handle(const HostId& peer, protocol::Channel channel, std::uint64_t connection,
              const protocol::Envelope& envelope);
  void hello(const HostId& host, std::uint64_t connection, const protocol::Envelope& envelope);
  protocol::Blob blob_for(const HostId& host, const protocol::BlobGet& wish) const;
  void forbid(const HostId& peer, const std::string& what);
  void enrol(const HostId& peer, const std::string& token, const protocol::Envelope& envelope);
  void confirm_epoch();
  void write_housekeeping();
  void from_agent(const HostId& host, const protocol::Envelope& envelope);

  Parts parts_;
  WitnessedHead head_;
};

}  // namespace switchyard::fleet
