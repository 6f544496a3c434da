// What the kernel tells of the host: processor, memory, room on a file system.
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "agent/probes/probe.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint64_t kb_per_mb = 1024;

struct CpuTimes {
  std::uint64_t busy = 0, all = 0;
};

/// The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks since the boot.
std::optional<CpuTimes> read_cpu(const std::filesystem::path& proc) {
  std::ifstream file(proc / "stat");
  std::string word;
  if (!(file >> word) || word != "cpu") return std::nullopt;
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& tick : ticks) {
    if (!(file >> tick)) return std::nullopt;
  }
  CpuTimes times;
  for (const std::uint64_t tick : ticks) times.all += tick;
  times.busy = times.all - ticks[3] - ticks[4];
  return times;
}

/// Memory that programs could have without swapping, in MB.
std::optional<std::uint64_t> read_free_memory(const std::filesystem::path& proc) {
  std::ifstream file(proc / "meminfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("MemAvailable:")) continue;
    std::istringstream fields(line.substr(line.find(':') + 1));
    std::uint64_t kb = 0;
    if (fields >> kb) return kb / kb_per_mb;
  }
  return std::nullopt;
}

}  // namespace

ProbeTry try_resources(const protocol::ResourcesProbe& probe, const Pause& pause, const std::stop_token& stop,
                       const std::filesystem::path& proc) {
  std::string seen, short_of;
  const auto add = [&](const std::string& what, bool enough, const std::string& expected) {
    seen += (seen.empty() ? "" : ", ") + what;
    if (!enough) short_of += (short_of.empty() ? "" : ", ") + what + ", expected " + expected;
  };
  if (probe.max_cpu_percent != 0) {
    const auto before = read_cpu(proc);
    pause(limits::cpu_sample_ms, stop);
    const auto after = read_cpu(proc);
    if (!before || !after) return not_known("the kernel does not tell how busy the processor is");
    const std::uint64_t passed = after->all - before->all;
    const std::uint64_t percent = passed == 0 ? 0 : (after->busy - before->busy) * 100 / passed;
    add("processor " + std::to_string(percent) + " % busy", percent <= probe.max_cpu_percent,
        "at most " + std::to_string(probe.max_cpu_percent) + " %");
  }
  if (probe.min_free_memory_mb != 0) {
    const auto free_mb = read_free_memory(proc);
    if (!free_mb) return not_known("the kernel does not tell how much memory is free");
    add(std::to_string(*free_mb) + " MB of memory free", *free_mb >= probe.min_free_memory_mb,
        "at least " + std::to_string(probe.min_free_memory_mb) + " MB");
  }
  if (probe.min_free_space_mb != 0) {
    struct statvfs space {};
    if (::statvfs(probe.path.c_str(), &space) != 0) {
      return not_ok(probe.path + " cannot be asked for its free space: " + std::generic_category().message(errno));
    }
    const std::uint64_t free_mb = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize / (kb_per_mb * 1024);
    add(std::to_string(free_mb) + " MB free on " + probe.path, free_mb >= probe.min_free_space_mb,
        "at least " + std::to_string(probe.min_free_space_mb) + " MB");
  }
  return short_of.empty() ? all_ok(seen) : not_ok(short_of);
}

}  // namespace switchyard::agent
