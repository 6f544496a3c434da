#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/secret_text.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/secret_masks.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The secrets of the environments. Values are sealed with the vault's key, each bound to its environment, name and
/// version, so that no row can stand in for another; they are opened to be sealed anew, for the agent of a host, and to
/// be known to the mask (adr/0013). Owned by the Fleet, loop thread only. Throws StoreError.
class SecretBook {
 public:
  /// `key`: 32 raw bytes; whoever has it and the store can read all of them.
  SecretBook(store::StateStore& store, const Clock& clock, std::string key, SecretMasks& masks)
      : store_(store), clock_(clock), key_(std::move(key)), masks_(masks) {}

  /// The masks know every version that is kept, as far as limits::masked_bytes_max goes, the newest first: a host may
  /// still print what was replaced long ago.
  void begin();

  /// The next version. The audit says its name and number.
  Answer<SecretView> set(const Caller& caller, const SecretRequest& request);
  Answer<bool> remove(const Caller& caller, const std::string& environment, const std::string& name);
  /// Those that are there, by environment and name.
  std::vector<SecretView> list() const;

  /// The newest version's number; nothing when there is none, or it was removed.
  std::optional<std::uint64_t> newest(const std::string& environment, const std::string& name) const;
  /// Nothing when that version is not kept any more. Throws StoreError when the store's bytes are not what was written.
  std::optional<SecretText> value(const std::string& environment, const std::string& name, std::uint64_t version) const;

 private:
  std::optional<Refusal> refuse(const SecretRequest& request) const;
  std::optional<model::SecretRow> find(const std::string& environment, const std::string& name) const;

  store::StateStore& store_;
  const Clock& clock_;
  std::string key_;
  SecretMasks& masks_;
};

}  // namespace switchyard::fleet
