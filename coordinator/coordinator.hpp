#pragma once

#include <functional>
#include <memory>

#include "common/event_loop.hpp"
#include "common/secret_mask.hpp"
#include "coordinator/coordinator_config.hpp"

namespace switchyard {

/// The coordinator: everything is built here, by hand, and passed on by reference. Owned by main().
class Coordinator {
 public:
  /// Opens the store, takes the epoch, listens, and takes up unfinished deployments. Throws Error: what is wrong, and
  /// what to do. `mask` learns its secrets. `begin_anew` is called when this one shall be ended and another built: its
  /// keys are new.
  Coordinator(EventLoop& loop, const CoordinatorConfig& config, SecretMask& mask, std::function<void()> begin_anew);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Reads what a start would read, keys and store, as far as they are there already. Changes nothing, so it may run
/// beside a coordinator. Throws Error.
void check_coordinator(const CoordinatorConfig& config);

/// Notes in the store that it is a copy which took the place of a newer one. No coordinator may run on it meanwhile.
/// Throws Error.
void mark_restored(const CoordinatorConfig& config);

/// Takes every authenticator app and every secret away, since vault.key, which they hang on, is lost: the next start
/// makes another. No coordinator may run on the store meanwhile. Throws Error.
void give_vault_up(const CoordinatorConfig& config);

}  // namespace switchyard
