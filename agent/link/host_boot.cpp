#include "agent/link/host_boot.hpp"

#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

std::string read_boot_id() {
  const std::optional<std::string> text = PosixFileSystem().read("/proc/sys/kernel/random/boot_id");
  if (!text) throw SysError(2, "reading /proc/sys/kernel/random/boot_id");
  return text->substr(0, text->find('\n'));
}

bool restart_is_safe(const AgentCore& core) {
  if (!core.idle()) return false;
  for (const auto& [id, run] : core.deployments()) {
    if (!run.committed) return false;
  }
  return true;
}

}  // namespace switchyard::agent
