#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// What an agent still knows of deployments that are over: of the last ones, how they ended, so that late questions are
/// answered; of all others, up to which plan it has forgotten that they were committed. That a deployment was reverted
/// here may be forgotten: of one that is neither remembered nor forgotten nothing is here, and that is what "reverted"
/// says. Owned by the core; what the journal says is noted here.
class ClosedDeployments {
 public:
  /// `committed`, or else reverted. `plan_seq`: the number of its plan; of one that was reverted it may be 0.
  void add(protocol::DeploymentReport report, std::uint64_t plan_seq);
  /// An older self has forgotten these.
  void forget_up_to(std::uint64_t plan_seq);
  /// Before the whole journal is noted once more.
  void clear() { closed_.clear(); }

  /// Null when it is not remembered.
  const protocol::DeploymentReport* find(const DeploymentId& id) const;
  /// For one that find() does not know: the deployment of this plan may have been committed here. 0: no number is
  /// known.
  bool may_have_forgotten(std::uint64_t plan_seq) const { return plan_seq != 0 && plan_seq <= forgotten_plan_seq_; }
  std::uint64_t forgotten_plan_seq() const { return forgotten_plan_seq_; }
  /// Oldest first.
  std::vector<protocol::DeploymentReport> reports() const;
  /// What a compaction writes, in an order that may be noted.
  std::vector<JournalRecord> records() const;

 private:
  struct Closed {
    protocol::DeploymentReport report;
    std::uint64_t plan_seq = 0;
  };
  std::vector<Closed> closed_;  ///< oldest first
  std::uint64_t forgotten_plan_seq_ = 0;
};

}  // namespace switchyard::agent
