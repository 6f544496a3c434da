#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/secret_mask.hpp"
#include "coordinator/fleet/bounded_values.hpp"

namespace switchyard::fleet {

/// What the coordinator blackens: the secrets that its store keeps, and the random texts of what was deployed, both
/// within bounds. What a host says is masked with those that it may know, the secrets of the environments that have
/// brought it anything, and with no others: else whoever deploys there could try what the secrets of other
/// environments are (adr/0013). Owned by the Fleet, loop thread only; the mask that it fills is for any thread.
class SecretMasks {
 public:
  /// `all`: what the program's log is masked with. It knows from now on what is learnt here, and nothing else.
  explicit SecretMasks(SecretMask& all);

  /// The newest last. Says in the log when others had to be forgotten for them.
  void learn_secrets(const std::vector<EnvironmentValue>& values);
  /// Random texts of configurations, the newest last.
  void learn_drawn(const std::vector<EnvironmentValue>& values);
  /// The environment brings something to the host, or has done so.
  void note(const HostId& host, const std::string& environment);

  /// For what this host says; of one that nothing was ever brought to, with all. To be used before the next call.
  const SecretMask& of(const HostId& host);

 private:
  void tell();

  SecretMask& all_;
  BoundedValues secrets_, drawn_;
  std::set<std::string> environments_;  ///< of which there are any
  std::map<HostId, std::set<std::string>> environments_of_;
  std::map<std::set<std::string>, SecretMask> made_;  ///< by environments; made when they are asked for
  std::size_t made_bytes_ = 0;
};

}  // namespace switchyard::fleet
