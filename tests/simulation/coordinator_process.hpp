#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/fleet/fleet_operations.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/simulation/host.hpp"

namespace switchyard::simulation {

/// What happens to the coordinator's store.
struct StoreTrouble {
  bool full = false;
};

/// The real in-memory store over a disk that outlives processes; it may end its process before and after every commit,
/// and may be full for a while.
class SimStore final : public store::MemoryStore {
 public:
  SimStore(std::shared_ptr<store::MemoryDisk> disk, Surroundings& world, const StoreTrouble& trouble);
  std::uint64_t take_epoch(const std::string& holder) override;
  std::uint64_t take_epoch_above(std::uint64_t obeyed) override;
  std::uint64_t next_plan_seq() override;
  void commit(const store::Transaction& writes) override;

 private:
  Surroundings& world_;
  const StoreTrouble& trouble_;
};

/// One life of a coordinator: the real Fleet over a simulated loop, clock, bus and store.
class CoordinatorProcess final : public Listener {
 public:
  CoordinatorProcess(Surroundings& world, const MachineClock& clock, std::shared_ptr<store::MemoryDisk> disk,
                     const StoreTrouble& trouble, const std::filesystem::path& artifacts,
                     std::function<void(const Crashed&)> ended);
  ~CoordinatorProcess() override;

  void begin();
  void clear();

  bool listens() const override { return parts_ != nullptr && process.alive() && !process.paused(); }
  void frame_arrived(const HostId& host, protocol::Channel channel, std::uint64_t connection,
                     const std::string& frame) override;
  /// Calls `ask` inside the process; false when nobody is there.
  bool ask(const std::function<void(fleet::Operations&)>& ask);

  /// The whole audit log.
  std::vector<store::StoredAudit> audit() const { return disk_->audit; }

  Process process;

 private:
  struct Parts;
  Surroundings& world_;
  const MachineClock& clock_;
  std::shared_ptr<store::MemoryDisk> disk_;
  const StoreTrouble& trouble_;
  std::filesystem::path artifacts_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::simulation
