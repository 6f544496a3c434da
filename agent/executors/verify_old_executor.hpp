#pragma once

#include <optional>

#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"
#include "agent/system/socket_table.hpp"
#include "agent/system/traffic_switch.hpp"

namespace switchyard::agent {

/// VerifyOld: what serves now is what the plan was made against, and the release that a revert would go back to has
/// every byte that it had when it was unpacked. Found out before anything changes, not when it is needed. "What serves"
/// is read as the inventory reads it. Reads only; several may run at once.
class VerifyOldExecutor final : public Executor {
 public:
  VerifyOldExecutor(const HostPaths& paths, ServiceManager& services, const TrafficSwitches& switches,
                    SocketTable& sockets)
      : paths_(paths), services_(services), switches_(switches), sockets_(sockets) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  std::optional<std::string> compare_switch(const protocol::VerifyOld& wanted);
  bool leads_nowhere(const SwitchReading& reading);
  protocol::StepResult verify_release(const protocol::VerifyOld& wanted, const StepContext& context);

  HostPaths paths_;
  ServiceManager& services_;
  TrafficSwitches switches_;
  SocketTable& sockets_;
};

}  // namespace switchyard::agent
