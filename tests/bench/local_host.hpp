#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "agent/executors/executors.hpp"
#include "agent/executors/link_executor.hpp"
#include "agent/executors/probe_executor.hpp"
#include "agent/executors/prune_executor.hpp"
#include "agent/executors/release_executor.hpp"
#include "common/clock.hpp"
#include "protocol/message.hpp"

namespace switchyard::bench {

/// What a host is for an agent that shares its machine with a thousand others. Releases are fetched, unpacked, verified
/// and pruned for real, and `current` is a link, below a directory of its own; HTTP checks ask, and commands are
/// processes. Units, their files and the switch, of which a machine has one set, are kept in memory. Owned by a local
/// agent; steps run on workers.
class LocalHost final : public agent::Executor {
 public:
  /// `root`: what stands before every path of the coordinator's plans.
  LocalHost(std::filesystem::path root, const agent::HostPaths& paths, agent::BlobSource& blobs, const Clock& clock);

  agent::Executors& executors() { return executors_; }
  protocol::InventoryReply answer(const protocol::Inventory& inventory);

  /// The kinds of steps that no real executor does.
  protocol::StepResult run(const protocol::Action& action, const agent::StepContext& context) override;

 private:
  protocol::StepResult make(const protocol::EnsureFile& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::EnsureLink& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::EnsureUnit& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::SwitchTraffic& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::VerifyOld& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::Run& wanted, const agent::StepContext& context);
  protocol::StepResult make(const protocol::Hook& wanted, const agent::StepContext& context);
  template <class Other>
  protocol::StepResult make(const Other&, const agent::StepContext&) {
    return agent::done(false, "");
  }
  protocol::ComponentFact fact(const protocol::InventoryQuestion& question);
  /// Of the slots that this component has: the one that serves; empty: none.
  std::string serving_slot(const protocol::InventoryQuestion& question);

  std::filesystem::path root_;
  agent::HostPaths paths_;
  agent::ReleaseExecutor ensure_release_;
  agent::LinkExecutor ensure_link_;
  agent::ProbeExecutor probe_;
  agent::PruneExecutor prune_;
  SecretMask mask_;
  agent::Executors executors_;
  std::mutex mutex_;                                  ///< guards all below
  std::map<std::string, std::string> unit_releases_;  ///< unit -> release that its file names
  std::set<std::string> running_;                     ///< units
  std::map<std::string, std::string> live_slot_;      ///< component -> slot that the switch leads to
};

}  // namespace switchyard::bench
