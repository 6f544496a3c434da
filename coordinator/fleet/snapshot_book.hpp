#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/configurations.hpp"
#include "coordinator/fleet/file_saves.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Snapshots: what runs under one name in one environment, as its hosts say, with the files and the schemas of
/// databases that are kept there under the snapshot's id. They are made, looked at, compared with what serves, and
/// dropped when there are too many or they are too old; what is to be restored is planned by Planning, and started by
/// FleetOperations. Owned by the Fleet, loop thread only. A StoreError is the request's.
class SnapshotBook {
 public:
  struct Parts {
    store::StateStore& store;
    const Clock& clock;
    Timers& timers;
    Planning& planning;
    FileSaves& saves;
    const AgentRegistry& registry;
    const HostBook& hosts;
    const ArtifactStore& artifacts;
    const Configurations& configurations;
    const ApiTokenBook& tokens;
  };
  SnapshotBook(Parts parts, access::EnvironmentRules rules) : parts_(parts), rules_(std::move(rules)) {}

  /// Drops what has grown too old, now and every ten minutes. After the epoch was taken.
  void begin();

  void create(const Caller& caller, const SnapshotRequest& request, Reply<SnapshotView> reply);
  std::vector<SnapshotView> list(const std::string& environment, const std::string& name, std::size_t limit) const;
  /// `schemas`: those of databases are read once more, and compared too.
  void show(const SnapshotId& id, bool schemas, Reply<SnapshotView> reply);
  Answer<bool> remove(const Caller& caller, const SnapshotId& id);
  /// The one that is to be restored, or why not.
  Answer<model::SnapshotRow> to_restore(const RestoreRequest& request) const;

 private:
  /// Of one that is being made.
  struct Making {
    Caller caller;
    model::SnapshotRow row;
    std::vector<model::ServingRow> serving;
    PlanGround ground;
  };
  Answer<Making> choose(const Caller& caller, const SnapshotRequest& request) const;
  std::optional<Refusal> refuse_unsettled(const Making& making) const;
  InventoryRounds::Questions questions_of(const model::SnapshotRow& snapshot) const;
  void save_files(Making making, Reply<SnapshotView> reply);
  Answer<SnapshotView> write(Making making);
  SnapshotView looked_at(const model::SnapshotRow& row, const InventoryRounds::Answers& answers) const;
  void look_at_schemas(SnapshotView view, Reply<SnapshotView> reply);
  std::set<SnapshotId> in_use() const;
  /// Of a name in an environment, with `made` beside those that are there; their rows of the audit with them.
  store::Transaction drop_writes(const std::string& environment, const std::string& name,
                                 std::vector<model::SnapshotRow> newest_first,
                                 std::vector<model::SnapshotRow>& dropped) const;
  /// Their copies go from the hosts, where that can be said; later the next order says it.
  void forget_files(const std::vector<model::SnapshotRow>& dropped);
  /// Of each component on each host, the snapshots that keep files of it.
  using KeptNames = std::map<std::pair<HostId, std::string>, std::vector<std::string>>;
  KeptNames kept_names() const;
  /// And those that are being made.
  std::vector<std::string> names_of(const KeptNames& kept, const HostId& host, const std::string& component) const;
  void sweep();
  void keep_sweeping();

  Parts parts_;
  access::EnvironmentRules rules_;
  std::set<std::string> making_;  ///< whose files are being kept, and which are in the store only afterwards
};

}  // namespace switchyard::fleet
