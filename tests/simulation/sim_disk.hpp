#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal/journal_disk.hpp"
#include "tests/simulation/fault_points.hpp"

namespace switchyard::simulation {

/// The disk of one host, as far as the journal touches it. What a process has written is seen by every other process at
/// once, and survives its end; it survives a power cut only when it was synced, else in part: sectors of 512 bytes,
/// each there or not. A sync that fails marks its pages clean all the same, as Linux does.
class SimDisk {
 public:
  SimDisk(Dice& dice, FaultPoints& points) : dice_(dice), points_(points) {}

  /// The real code's view of it; one for each process.
  std::unique_ptr<agent::JournalDisk> open();
  /// What was not synced is lost, or not.
  void cut_power();
  /// What a power cut would certainly leave.
  const std::string& durable_bytes() const { return durable_name_ ? durable_name_->durable : nothing_; }
  std::uint64_t durable_file() const { return durable_name_ ? durable_name_->number : 0; }

  bool full = false;
  double sync_failure = 0;
  /// What is written, whether it lasts or not.
  std::function<void(std::string_view bytes)> on_write = [](std::string_view) {};
  /// After every change of what is durable.
  std::function<void()> on_durable = [] {};

 private:
  struct File {
    std::uint64_t number = 0;
    std::string cache;
    std::string durable;
    std::vector<std::pair<std::size_t, std::size_t>> dirty;  ///< offset and length
  };
  class View;

  void write(File& file, std::uint64_t at, std::string_view bytes);
  void sync(File& file);
  void replace(std::string_view bytes);
  void keep_some(File& file);

  Dice& dice_;
  FaultPoints& points_;
  std::shared_ptr<File> name_, durable_name_;
  std::uint64_t last_number_ = 0;
  std::string nothing_;
};

}  // namespace switchyard::simulation
