#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/crypto.hpp"
#include "common/secret_mask.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/approvals.hpp"
#include "coordinator/fleet/artifact_pruner.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/check_outcomes.hpp"
#include "coordinator/fleet/check_registry.hpp"
#include "coordinator/fleet/check_rounds.hpp"
#include "coordinator/fleet/check_runs.hpp"
#include "coordinator/fleet/committed_plans.hpp"
#include "coordinator/fleet/convergence.hpp"
#include "coordinator/fleet/deployed_secrets.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/deployment_starter.hpp"
#include "coordinator/fleet/file_saves.hpp"
#include "coordinator/fleet/fleet_operations.hpp"
#include "coordinator/fleet/guarded_operations.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/intake.hpp"
#include "coordinator/fleet/inventory_rounds.hpp"
#include "coordinator/fleet/key_renewal.hpp"
#include "coordinator/fleet/look_queue.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/recovery.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/fleet/secret_book.hpp"
#include "coordinator/fleet/secret_masks.hpp"
#include "coordinator/fleet/snapshot_book.hpp"
#include "coordinator/fleet/steering.hpp"
#include "coordinator/fleet/timeline_viewers.hpp"
#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"
#include "protocol/transport.hpp"

namespace switchyard::fleet {

/// A coordinator between its seams, wired in this one place: coordinator.cpp gives it SQLite, ZeroMQ and an event loop,
/// the tests and the simulation what stands for them there. In the order of construction: each part needs only those
/// above it. Loop thread only.
class Fleet {
 public:
  struct Seams {
    store::StateStore& store;
    protocol::AgentBus& bus;
    Timers& timers;
    const Clock& clock;
    SecretMask& mask;  ///< learns the secrets that are set, and what deployed configurations are filled with
    std::filesystem::path artifacts;
    SigningKeyPair plan_key;
    std::string vault_key;  ///< 32 raw bytes: what the store keeps of secrets is derived from it, or sealed with it
    EnrolmentTerms terms;
    HostBook::Publish publish;
    /// Who was turned away since the last call; asked for at every ping.
    std::function<std::vector<protocol::RefusedDial>()> take_refused = [] {
      return std::vector<protocol::RefusedDial>();
    };
    HostRoots host_roots = {};
    std::uint32_t keep_releases;
    access::EnvironmentRules environments = {};
    std::optional<protocol::CoordinatorKeys> next_keys = {};  ///< drawn, and not yet in force
    KeyRenewal::Hands key_hands = {};
  };
  explicit Fleet(const Seams& seams);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// From here on every older coordinator on this store is fenced, and the agents obey this one. Takes up again what
  /// was under way; hosts are let in at the end of it. Returns the epoch. Throws StoreError.
  std::uint64_t begin(const std::string& holder);
  store::StateStore& store;
  Timers& timers;
  const Clock& clock;

  Changeover changeover;
  CommittedPlans plans;
  CheckOutcomes check_outcomes;
  ArtifactStore artifacts;
  AgentRegistry registry;
  HostBook hosts;

  TimelineViewers viewers;
  DeploymentRuns runs;
  InventoryRounds inventory;
  CheckRegistry checks;
  CheckRounds check_rounds;
  FileSaves file_saves;
  CheckRuns check_runs;
  SecretMasks masks;
  SecretBook secrets;
  Configurations configurations;
  DeployedSecrets deployed_secrets;
  Planning planning;
  DeploymentStarter starter;
  Convergence convergence;

  ArtifactPruner pruner;
  RefusalBook refusals;
  KeyRenewal keys;
  ApiTokenBook api_tokens;
  TotpBook totp;
  Recovery recovery;
  Approvals approvals;
  SnapshotBook snapshots;
  Steering steering;
  LookQueue looks;
  Intake intake;
  FleetOperations operations;
  GuardedOperations guarded;  ///< the door for everybody outside

 private:
  void keep_pinging();
  void look_at_audit();
  std::function<std::vector<protocol::RefusedDial>()> take_refused_;
};

}  // namespace switchyard::fleet
