#include "tests/simulation/sim_disk.hpp"

#include <algorithm>
#include <cerrno>

#include "common/error.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::size_t sector_bytes = 512;

}  // namespace

class SimDisk::View final : public agent::JournalDisk {
 public:
  explicit View(SimDisk& disk) : disk_(disk) {}

  std::unique_ptr<Lock> lock() override { return std::make_unique<Lock>(); }  // every event is one turn
  std::optional<std::uint64_t> present() override {
    if (!disk_.name_) return std::nullopt;
    return disk_.name_->number;
  }
  bool open() override {
    file_ = disk_.name_;
    return file_ != nullptr;
  }
  std::uint64_t opened() const override { return file_->number; }
  std::uint64_t size() const override { return file_->cache.size(); }
  std::string read(std::uint64_t at, std::size_t length) const override {
    return at >= file_->cache.size() ? std::string() : file_->cache.substr(at, length);
  }
  void write(std::uint64_t at, std::string_view bytes) override { disk_.write(*file_, at, bytes); }
  void sync() override { disk_.sync(*file_); }
  int allocate(std::uint64_t size) override {
    if (disk_.full) return ENOSPC;
    if (file_->cache.size() < size) file_->cache.resize(size, '\0');
    return 0;
  }
  void replace(std::string_view bytes) override { disk_.replace(bytes); }
  void sync_name() override {
    disk_.points_.pass(FaultPoints::Where::journal_sync);
    disk_.durable_name_ = disk_.name_;
    disk_.on_durable();
  }
  std::string name() const override { return "journal"; }

 private:
  SimDisk& disk_;
  std::shared_ptr<File> file_;
};

std::unique_ptr<agent::JournalDisk> SimDisk::open() { return std::make_unique<View>(*this); }

void SimDisk::write(File& file, std::uint64_t at, std::string_view bytes) {
  points_.pass(FaultPoints::Where::journal_write);
  if (full && at + bytes.size() > file.cache.size()) throw SysError(ENOSPC, "writing journal");
  if (file.cache.size() < at + bytes.size()) file.cache.resize(at + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), file.cache.begin() + static_cast<std::ptrdiff_t>(at));
  file.dirty.emplace_back(at, bytes.size());
  on_write(bytes);
}

void SimDisk::sync(File& file) {
  points_.pass(FaultPoints::Where::journal_sync);
  if (dice_.chance(points_.armed ? sync_failure : 0)) {
    keep_some(file);
    throw Crashed{"a sync failed", false};
  }
  if (file.durable.size() < file.cache.size()) file.durable.resize(file.cache.size(), '\0');
  for (const auto& [at, length] : file.dirty) file.durable.replace(at, length, file.cache, at, length);
  file.dirty.clear();
  on_durable();
  points_.pass(FaultPoints::Where::journal_sync);
}

/// Temporary file, fsync, rename, fsync of the directory.
void SimDisk::replace(std::string_view bytes) {
  points_.pass(FaultPoints::Where::journal_write);
  if (full) throw SysError(ENOSPC, "writing journal.tmp");
  auto file = std::make_shared<File>();
  file->number = ++last_number_;
  file->cache = file->durable = bytes;
  points_.pass(FaultPoints::Where::journal_rename);
  name_ = file;
  on_write(bytes);
  points_.pass(FaultPoints::Where::journal_rename);
  durable_name_ = file;
  on_durable();
}

/// Of what was not synced, each sector is on the disk or is not; the rest of it is forgotten, not retried.
void SimDisk::keep_some(File& file) {
  for (const auto& [at, length] : file.dirty) {
    for (std::size_t from = at; from < at + length;) {
      const std::size_t to = std::min(at + length, (from / sector_bytes + 1) * sector_bytes);
      if (dice_.chance(0.5)) {
        if (file.durable.size() < to) file.durable.resize(to, '\0');
        file.durable.replace(from, to - from, file.cache, from, to - from);
      }
      from = to;
    }
  }
  file.dirty.clear();
}

void SimDisk::cut_power() {
  // A rename that was not synced is there or is not, too.
  if (name_ != durable_name_ && dice_.chance(0.5)) durable_name_ = name_;
  name_ = durable_name_;
  if (!name_) return;
  keep_some(*name_);
  name_->cache = name_->durable;
}

}  // namespace switchyard::simulation
