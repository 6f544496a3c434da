#pragma once

#include <memory>
#include <string>

#include "agent/system/service_manager.hpp"

namespace switchyard::agent {

/// systemd over D-Bus, by sd-bus. Any thread: a call borrows one of a few idle connections, or dials one; no connection
/// is ever used by two threads at a time, and one that failed is not used again. Calls that wait for a job have a
/// connection of their own, whose subscription ends with it.
class SdbusServiceManager final : public ServiceManager {
 public:
  /// `address`: a D-Bus address, for tests; empty: the system bus. Does not dial yet.
  explicit SdbusServiceManager(std::string address = "");
  ~SdbusServiceManager() override;

  UnitStatus status(const std::string& unit) override;
  std::string start(const std::string& unit, std::uint32_t timeout_ms) override;
  std::string stop(const std::string& unit, std::uint32_t timeout_ms) override;
  std::string restart(const std::string& unit, std::uint32_t timeout_ms) override;
  void enable(const std::string& unit) override;
  void disable(const std::string& unit) override;
  UnitLimits limits(const std::string& unit) override;
  void reload_units() override;
  void reset_failed(const std::string& unit) override;
  std::optional<std::string> start_transient(const TransientUnit& unit) override;

 private:
  class Connections;
  std::string run_job(const char* method, const std::string& unit, std::uint32_t timeout_ms, bool starts);

  std::unique_ptr<Connections> connections_;
};

}  // namespace switchyard::agent
