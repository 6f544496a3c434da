#pragma once

#include <string>
#include <vector>

#include "coordinator/fleet/bounded_values.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/secret_book.hpp"
#include "coordinator/model/configuration.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::fleet {

/// From what a deployment was asked with to what its hosts are sent: secrets and random texts are put in, and the file
/// is sealed to each host's agent. Equal input gives equal boxes and digests, so that a plan that is made once more is
/// the same plan. Owned by the Fleet, loop thread only.
class Configurations {
 public:
  /// `key`: 32 raw bytes; random texts, digests and boxes are derived from it.
  Configurations(const SecretBook& secrets, const HostBook& hosts, std::string key);

  /// With the newest version of each secret by its number: what is brought to a host later is what was asked for now.
  /// Throws InputError that names a secret which is not set.
  model::Configuration pinned(model::Configuration configuration) const;
  /// Limits, and for each component that wants a configuration what its hosts are sent. Throws InputError when it has
  /// none, or a secret is not there any more, and StoreError.
  void apply(const model::Configuration& configuration, model::Manifest& manifest) const;

  /// The random texts in it, as far as limits::masked_drawn_bytes_max goes.
  std::vector<EnvironmentValue> drawn_texts(const model::Configuration& configuration) const;
  /// The secrets in it that are still kept, of a pinned one. Throws StoreError.
  std::vector<EnvironmentValue> secret_values(const model::Configuration& configuration) const;

 private:
  struct Filled;
  Filled filled(const model::ComponentConfiguration& configuration, const std::string& environment,
                const std::string& component) const;
  std::string drawn(const model::ConfigurationPiece& piece, const std::string& environment,
                    const std::string& component) const;
  std::string value_of(const model::ConfigurationPiece& piece, const std::string& environment,
                       const std::string& component) const;
  void deliver(const model::Configuration& configuration, model::Component& component) const;

  const SecretBook& secrets_;
  const HostBook& hosts_;
  std::string random_key_, digest_key_, box_key_;
};

/// Letters and digits, each as likely as any other, that nobody knows who has not the key: the same for the same name.
std::string text_drawn_for(const std::string& key, const std::string& name, std::uint32_t length);

}  // namespace switchyard::fleet
