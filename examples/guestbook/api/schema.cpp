#include "api/schema.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "program/log.hpp"
#include "program/release.hpp"

namespace guestbook {

namespace {

using namespace std::chrono_literals;

constexpr auto time_of_one_try = 10s;
constexpr auto pause_between_attempts = 200ms;

/// Several programs of several hosts start at the same time; the lock (its number is our own choice) lets one after the
/// other pass. Waiting for a table's lock must be short, because everybody else queues up behind who waits.
constexpr const char* preamble = "SET LOCAL lock_timeout = '500ms'; SELECT pg_advisory_xact_lock(20771);\n";

}  // namespace

Schema::Schema(Database& database, std::filesystem::path directory)
    : database_(database),
      directory_(std::move(directory)),
      thread_([this](const std::stop_token& stop) { apply_until_done(stop); }) {}

void Schema::apply_until_done(const std::stop_token& stop) {
  std::string last_failure;
  while (!stop.stop_requested()) {
    try {
      apply_once();
      applied_ = true;
      log_line("schema applied");
      return;
    } catch (const std::exception& failure) {
      // The same failure again and again is one line.
      if (failure.what() != last_failure) log_line(std::string("schema not applied yet: ") + failure.what());
      last_failure = failure.what();
    }
    std::this_thread::sleep_for(pause_between_attempts);
  }
}

void Schema::apply_once() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string script = preamble;
  for (const auto& file : files) script += read_file(file);
  database_.run_script(script, time_of_one_try);
}

}  // namespace guestbook
