#include "agent/link/host_tools.hpp"

#include "agent/system/journal_tail.hpp"
#include "agent/system/port_holder.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard::agent {

HostTools::HostTools(const HostPaths& paths, const Clock& clock, BlobSource& blobs, SecretMask& mask)
    : no_switch(sockets),
      nftables({paths.switch_state, paths.units}, files, services, sockets, NftCommand()),
      haproxy(paths.switch_state, files, sockets),
      switches{no_switch, nftables, haproxy},
      prober(services, clock, mask, real_pause(), paths.credentials),
      ensure_release(paths, blobs),
      ensure_file(paths, services),
      ensure_link(paths),
      ensure_unit(
          services, clock,
          [&mask](const std::string& unit, const std::string& invocation) {
            return journal_tail(unit, invocation, mask);
          },
          [this](std::uint16_t port, const std::string& unit) { return port_holder(sockets, port, unit); }),
      switch_traffic(switches),
      check_switch(switches),
      drain(switches, clock, real_pause()),
      probe(prober, clock, real_pause(),
            // Of whatever run: the one that died may have been followed by another already.
            [&mask](const std::string& unit) { return journal_tail(unit, "", mask); }),
      run(paths, services, files, clock, mask, real_pause()),
      hook(run, clock),
      prune(paths),
      verify_old(paths, services, switches, sockets),
      ensure_configuration(
          paths, ensure_file, credentials,
          [state = paths.state] { return protocol::load_curve_keys(state / "agent.key").secret; }, mask),
      snapshot(paths),
      restore(paths, services),
      executors({ensure_release, ensure_file, ensure_link, ensure_unit, switch_traffic, check_switch, drain, probe, run,
                 prune, verify_old, ensure_configuration, hook, snapshot, restore},
                clock, mask),
      schemas({paths.credentials}, mask),
      file_keeper(paths, executors, snapshot, schemas),
      inventory(paths, services, switches, sockets) {}

}  // namespace switchyard::agent
