#pragma once

#include <functional>
#include <map>
#include <string>

#include "agent/executors/hook_executor.hpp"
#include "agent/executors/run_executor.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/fault_points.hpp"
#include "tests/simulation/process.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/memory_file_system.hpp"

namespace switchyard::simulation {

/// What runs on a host once: the real executor over a systemd and result files in memory, and the books of how often
/// each command had its effect (I5). Commands take no time, but the agent may end before and after each, and the host
/// forgets its units at a boot.
class Commands {
 public:
  Commands(Dice& dice, FaultPoints& points, const MachineClock& clock, const double& failing);

  /// A command or a hook.
  protocol::StepResult run(const protocol::Action& wanted, const agent::StepContext& context);
  void boot() { units_.systemd = {}; }

  std::function<void(const std::string&)> on_violation;

 private:
  /// systemd, as far as the executor needs it.
  struct Units final : agent::ServiceManager {
    explicit Units(Commands& commands) : owner(commands) {}
    agent::UnitStatus status(const std::string& unit) override { return systemd.status(unit); }
    std::string start(const std::string& unit, std::uint32_t ms) override { return systemd.start(unit, ms); }
    std::string stop(const std::string& unit, std::uint32_t ms) override;
    std::string restart(const std::string& unit, std::uint32_t ms) override { return systemd.restart(unit, ms); }
    void enable(const std::string& unit) override { systemd.enable(unit); }
    void disable(const std::string& unit) override { systemd.disable(unit); }
    agent::UnitLimits limits(const std::string& unit) override { return systemd.limits(unit); }
    void reload_units() override { systemd.reload_units(); }
    void reset_failed(const std::string& unit) override { systemd.reset_failed(unit); }
    std::optional<std::string> start_transient(const agent::TransientUnit& unit) override;

    Commands& owner;
    testing::FakeServiceManager systemd;
  };
  void had_effect(const std::string& unit);

  Dice& dice_;
  FaultPoints& points_;
  const double& failing_;
  Units units_{*this};
  testing::MemoryFileSystem files_;
  std::map<std::string, int> effects_;  ///< unit -> how often its process began
  SecretMask mask_;                     ///< of no secrets
  agent::RunExecutor executor_;
  agent::HookExecutor hooks_;
};

}  // namespace switchyard::simulation
