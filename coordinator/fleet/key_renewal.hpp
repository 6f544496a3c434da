#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/changeover.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/timers.hpp"
#include "coordinator/store/state_store.hpp"
#include "protocol/coordinator_keys.hpp"

namespace switchyard::fleet {

/// The coordinator's own keys, and how the next two take their place without a host being lost: they are drawn, told to
/// every agent under the keys that it has pinned, and put into force when all have written them down. Who knows them is
/// remembered by the hosts alone: each is told again in every session, and answers again. See docs/adr/0009. Owned by
/// the Fleet, loop thread only. Throws StoreError, SysError.
class KeyRenewal {
 public:
  /// What it does outside of the store.
  struct Hands {
    using Hear = std::function<void(const protocol::CoordinatorKeys&)>;
    /// Durable when it returns. `before` hears of them before they are: what it throws leaves nothing behind.
    std::function<protocol::CoordinatorKeys(const Hear& before)> draw_next;
    std::function<void()> take_next;   ///< from the next start on they are the keys; to be repeated when it threw
    std::function<void()> begin_anew;  ///< the coordinator ends and starts
  };
  struct Parts {
    store::StateStore& store;
    HostBook& hosts;
    AgentRegistry& registry;
    Timers& timers;
    const Clock& clock;
    Changeover& changeover;
  };
  KeyRenewal(Parts parts, protocol::CoordinatorKeys present, SigningKeyPair plan_key,
             std::optional<protocol::CoordinatorKeys> next, Hands hands)
      : parts_(parts),
        present_(std::move(present)),
        plan_key_(std::move(plan_key)),
        next_(std::move(next)),
        hands_(std::move(hands)) {}

  /// The host's session has begun: it is told of the next keys, and has to say anew that it knows them. It may be
  /// another machine under the same name.
  void host_connected(const HostId& host);
  void noted(const HostId& host, const protocol::KeysNoted& note);

  KeysView view() const;
  /// Draws and announces the next keys; when every host knows them, and no deployment is at work, puts them into force.
  /// To be repeated until the answer says that they are, also after it threw.
  Answer<KeysView> renew(const Caller& caller, const RenewKeysRequest& request);

 private:
  void tell(const HostId& host) const;
  bool is_known_by(const model::HostRow& host) const;
  std::vector<DeploymentId> deployments_at_work() const;
  std::optional<Refusal> refuse(const RenewKeysRequest& request) const;
  Refusal rehearsal() const;
  void announce(const Caller& caller, const std::string& reason);
  void put_into_force(const Caller& caller, const RenewKeysRequest& request);

  Parts parts_;
  protocol::CoordinatorKeys present_;
  SigningKeyPair plan_key_;
  std::optional<protocol::CoordinatorKeys> next_;
  Hands hands_;
  /// With the key of the machine that said so: another may have the name since, which has not dialled yet.
  std::map<HostId, std::string> known_by_;
  /// Whom the change leaves out, once it is in the audit.
  std::optional<std::vector<HostId>> audited_without_;
  bool taken_ = false;
};

}  // namespace switchyard::fleet
