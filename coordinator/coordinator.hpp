#pragma once

#include <functional>
#include <memory>

#include "common/event_loop.hpp"
#include "coordinator/coordinator_config.hpp"

namespace switchyard {

/// The coordinator: everything is built here, by hand, and passed on by reference. Owned by main().
class Coordinator {
 public:
  /// Opens the store, takes the epoch, listens, and takes up unfinished deployments. Throws Error: what is wrong, and
  /// what to do. `begin_anew` is called when this one shall be ended and another built: its keys are new.
  Coordinator(EventLoop& loop, const CoordinatorConfig& config, std::function<void()> begin_anew);
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

}  // namespace switchyard
