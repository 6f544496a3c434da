#pragma once

#include <atomic>
#include <filesystem>
#include <thread>

#include "api/database.hpp"

/// Brings the database to the schema of this release, in a thread of its own, however long the database stays away.
/// The files only ever add (tables, columns with defaults), and each may run again; so the release before, which may
/// still be serving, goes on working.
namespace guestbook {

class Schema {
 public:
  Schema(Database& database, std::filesystem::path directory);

  bool is_applied() const { return applied_; }

 private:
  void apply_until_done(const std::stop_token& stop);
  void apply_once();

  Database& database_;
  const std::filesystem::path directory_;
  std::atomic<bool> applied_ = false;
  std::jthread thread_;
};

}  // namespace guestbook
