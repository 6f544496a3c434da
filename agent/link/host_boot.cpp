#include "agent/link/host_boot.hpp"

#include <cerrno>
#include <sstream>

#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

namespace {

std::string read_or_throw(const char* path) {
  const std::optional<std::string> text = PosixFileSystem().read(path);
  if (!text) throw SysError(ENOENT, std::string("reading ") + path);
  return *text;
}

/// Of proc(5)'s fields of /proc/PID/stat, those behind the name, which may hold anything.
constexpr int fields_to_start_time = 19;

}  // namespace

std::string read_boot_id() {
  return boot_id_of(read_or_throw("/proc/sys/kernel/random/boot_id"), read_or_throw("/proc/1/stat"));
}

std::string boot_id_of(const std::string& kernel_id, const std::string& first_process) {
  const std::size_t name_end = first_process.rfind(')');
  std::istringstream fields(name_end == std::string::npos ? "" : first_process.substr(name_end + 1));
  std::string start_time;
  for (int i = 0; i <= fields_to_start_time; ++i) {
    if (!(fields >> start_time)) throw DecodeError("/proc/1/stat does not say when the first process began");
  }
  return kernel_id.substr(0, kernel_id.find('\n')) + "/" + start_time;
}

bool restart_is_safe(const AgentCore& core) {
  if (!core.idle()) return false;
  for (const auto& [id, run] : core.deployments()) {
    if (!run.committed) return false;
  }
  return true;
}

}  // namespace switchyard::agent
