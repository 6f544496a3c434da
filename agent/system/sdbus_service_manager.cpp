#include "agent/system/sdbus_service_manager.hpp"

#include <chrono>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/system/systemd_bus.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr const char* resume_unit = "switchyard-resume.service";
constexpr const char* unit_exists = "org.freedesktop.systemd1.UnitExists";

/// From a moment of systemd's monotonic clock, in microseconds; 0 stands for never.
std::int64_t ms_since(std::uint64_t moment_us) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto now_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  return moment_us == 0 || moment_us > now_us ? 0 : static_cast<std::int64_t>((now_us - moment_us) / 1'000);
}

UnitStatus read_once(const SystemdBus& bus, const std::string& path, bool is_service) {
  UnitStatus status;
  status.invocation_id = to_hex(bus.bytes_property(path, unit_interface, "InvocationID"));
  status.load_state = bus.text_property(path, unit_interface, "LoadState");
  status.active_state = bus.text_property(path, unit_interface, "ActiveState");
  status.sub_state = bus.text_property(path, unit_interface, "SubState");
  status.unit_file_state = bus.text_property(path, unit_interface, "UnitFileState");
  status.job_pending = bus.job_property(path, unit_interface, "Job") != 0;
  status.need_reload = bus.flag_property(path, unit_interface, "NeedDaemonReload");
  if (status.active_state == "active") {
    status.active_for_ms = ms_since(bus.large_property(path, unit_interface, "ActiveEnterTimestampMonotonic"));
  }
  if (!is_service) return status;
  status.result = bus.text_property(path, service_interface, "Result");
  status.main_pid = bus.number_property(path, service_interface, "MainPID");
  status.exit_status = bus.signed_property(path, service_interface, "ExecMainStatus");
  status.working_directory = bus.text_property(path, service_interface, "WorkingDirectory");
  return status;
}

void append_property(sd_bus_message* message, const char* name, const std::string& value) {
  bus_check(sd_bus_message_append(message, "(sv)", name, "s", value.c_str()), name);
}
void append_flag(sd_bus_message* message, const char* name) {
  bus_check(sd_bus_message_append(message, "(sv)", name, "b", 1), name);
}

/// (sv) with the variant's content written by `fill`, which is called with the message open at the right place.
template <class Fill>
void append_variant(sd_bus_message* message, const char* name, const char* type, Fill fill) {
  bus_check(sd_bus_message_open_container(message, 'r', "sv"), name);
  bus_check(sd_bus_message_append(message, "s", name), name);
  bus_check(sd_bus_message_open_container(message, 'v', type), name);
  fill();
  bus_check(sd_bus_message_close_container(message), name);
  bus_check(sd_bus_message_close_container(message), name);
}

void append_texts(sd_bus_message* message, const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  bus_check(sd_bus_message_append_strv(message, pointers.data()), "listing arguments");
}

/// The extended form: the plain one expands $NAME in every argument, and an argument is what the plan says.
void append_exec_start(sd_bus_message* message, const std::vector<std::string>& argv) {
  append_variant(message, "ExecStartEx", "a(sasas)", [&] {
    bus_check(sd_bus_message_open_container(message, 'a', "(sasas)"), "ExecStartEx");
    bus_check(sd_bus_message_open_container(message, 'r', "sasas"), "ExecStartEx");
    bus_check(sd_bus_message_append(message, "s", argv.front().c_str()), "ExecStartEx");
    append_texts(message, argv);
    append_texts(message, {"no-env-expand"});
    bus_check(sd_bus_message_close_container(message), "ExecStartEx");
    bus_check(sd_bus_message_close_container(message), "ExecStartEx");
  });
}

void append_transient_properties(sd_bus_message* message, const TransientUnit& unit) {
  append_property(message, "Description", unit.description);
  // exec: a program that is not there fails the start instead of looking like one that ran.
  append_property(message, "Type", "exec");
  append_flag(message, "RemainAfterExit");
  append_flag(message, "NoNewPrivileges");
  if (!unit.working_directory.empty()) append_property(message, "WorkingDirectory", unit.working_directory);
  if (!unit.user.empty()) append_property(message, "User", unit.user);
  // From SIGTERM to SIGKILL: whoever waits for its end waits a little longer than that.
  bus_check(sd_bus_message_append(message, "(sv)", "TimeoutStopUSec", "t", limits::run_stop_ms * std::uint64_t{1'000}),
            "TimeoutStopUSec");
  if (unit.timeout_ms != 0) {
    bus_check(sd_bus_message_append(message, "(sv)", "RuntimeMaxUSec", "t", unit.timeout_ms * 1000), "RuntimeMaxUSec");
  }
  if (!unit.environment.empty()) {
    std::vector<std::string> assignments;
    for (const auto& [name, value] : unit.environment) assignments.push_back(name + "=" + value);
    append_variant(message, "Environment", "as", [&] { append_texts(message, assignments); });
  }
  const auto append_descriptor = [&](const char* name, int descriptor) {
    if (descriptor >= 0) bus_check(sd_bus_message_append(message, "(sv)", name, "h", descriptor), name);
  };
  append_descriptor("StandardInputFileDescriptor", unit.standard_input);
  append_descriptor("StandardOutputFileDescriptor", unit.standard_output);
  append_exec_start(message, unit.argv);
}

std::string read_path(const BusMessage& reply) {
  const char* path = nullptr;
  bus_check(sd_bus_message_read(reply.get(), "o", &path), "reading a path that systemd answered");
  return path;
}

std::chrono::steady_clock::time_point in_ms(std::uint64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

/// The host boots, and the caller is most likely the resume unit's own process: units that are ordered after it cannot
/// start before it has ended.
bool is_resuming(const SystemdBus& bus) {
  const std::string path = read_path(bus.manager_call("LoadUnit", resume_unit));
  return bus.text_property(path, unit_interface, "ActiveState") == "activating";
}

/// EnableUnitFiles and DisableUnitFiles differ in one flag.
void change_links(const SystemdBus& bus, const char* method, const std::string& unit, bool enable) {
  const BusMessage message = bus.new_manager_call(method);
  append_texts(message.get(), {unit});
  bus_check(sd_bus_message_append(message.get(), "b", 0), method);
  if (enable) bus_check(sd_bus_message_append(message.get(), "b", 1), method);
  const auto [reply, failure] = bus.call(message);
  if (failure) throw_failure(failure, std::string(method) + " of " + unit);
}

void reload(const SystemdBus& bus) {
  const auto [reply, failure] = bus.call(bus.new_manager_call("Reload"));
  if (failure) throw_failure(failure, "reloading systemd's unit files");
}

}  // namespace

/// Idle connections to the bus, at most bus_idle_max.
class SdbusServiceManager::Connections {
 public:
  explicit Connections(std::string address) : address_(std::move(address)) {}

  std::unique_ptr<SystemdBus> fresh() const { return std::make_unique<SystemdBus>(address_); }

  /// Calls `work` with an idle connection, or a fresh one. An idle connection may have died since it was last used (the
  /// bus was restarted): then the work, which must be safe to repeat, is done once more on a fresh one.
  template <class Work>
  auto with(Work work) {
    if (auto idle = take()) {
      try {
        auto result = work(*idle);
        give(std::move(idle));
        return result;
      } catch (const SysError& error) {
        const bool lost = error.error_number == ENOTCONN || error.error_number == ECONNRESET ||
                          error.error_number == EPIPE || error.error_number == ESHUTDOWN;
        if (!lost) throw;
      }
    }
    auto bus = fresh();
    auto result = work(*bus);
    give(std::move(bus));
    return result;
  }

 private:
  std::unique_ptr<SystemdBus> take() {
    const std::lock_guard guard(mutex_);
    if (idle_.empty()) return nullptr;
    auto bus = std::move(idle_.back());
    idle_.pop_back();
    return bus;
  }
  void give(std::unique_ptr<SystemdBus> bus) {
    const std::lock_guard guard(mutex_);
    if (idle_.size() < limits::bus_idle_max) idle_.push_back(std::move(bus));
  }

  const std::string address_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SystemdBus>> idle_;  ///< guarded by mutex_
};

SdbusServiceManager::SdbusServiceManager(std::string address)
    : connections_(std::make_unique<Connections>(std::move(address))) {}
SdbusServiceManager::~SdbusServiceManager() = default;

UnitStatus SdbusServiceManager::status(const std::string& unit) {
  return connections_->with([&unit](const SystemdBus& bus) {
    const std::string path = read_path(bus.manager_call("LoadUnit", unit));
    const bool is_service = unit.ends_with(".service");
    UnitStatus status = read_once(bus, path, is_service);
    // The properties are read one by one: all must be of the same run of the unit.
    for (int i = 1; i < limits::unit_readings_max; ++i) {
      UnitStatus again = read_once(bus, path, is_service);
      const bool same = again.invocation_id == status.invocation_id && again.active_state == status.active_state &&
                        again.main_pid == status.main_pid;
      status = std::move(again);
      if (same) break;
    }
    return status;
  });
}

std::string SdbusServiceManager::run_job(const char* method, const std::string& unit, std::uint32_t timeout_ms,
                                         bool starts) {
  const auto deadline = in_ms(timeout_ms);
  const auto bus = connections_->fresh();
  const bool queued = starts && is_resuming(*bus);
  bus->subscribe_to_jobs();
  const BusMessage message = bus->new_manager_call(method);
  bus_check(sd_bus_message_append(message.get(), "ss", unit.c_str(), "replace"), method);
  const auto [reply, failure] = bus->call(message);
  // Such a unit cannot run: an outcome, and the caller's readback says the rest.
  if (failure.is(no_such_unit)) return "failed";
  if (failure) throw_failure(failure, std::string(method) + " " + unit);
  if (queued) return "queued";
  return bus->wait_for_job(read_path(reply), deadline);
}

std::string SdbusServiceManager::start(const std::string& unit, std::uint32_t timeout_ms) {
  return run_job("StartUnit", unit, timeout_ms, true);
}
std::string SdbusServiceManager::stop(const std::string& unit, std::uint32_t timeout_ms) {
  return run_job("StopUnit", unit, timeout_ms, false);
}
std::string SdbusServiceManager::restart(const std::string& unit, std::uint32_t timeout_ms) {
  return run_job("RestartUnit", unit, timeout_ms, true);
}

void SdbusServiceManager::enable(const std::string& unit) {
  connections_->with([&unit](const SystemdBus& bus) {
    change_links(bus, "EnableUnitFiles", unit, true);
    // Only a reload makes systemd see the new link as a dependency.
    reload(bus);
    return true;
  });
}

void SdbusServiceManager::disable(const std::string& unit) {
  connections_->with([&unit](const SystemdBus& bus) {
    change_links(bus, "DisableUnitFiles", unit, false);
    reload(bus);
    return true;
  });
}

UnitLimits SdbusServiceManager::limits(const std::string& unit) {
  return connections_->with([&unit](const SystemdBus& bus) {
    const std::string path = read_path(bus.manager_call("LoadUnit", unit));
    const auto limit = [&](const char* property) -> std::optional<std::uint64_t> {
      const std::uint64_t value = bus.large_property(path, service_interface, property);
      if (value == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
      return value;
    };
    return UnitLimits{limit("CPUQuotaPerSecUSec"), limit("MemoryMax")};
  });
}

void SdbusServiceManager::reload_units() {
  connections_->with([](const SystemdBus& bus) {
    reload(bus);
    return true;
  });
}

void SdbusServiceManager::reset_failed(const std::string& unit) {
  connections_->with([&unit](const SystemdBus& bus) {
    const BusMessage message = bus.new_manager_call("ResetFailedUnit");
    bus_check(sd_bus_message_append(message.get(), "s", unit.c_str()), "ResetFailedUnit");
    const auto [reply, failure] = bus.call(message);
    // A unit that is not loaded has no failure to forget.
    if (failure && !failure.is(no_such_unit)) throw_failure(failure, "resetting " + unit);
    return true;
  });
}

std::optional<std::string> SdbusServiceManager::start_transient(const TransientUnit& unit) {
  if (unit.argv.empty()) throw InputError("the unit " + unit.name + " has no program to run");
  const auto bus = connections_->fresh();
  bus->subscribe_to_jobs();
  const BusMessage message = bus->new_manager_call("StartTransientUnit");
  bus_check(sd_bus_message_append(message.get(), "ss", unit.name.c_str(), "fail"), "StartTransientUnit");
  bus_check(sd_bus_message_open_container(message.get(), 'a', "(sv)"), "StartTransientUnit");
  append_transient_properties(message.get(), unit);
  bus_check(sd_bus_message_close_container(message.get()), "StartTransientUnit");
  bus_check(sd_bus_message_append(message.get(), "a(sa(sv))", 0), "StartTransientUnit");
  const auto [reply, failure] = bus->call(message);
  if (failure.is(unit_exists)) return "exists";
  if (failure) throw_failure(failure, "starting the transient unit " + unit.name);
  // Until its job has run the unit reads as inactive, as if it were over. Its outcome is read from the unit.
  bus->wait_for_job(read_path(reply), in_ms(limits::bus_call_ms_max));
  return std::nullopt;
}

}  // namespace switchyard::agent
