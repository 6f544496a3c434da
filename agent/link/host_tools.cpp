#include "agent/link/host_tools.hpp"

#include "agent/system/journal_tail.hpp"
#include "agent/system/port_holder.hpp"

namespace switchyard::agent {

HostTools::HostTools(const HostPaths& paths, const Clock& clock, BlobSource& blobs)
    : no_switch(sockets),
      nftables({paths.switch_state, paths.units}, files, services, sockets, NftCommand()),
      haproxy(paths.switch_state, files, sockets),
      switches{no_switch, nftables, haproxy},
      prober(services, clock),
      ensure_release(paths, blobs),
      ensure_file(paths, services),
      ensure_link(paths),
      ensure_unit(services, clock, journal_tail,
                  [this](std::uint16_t port, const std::string& unit) { return port_holder(sockets, port, unit); }),
      switch_traffic(switches),
      check_switch(switches),
      drain(switches, clock, real_pause()),
      probe(prober, clock, real_pause(),
            // Of whatever run: the one that died may have been followed by another already.
            [](const std::string& unit) { return journal_tail(unit, ""); }),
      run(paths, services, files, clock, real_pause()),
      prune(paths),
      verify_old(paths, services, switches, sockets),
      executors({ensure_release, ensure_file, ensure_link, ensure_unit, switch_traffic, check_switch, drain, probe, run,
                 prune, verify_old},
                clock),
      inventory(paths, services, switches, sockets) {}

}  // namespace switchyard::agent
