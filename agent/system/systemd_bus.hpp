#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// RAII and errors around sd-bus; used by sdbus_service_manager.cpp alone.
namespace switchyard::agent {

/// A bus error as systemd named it.
struct BusFailure {
  int error_number = 0;  ///< positive; 0: none
  std::string name;      ///< org.freedesktop.systemd1.NoSuchUnit
  std::string text;
  explicit operator bool() const { return error_number != 0; }
  bool is(const char* wanted) const { return name == wanted; }
};

struct BusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
using BusPointer = std::unique_ptr<sd_bus, BusDeleter>;
using BusMessage = std::unique_ptr<sd_bus_message, BusDeleter>;
using BusSlot = std::unique_ptr<sd_bus_slot, BusDeleter>;

/// Throws SysError for a negative sd-bus result.
int bus_check(int result, const std::string& what);

/// One connection. Not thread-safe. Calls throw SysError when the connection fails; an error that systemd answers is
/// a BusFailure, which the caller judges.
class SystemdBus {
 public:
  explicit SystemdBus(const std::string& address);

  BusMessage new_call(const char* path, const char* interface, const char* method) const;
  BusMessage new_manager_call(const char* method) const;
  std::pair<BusMessage, BusFailure> call(const BusMessage& message) const;
  /// A manager's method that takes one string; throws on every failure.
  BusMessage manager_call(const char* method, const std::string& argument) const;

  std::string text_property(const std::string& path, const char* interface, const char* name) const;
  std::uint32_t number_property(const std::string& path, const char* interface, const char* name) const;
  std::int32_t signed_property(const std::string& path, const char* interface, const char* name) const;
  std::uint64_t large_property(const std::string& path, const char* interface, const char* name) const;
  bool flag_property(const std::string& path, const char* interface, const char* name) const;
  /// The number of the job in a property of type (uo); 0: none.
  std::uint32_t job_property(const std::string& path, const char* interface, const char* name) const;
  std::string bytes_property(const std::string& path, const char* interface, const char* name) const;

  /// From here on ends of jobs are remembered; see wait_for_job().
  void subscribe_to_jobs();
  /// The job's result word, or "timeout" when it has not ended by then.
  std::string wait_for_job(const std::string& job_path, std::chrono::steady_clock::time_point deadline);

 private:
  static int on_job_removed(sd_bus_message* message, void* self, sd_bus_error* error);

  BusPointer bus_;
  BusSlot jobs_;                                                 // before bus_ is closed
  std::vector<std::pair<std::string, std::string>> ended_jobs_;  ///< path, result
};

[[noreturn]] void throw_failure(const BusFailure& failure, const std::string& what);

}  // namespace switchyard::agent
