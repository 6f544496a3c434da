#include "api/database.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>

namespace guestbook {

namespace {

using Clock = Database::Clock;

constexpr auto pause_between_tries = std::chrono::milliseconds(50);

/// A failure that another try, on another connection, may not meet: a lost connection, a server that is going down or
/// coming up, a lock that somebody else held.
struct TryAgain : DatabaseError {
  using DatabaseError::DatabaseError;
};

bool is_passing(std::string_view state) {
  static constexpr std::array<std::string_view, 7> passing = {"57P01", "57P02", "57P03", "53300",
                                                              "40001", "40P01", "55P03"};
  return state.starts_with("08") || std::find(passing.begin(), passing.end(), state) != passing.end();
}

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

Rows rows_of(const PGresult* result) {
  Rows rows(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result, row, column));
    }
  }
  return rows;
}

}  // namespace

/// Used by one thread at a time.
class DatabaseConnection {
 public:
  explicit DatabaseConnection(const std::string& url) {
    const std::array<const char*, 4> names = {"dbname", "connect_timeout", "application_name", nullptr};
    const std::array<const char*, 4> values = {url.c_str(), "2", "guestbook-api", nullptr};
    connection_ = PQconnectdbParams(names.data(), values.data(), 1);
    if (PQstatus(connection_) == CONNECTION_OK) return;
    const std::string why = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw TryAgain(why);
  }
  ~DatabaseConnection() { PQfinish(connection_); }
  DatabaseConnection(const DatabaseConnection&) = delete;
  DatabaseConnection& operator=(const DatabaseConnection&) = delete;

  Rows run(const std::string& sql, const std::vector<std::string>* parameters, Clock::time_point deadline) {
    if (!send(sql, parameters)) throw TryAgain(PQerrorMessage(connection_));
    Rows rows;
    std::string failure;
    bool is_worth_another_try = false;
    while (const Result result = next_result(deadline)) {
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_TUPLES_OK) rows = rows_of(result.get());
      if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) continue;
      const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      failure = PQresultErrorMessage(result.get());
      is_worth_another_try = state == nullptr || is_passing(state);
    }
    if (PQstatus(connection_) != CONNECTION_OK) throw TryAgain(PQerrorMessage(connection_));
    if (!failure.empty() && is_worth_another_try) throw TryAgain(failure);
    if (!failure.empty()) throw DatabaseError(failure);
    return rows;
  }

 private:
  bool send(const std::string& sql, const std::vector<std::string>* parameters) {
    if (parameters == nullptr) return PQsendQuery(connection_, sql.c_str()) == 1;
    std::vector<const char*> values;
    for (const std::string& value : *parameters) values.push_back(value.c_str());
    return PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                             nullptr, 0) == 1;
  }

  /// Waits with a deadline of our own: a server that hangs without closing would hold PQexec forever.
  Result next_result(Clock::time_point deadline) {
    while (PQisBusy(connection_) == 1) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd watched{PQsocket(connection_), POLLIN, 0};
      if (left <= 0 || ::poll(&watched, 1, static_cast<int>(left)) == 0) throw TryAgain("no answer in time");
      if (PQconsumeInput(connection_) != 1) throw TryAgain(PQerrorMessage(connection_));
    }
    return Result(PQgetResult(connection_));
  }

  PGconn* connection_;
};

Database::Database(std::string url, std::size_t connections_max)
    : url_(std::move(url)), connections_max_(connections_max) {}

Database::~Database() = default;

Rows Database::query(const std::string& sql, const std::vector<std::string>& parameters,
                     std::chrono::milliseconds time) {
  return run(sql, &parameters, time);
}

void Database::run_script(const std::string& sql, std::chrono::milliseconds time) {
  // Several statements in one message are one transaction for PostgreSQL.
  run(sql, nullptr, time);
}

Rows Database::run(const std::string& sql, const std::vector<std::string>* parameters, std::chrono::milliseconds time) {
  const auto deadline = Clock::now() + time;
  while (true) {
    std::unique_ptr<DatabaseConnection> connection = take(deadline);
    try {
      if (!connection) connection = std::make_unique<DatabaseConnection>(url_);
      Rows rows = connection->run(sql, parameters, deadline);
      give_back(std::move(connection));
      return rows;
    } catch (const TryAgain& failure) {
      connection.reset();
      give_back(nullptr);
      if (Clock::now() + pause_between_tries >= deadline) throw DatabaseError(failure.what());
      std::this_thread::sleep_for(pause_between_tries);
    } catch (const DatabaseError&) {
      give_back(std::move(connection));
      throw;
    }
  }
}

/// An idle connection, or nothing: then the caller may open one. Throws DatabaseError when all stay in use.
std::unique_ptr<DatabaseConnection> Database::take(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!given_back_.wait_until(lock, deadline, [this] { return taken_ < connections_max_; })) {
    throw DatabaseError("all connections to the database are in use");
  }
  ++taken_;
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Database::give_back(std::unique_ptr<DatabaseConnection> connection) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (connection) idle_.push_back(std::move(connection));
  given_back_.notify_one();
}

}  // namespace guestbook
