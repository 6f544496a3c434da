#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/system/haproxy_socket.hpp"
#include "agent/system/socket_table.hpp"
#include "agent/system/traffic_switch.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

/// The switch in a running haproxy: the new slot's server is made `ready`, then the old one `drain`s. Both servers
/// stand in haproxy's configuration; servers that the plan does not name are left alone.
///
/// Before the first apply() a backend stands as a person configured it, most often with a first server that is ready
/// and has nothing behind it: until then only servers on whose port somebody listens count as live.
///
/// haproxy forgets its servers' states when it restarts or reloads. So the wanted state is kept in
/// <state>/haproxy.state and applied again as soon as the watch sees another process id. And after each change
/// haproxy's own `show servers state` is written to <state>/<socket path with _ for />.servers: a configuration with
/// `server-state-file` and `load-server-state-from-file global` brings the state back from the first request on, also
/// with the agent removed.
///
/// Any thread. Throws SysError when the socket cannot be reached, Error when haproxy refuses.
class HaproxySwitch final : public TrafficSwitch {
 public:
  HaproxySwitch(std::filesystem::path state, FileSystem& files, SocketTable& sockets);

  SwitchReading read(const protocol::SwitchTraffic& wanted) override;
  void apply(const protocol::SwitchTraffic& wanted) override;
  std::optional<SwitchRefusal> refuse(const protocol::SwitchTraffic& wanted) override;
  std::uint64_t connections(const protocol::SwitchTraffic& of, const protocol::SwitchTarget& target) override;

  /// Applies the wanted state again where haproxy is another process than before and lost it. The number of backends
  /// that were put back. A haproxy that cannot be reached is left for the next call.
  std::size_t reapply_if_restarted();

  /// Is there any that would have to be applied again? And where a file appears when there first is one.
  bool remembers_any() const { return files_.read(state_ / "haproxy.state").has_value(); }
  const std::filesystem::path& state() const { return state_; }

  static std::filesystem::path server_state_file(const std::filesystem::path& state, const std::string& socket);

 private:
  std::vector<protocol::SwitchTraffic> wanted_switches() const;
  void remember(const protocol::SwitchTraffic& wanted);
  void carry_out(const protocol::SwitchTraffic& wanted) const;

  const std::filesystem::path state_;
  FileSystem& files_;
  SocketTable& sockets_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> process_ids_;  ///< by socket: as last seen, guarded by mutex_
};

}  // namespace switchyard::agent
