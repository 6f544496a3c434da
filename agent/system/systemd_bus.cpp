#include "agent/system/systemd_bus.hpp"

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr std::uint64_t us_per_ms = 1000;

/// sd_bus_error with its memory.
struct ErrorHolder {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  ErrorHolder() = default;
  ErrorHolder(const ErrorHolder&) = delete;
  ErrorHolder& operator=(const ErrorHolder&) = delete;
  ~ErrorHolder() { sd_bus_error_free(&error); }
  BusFailure failure(int number) const {
    return {number, error.name == nullptr ? "" : error.name, error.message == nullptr ? "" : error.message};
  }
};

template <class Value>
Value trivial_property(sd_bus* bus, const std::string& path, const char* interface, const char* name, char type) {
  ErrorHolder holder;
  Value value{};
  const int result =
      sd_bus_get_property_trivial(bus, service, path.c_str(), interface, name, &holder.error, type, &value);
  if (result < 0) throw_failure(holder.failure(-result), std::string("reading property ") + name + " of " + path);
  return value;
}

}  // namespace

int bus_check(int result, const std::string& what) {
  if (result < 0) throw SysError(-result, what);
  return result;
}

void throw_failure(const BusFailure& failure, const std::string& what) {
  const std::string said = failure.text.empty() ? failure.name : failure.text;
  throw SysError(failure.error_number, what + " (systemd: " + (said.empty() ? "no word" : said) + ")");
}

SystemdBus::SystemdBus(const std::string& address) {
  const std::string what = "connecting to the system bus" + (address.empty() ? std::string() : " at " + address);
  sd_bus* bus = nullptr;
  if (address.empty()) {
    bus_check(sd_bus_open_system(&bus), what);
    bus_.reset(bus);
  } else {
    bus_check(sd_bus_new(&bus), what);
    bus_.reset(bus);
    bus_check(sd_bus_set_address(bus, address.c_str()), what);
    bus_check(sd_bus_set_bus_client(bus, 1), what);
    bus_check(sd_bus_start(bus), what);
  }
  bus_check(sd_bus_set_method_call_timeout(bus, limits::bus_call_ms_max * us_per_ms), what);
}

BusMessage SystemdBus::new_call(const char* path, const char* interface, const char* method) const {
  sd_bus_message* message = nullptr;
  bus_check(sd_bus_message_new_method_call(bus_.get(), &message, service, path, interface, method),
            std::string("making the call ") + method);
  return BusMessage(message);
}

BusMessage SystemdBus::new_manager_call(const char* method) const {
  return new_call(manager_path, manager_interface, method);
}

std::pair<BusMessage, BusFailure> SystemdBus::call(const BusMessage& message) const {
  ErrorHolder holder;
  sd_bus_message* reply = nullptr;
  const int result = sd_bus_call(bus_.get(), message.get(), 0, &holder.error, &reply);
  if (result >= 0) return {BusMessage(reply), BusFailure{}};
  return {nullptr, holder.failure(-result)};
}

BusMessage SystemdBus::manager_call(const char* method, const std::string& argument) const {
  const BusMessage message = new_manager_call(method);
  bus_check(sd_bus_message_append(message.get(), "s", argument.c_str()), method);
  auto [reply, failure] = call(message);
  if (failure) throw_failure(failure, std::string(method) + " of " + argument);
  return std::move(reply);
}

std::string SystemdBus::text_property(const std::string& path, const char* interface, const char* name) const {
  ErrorHolder holder;
  char* text = nullptr;
  const int result =
      sd_bus_get_property_string(bus_.get(), service, path.c_str(), interface, name, &holder.error, &text);
  if (result < 0) throw_failure(holder.failure(-result), std::string("reading property ") + name + " of " + path);
  const std::unique_ptr<char, decltype(&::free)> owner(text, &::free);
  return text;
}

std::uint32_t SystemdBus::number_property(const std::string& path, const char* interface, const char* name) const {
  return trivial_property<std::uint32_t>(bus_.get(), path, interface, name, 'u');
}

std::int32_t SystemdBus::signed_property(const std::string& path, const char* interface, const char* name) const {
  return trivial_property<std::int32_t>(bus_.get(), path, interface, name, 'i');
}

std::uint64_t SystemdBus::large_property(const std::string& path, const char* interface, const char* name) const {
  return trivial_property<std::uint64_t>(bus_.get(), path, interface, name, 't');
}

bool SystemdBus::flag_property(const std::string& path, const char* interface, const char* name) const {
  return trivial_property<int>(bus_.get(), path, interface, name, 'b') != 0;
}

std::uint32_t SystemdBus::job_property(const std::string& path, const char* interface, const char* name) const {
  ErrorHolder holder;
  sd_bus_message* reply = nullptr;
  const std::string what = std::string("reading property ") + name + " of " + path;
  const int result =
      sd_bus_get_property(bus_.get(), service, path.c_str(), interface, name, &holder.error, &reply, "(uo)");
  if (result < 0) throw_failure(holder.failure(-result), what);
  const BusMessage owner(reply);
  std::uint32_t job = 0;
  const char* job_path = nullptr;
  bus_check(sd_bus_message_read(reply, "(uo)", &job, &job_path), what);
  return job;
}

std::string SystemdBus::bytes_property(const std::string& path, const char* interface, const char* name) const {
  ErrorHolder holder;
  sd_bus_message* reply = nullptr;
  const std::string what = std::string("reading property ") + name + " of " + path;
  const int result =
      sd_bus_get_property(bus_.get(), service, path.c_str(), interface, name, &holder.error, &reply, "ay");
  if (result < 0) throw_failure(holder.failure(-result), what);
  const BusMessage owner(reply);
  const void* bytes = nullptr;
  std::size_t size = 0;
  bus_check(sd_bus_message_read_array(reply, 'y', &bytes, &size), what);
  return size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

int SystemdBus::on_job_removed(sd_bus_message* message, void* self, sd_bus_error*) {
  std::uint32_t id = 0;
  const char* path = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0) return 0;
  // Only jobs that end during one wait for one job: a busy host may end a few others meanwhile, so keep the newest.
  auto& ended = static_cast<SystemdBus*>(self)->ended_jobs_;
  if (ended.size() >= limits::steps_per_slice_max) ended.erase(ended.begin());
  ended.emplace_back(path, result);
  return 0;
}

void SystemdBus::subscribe_to_jobs() {
  sd_bus_slot* slot = nullptr;
  bus_check(sd_bus_match_signal(bus_.get(), &slot, service, manager_path, manager_interface, "JobRemoved",
                                &SystemdBus::on_job_removed, this),
            "asking for the ends of jobs");
  jobs_.reset(slot);
  auto [reply, failure] = call(new_manager_call("Subscribe"));
  if (failure) throw_failure(failure, "subscribing to systemd");
}

std::string SystemdBus::wait_for_job(const std::string& job_path, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    for (const auto& [path, result] : ended_jobs_) {
      if (path == job_path) return result;
    }
    const int worked = bus_check(sd_bus_process(bus_.get(), nullptr), "listening to systemd");
    if (worked > 0) continue;
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return "timeout";
    const int woken = sd_bus_wait(bus_.get(), static_cast<std::uint64_t>(left.count()));
    if (woken < 0 && woken != -EINTR) bus_check(woken, "waiting for systemd");
  }
}

}  // namespace switchyard::agent
