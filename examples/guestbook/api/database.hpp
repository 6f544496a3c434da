#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

/// A few connections to PostgreSQL, shared by all threads, opened when needed and opened again when lost.
namespace guestbook {

/// The database said no, or was not there for as long as we were willing to wait.
struct DatabaseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Rows = std::vector<std::vector<std::string>>;

class DatabaseConnection;

class Database {
 public:
  using Clock = std::chrono::steady_clock;

  Database(std::string url, std::size_t connections_max);
  ~Database();

  /// Runs one statement with parameters $1, $2 … and returns its rows. When the connection breaks it tries again on a
  /// new one, until the time is over; so the statement must do no harm when it runs twice. Throws DatabaseError.
  Rows query(const std::string& sql, const std::vector<std::string>& parameters, std::chrono::milliseconds time);

  /// Runs a text of several statements in one transaction, in the same way.
  void run_script(const std::string& sql, std::chrono::milliseconds time);

 private:
  Rows run(const std::string& sql, const std::vector<std::string>* parameters, std::chrono::milliseconds time);
  std::unique_ptr<DatabaseConnection> take(Clock::time_point deadline);
  void give_back(std::unique_ptr<DatabaseConnection> connection);

  const std::string url_;
  const std::size_t connections_max_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<DatabaseConnection>> idle_;
  std::size_t taken_ = 0;
};

}  // namespace guestbook
