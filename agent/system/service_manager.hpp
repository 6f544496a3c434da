#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace switchyard::agent {

/// What systemd says of a unit, read back.
struct UnitStatus {
  std::string load_state;    ///< loaded, not-found, masked ...
  std::string active_state;  ///< active, inactive, failed, activating ...
  std::string sub_state;
  std::string unit_file_state;  ///< enabled, disabled, static ...
  std::string result;           ///< success, exit-code, timeout ...
  std::uint32_t main_pid = 0;
  std::int32_t exit_status = 0;
  std::string invocation_id;  ///< 32 hexadecimal digits
  bool job_pending = false;   ///< systemd is about to start or stop it: what it is now will not stay
  bool need_reload = false;   ///< the unit file changed since systemd read it
  std::string working_directory;
  std::int64_t active_for_ms = 0;  ///< how long it has been active without a break; 0 when it is not
};

/// What systemd says of a unit's limits; nothing where there is none.
struct UnitLimits {
  std::optional<std::uint64_t> cpu_quota_us;  ///< of processor time in a second
  std::optional<std::uint64_t> memory_max_bytes;
};

struct TransientUnit {
  std::string name;
  std::string description;
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::string user;
  std::uint64_t timeout_ms = 0;  ///< RuntimeMaxSec
  /// Descriptors that become the program's own; they stay the caller's to close. -1: none.
  int standard_input = -1;
  int standard_output = -1;
};

/// Seam: systemd. Real: SdbusServiceManager (sd-bus, one connection per calling thread). In tests: FakeServiceManager.
/// Blocking; throws SysError when the bus fails. A unit that fails to start is a value, not an exception.
class ServiceManager {
 public:
  virtual ~ServiceManager() = default;
  virtual UnitStatus status(const std::string& unit) = 0;
  /// Waits for the job's end (JobRemoved) at most `timeout_ms`; the result word of the job: done, failed, timeout,
  /// dependency, canceled. While the resume unit decides what this boot runs, starts wait for its end, so it must not
  /// wait for them: then the result is `queued` at once, and the unit starts when the boot goes on.
  virtual std::string start(const std::string& unit, std::uint32_t timeout_ms) = 0;
  virtual std::string stop(const std::string& unit, std::uint32_t timeout_ms) = 0;
  virtual std::string restart(const std::string& unit, std::uint32_t timeout_ms) = 0;
  virtual void enable(const std::string& unit) = 0;
  virtual void disable(const std::string& unit) = 0;
  virtual UnitLimits limits(const std::string& unit) = 0;
  virtual void reload_units() = 0;
  /// Forgets a failed state, so that a start limit does not hold.
  virtual void reset_failed(const std::string& unit) = 0;
  /// Nothing when started; "exists" when a unit of that name is there already, since systemd refuses a second one.
  virtual std::optional<std::string> start_transient(const TransientUnit& unit) = 0;
};

}  // namespace switchyard::agent
