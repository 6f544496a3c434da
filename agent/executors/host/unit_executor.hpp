#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// The last journal lines of a unit's run: journal_tail() of agent/system; tests pass their own.
using JournalTail = std::function<std::vector<std::string>(const std::string& unit, const std::string& invocation_id)>;

/// Who else holds a port, in words: port_holder() of agent/system; tests pass their own.
using PortHolder = std::function<std::optional<std::string>(std::uint16_t port, const std::string& own_unit)>;

/// EnsureUnit: reads the unit's state, acts on a difference only, and reads back. Reloads systemd's unit files first
/// when they changed since it read them. Evidence: ActiveState, MainPID and InvocationID, so that a process that was
/// restarted is told from the one that a step started. A start that fails carries the unit's last words; one
/// whose port somebody else holds is refused beforehand, with the holder's name. Several may
/// run at once, for different units.
class UnitExecutor final : public Executor {
 public:
  UnitExecutor(ServiceManager& services, const Clock& clock, JournalTail tail, PortHolder holder);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  std::optional<protocol::StepResult> refuse_limits(const protocol::EnsureUnit& wanted);
  UnitStatus read_fresh(const std::string& unit);
  bool ensure_enablement(const protocol::EnsureUnit& wanted, const UnitStatus& before);
  protocol::StepResult start(const protocol::EnsureUnit& wanted, const UnitStatus& before, const StepContext& context);
  protocol::StepResult stop(const protocol::EnsureUnit& wanted, const UnitStatus& before, const StepContext& context);
  protocol::StepResult ensure_state(const protocol::EnsureUnit& wanted, const UnitStatus& before,
                                    const StepContext& context);
  std::string last_words(const std::string& unit, const UnitStatus& status) const;
  std::uint32_t left_ms(const StepContext& context) const;

  ServiceManager& services_;
  const Clock& clock_;
  JournalTail tail_;
  PortHolder holder_;
};

}  // namespace switchyard::agent
