#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Why a HELLO leads to no session.
struct Objection {
  std::string why;
  bool lie = false;  ///< it cannot be true, whatever became of the store: not a case for recover()
};

/// What happens when an old copy of the store was restored. A host that has obeyed a newer epoch than ours, or has a
/// deployment in its journal that the store has not, knows more than the store: decisions may be missing that were
/// carried out. It is held back, and so is every unfinished deployment in which it takes part with all its hosts: they
/// get no command, and nothing is decided, until a person has said `switchyard recover`. Nobody else is: each host
/// speaks for itself in its own HELLO, so that one that lies harms itself and those that it deploys together with.
/// Where a person has said that the store is an old copy (`switchyard-coordinator --restored`), everybody is held back.
/// recover() then writes down what the journals prove (a deployment that one host has committed is committed; one that
/// none has, is not), burns the tokens of the copy (one of them may have been used since), takes an epoch above all
/// that were obeyed, and lets everybody in. See docs/adr/0005. Owned by the composition root; loop thread. Throws
/// StoreError, and StaleEpochError where another coordinator holds the store: then it is this process that is old, not
/// the store.
class Recovery {
 public:
  Recovery(store::StateStore& store, AgentRegistry& registry, DeploymentRuns& runs, HostBook& hosts, const Clock& clock)
      : store_(store), registry_(registry), runs_(runs), hosts_(hosts), clock_(clock) {}

  /// Once, when this coordinator has taken the store over. A person may have said that it is an older copy: then every
  /// host is held back, and no run may be taken up.
  void expect_restored_store();
  bool expects_restored_store() const { return restored_; }

  /// Nothing when the host may have its session.
  std::optional<Objection> objection(const HostId& host, const protocol::Hello& hello);

  /// Nothing when no recovery is needed.
  std::optional<RecoveryView> view() const;
  /// The same refusal, which may be for the absence of hosts that are held back: it says which.
  Refusal explain(Refusal refusal) const;
  Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request);

 private:
  /// What the store says of a deployment, as far as it cannot change any more.
  struct Known {
    bool committed = false;
    bool any_host = false;  ///< its plan is not known
    std::set<HostId> hosts;
  };
  enum class Weight { known, news, foreign };

  Known* look_up(const DeploymentId& id);
  bool takes_part(const HostId& host, const DeploymentId& id);
  Weight weigh(const HostId& host, const protocol::DeploymentReport& report);
  bool is_news(const std::string& audit_head) const;
  void take_down(const HostId& host, const protocol::Hello& hello);
  void believe(const HostId& host, const protocol::Hello& hello);
  void write_claim(const HostId& host, std::uint64_t epoch);
  void hold_deployments_of(const HostId& host);
  void end_session(const HostId& host, const std::string& why);
  std::vector<HostId> missing(const RecoverRequest& request) const;
  /// Who is in a journal, and whether a host has committed it.
  std::map<DeploymentId, bool> what_is_proven() const;
  void write_proof(const DeploymentId& id, bool proven, RecoveryDone& done);
  store::Transaction serving_as_reported(const DeploymentId& id) const;
  void begin_anew(std::uint64_t epoch);

  store::StateStore& store_;
  AgentRegistry& registry_;
  DeploymentRuns& runs_;
  HostBook& hosts_;
  const Clock& clock_;
  bool restored_ = false;
  std::uint64_t epoch_seen_ = 0;
  std::set<HostId> ahead_;                                             ///< who says to know more than the store
  std::map<HostId, HostId> held_back_;                                 ///< who is held back, and on whose account
  std::map<HostId, std::vector<protocol::DeploymentReport>> reports_;  ///< of those who are held back
  /// Heads of the audit chain that those were told and the store does not know; of an earlier recovery, a person knows.
  std::set<std::string> heads_, forgotten_heads_;
  std::map<DeploymentId, Known> known_;
  std::size_t hosts_known_ = 0;  ///< in all of known_
};

}  // namespace switchyard::fleet
