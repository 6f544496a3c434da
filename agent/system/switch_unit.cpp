#include "agent/system/switch_unit.hpp"

#include <string>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// After whatever flushes or fills the rule set at boot, and after the resume unit, which may revert an unfinished
/// deployment by rewriting the file. No ExecStop: stopping the unit must not stop traffic.
std::string unit_text(const std::filesystem::path& ruleset) {
  const std::string load = "/usr/sbin/nft -f " + ruleset.string() + "\n";
  return "# Written by switchyard-agent. It stays when the agent is removed, so that stable ports keep leading to the\n"
         "# services behind them. To take the switch away: disable this unit, delete the file that it loads, and run\n"
         "# `nft delete table inet switchyard`.\n"
         "[Unit]\n"
         "Description=Stable ports of deployed services\n"
         "Documentation=man:switchyard-agent(8)\n"
         "ConditionPathExists=" +
         ruleset.string() +
         "\n"
         "After=nftables.service firewalld.service ufw.service docker.service switchyard-resume.service\n"
         "Before=multi-user.target\n"
         "\n"
         "[Service]\n"
         "Type=oneshot\n"
         "RemainAfterExit=yes\n"
         "ExecStart=" +
         load + "ExecReload=" + load +
         "\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

}  // namespace

void ensure_switch_unit(FileSystem& files, ServiceManager& services, const std::filesystem::path& units,
                        const std::filesystem::path& ruleset) {
  const std::filesystem::path path = units / switch_unit_name;
  const std::string wanted = unit_text(ruleset);
  if (files.read(path) != wanted) {
    files.create_directories(units, 0755);
    files.write_atomically(path, wanted, 0644);
    services.reload_units();
  }
  if (services.status(switch_unit_name).unit_file_state == "enabled") return;
  services.enable(switch_unit_name);
  services.reset_failed(switch_unit_name);
  // Once, to prove that it works. Not whenever it is not active: while a host boots it waits for the resume unit, which
  // itself may be switching traffic back right now and must not wait for it.
  const std::string outcome = services.start(switch_unit_name, static_cast<std::uint32_t>(limits::nft_ms_max));
  if (outcome == "failed") {
    throw Error(std::string(switch_unit_name) +
                " did not start, so the switch would be lost at the next boot; see `journalctl -u " + switch_unit_name +
                "`");
  }
}

}  // namespace switchyard::agent
