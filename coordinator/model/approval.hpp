#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"

namespace switchyard::model {

/// waiting is the only state that anything leads out of. Kept in the store: never renumber.
enum class ApprovalState : std::uint8_t {
  waiting = 0,
  granted = 1,    ///< by all that are needed; the deployment was started in the same transaction
  rejected = 2,   ///< by one who may approve
  withdrawn = 3,  ///< by whoever may cancel the deployment
  expired = 4,
  voided = 5,  ///< when the last approver said yes, the plan would have been another one; or a newer proposal took its
               ///< place. The deployment's row says which
};
std::string_view approval_state_name(ApprovalState state);

/// One person's yes or no.
struct ApprovalVote {
  std::string approver;  ///< principal
  bool granted = false;
  std::string reason;
  std::int64_t wall_ms = 0;
  bool second_factor = false;  ///< a TOTP code was shown, and was right
  bool operator==(const ApprovalVote&) const = default;
};

/// What is asked of the approvers of an environment: to let exactly this plan be carried out, until it expires.
struct ApprovalRow {
  DeploymentId deployment;
  std::string environment;
  std::string plan_hash;
  std::string author;        ///< principal; not among those who approve
  std::uint32_t needed = 1;  ///< distinct approvers
  std::int64_t created_wall_ms = 0;
  std::int64_t expires_wall_ms = 0;
  ApprovalState state = ApprovalState::waiting;
  std::vector<ApprovalVote> votes;
  std::vector<HostId> without = {};  ///< rollback: hosts that it was asked to leave out
  bool to_nothing = false;           ///< rollback: services may be taken away, as it was asked
  DeploymentId target =
      {};               ///< rollback to a version: the deployment that is to serve again; empty: what served before
  bool inverse = true;  ///< rollback: it only undoes; false: to go there something is deployed anew
  bool verify = false;  ///< rollback: what comes back is verified, as it was asked
  bool operator==(const ApprovalRow&) const = default;
};

}  // namespace switchyard::model
