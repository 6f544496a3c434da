#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/crypto.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/timers.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::fleet {

/// Has agents keep files, and schemas of databases, under the names of snapshots, and gathers their answers until all
/// are there or the time is over. Orders are signed with the plan key; the same order is sent until it is answered, and
/// agents carry it out once. A host hears of one round at a time: what it is to keep is said whole each time, and the
/// older word must not come after the newer. Loop thread only.
class FileSaves {
 public:
  using Orders = std::map<HostId, std::vector<protocol::FileSave>>;
  /// What a host said; `why_not` is not empty where nothing is known of some of its files.
  struct HostAnswer {
    std::vector<protocol::FileSaveResult> results;
    std::string why_not;
  };
  using Answers = std::map<HostId, HostAnswer>;
  using Done = std::function<void(Answers)>;

  FileSaves(AgentRegistry& registry, Timers& timers, const Clock& clock, SigningKeyPair plan_key)
      : registry_(registry), timers_(timers), clock_(clock), plan_key_(std::move(plan_key)) {}

  /// False when too many rounds are under way. `done` is called once, from the loop, and names every host.
  bool run(const Orders& orders, Done done);
  void answered(const HostId& host, const protocol::FilesSaved& saved);

 private:
  struct OpenOrder {
    HostId host;
    protocol::SaveFiles message;
  };
  struct SaveRound {
    Orders orders;
    Done done;
    bool begun = false;
    std::int64_t began_boot_ms = 0;
    std::map<std::string, OpenOrder> open;  ///< by request
    Answers answers;
  };
  using RoundNumber = std::uint64_t;
  void add_orders(const HostId& host, const std::vector<protocol::FileSave>& saves, SaveRound& round);
  bool may_begin(RoundNumber number, const SaveRound& round) const;
  void begin(SaveRound& round);
  void tick(RoundNumber number);
  bool over(const SaveRound& round) const;
  void finish(RoundNumber number);

  AgentRegistry& registry_;
  Timers& timers_;
  const Clock& clock_;
  SigningKeyPair plan_key_;
  RoundNumber next_round_ = 0;
  std::map<RoundNumber, SaveRound> rounds_;  ///< in the order in which they were asked for
};

}  // namespace switchyard::fleet
