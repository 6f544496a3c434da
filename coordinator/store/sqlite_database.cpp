#include "coordinator/store/sqlite_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>

#include <cstdlib>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::store {
namespace {

void end_if_a_sync_failed(int extended) {
  if (extended != SQLITE_IOERR_FSYNC && extended != SQLITE_IOERR_DIR_FSYNC && extended != SQLITE_IOERR_COMMIT_ATOMIC) {
    return;
  }
  log::error("fsync of the store failed, its state on disk is unknown; ending the process",
             {{"sqlite", sqlite3_errstr(extended)}, {"code", extended}});
  std::abort();
}

/// Never returns without success.
void check(sqlite3* handle, int code, const char* what) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  const std::string said = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  end_if_a_sync_failed(extended);
  const std::string text =
      std::string("the store failed at ") + what + ": " + said + " (sqlite " + std::to_string(extended) + ")";
  if ((extended & 0xff) == SQLITE_FULL) throw StoreFullError(text + "; free space on the disk of the state directory");
  if ((extended & 0xff) == SQLITE_BUSY) throw StoreError(text + "; another process keeps the database locked");
  throw StoreError(text);
}

/// Created here, so that the file has its mode before it has any content.
void create_file(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw_errno("opening the store " + file.string());
}

/// What it cannot copy now it copies another time, for which the WAL is there: only a sync that fails matters.
void checkpoint(sqlite3* handle) {
  end_if_a_sync_failed(sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
}

/// A process that ended over a sync left its last commit in the kernel's memory, and perhaps nowhere else: here it
/// would be read and taken for decided. A sync alone would find nothing to write, as the kernel counts those pages as
/// written. The transaction makes the WAL, which stays until we close, and keeps others from writing into it meanwhile.
/// SQLite syncs the WAL's name too, but does not look whether that worked.
void make_what_is_read_durable(SqliteDatabase& database, const std::filesystem::path& file) {
  database.run("BEGIN IMMEDIATE");
  write_again_durably(file.string() + "-wal");
  database.run("ROLLBACK");
  sync_directory_or_abort(std::filesystem::absolute(file).parent_path());
}

/// After each commit. SQLite's own hook does the same, and keeps to itself how its checkpoint ended.
int checkpoint_when_large(void*, sqlite3* handle, const char*, int pages) {
  if (pages >= limits::store_wal_pages_max) checkpoint(handle);
  return SQLITE_OK;
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file) {
  create_file(file);
  const int code = sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    check(handle_, code, "opening");
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, limits::store_busy_ms_max);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
    sqlite3_wal_hook(handle_, checkpoint_when_large, nullptr);
    make_what_is_read_durable(*this, file);
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

SqliteDatabase::~SqliteDatabase() {
  // Closing would do it, and keep to itself how it ended.
  checkpoint(handle_);
  sqlite3_close_v2(handle_);
}

void SqliteDatabase::run(const std::string& sql) {
  check(handle_, sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), "running a statement");
}

std::int64_t SqliteDatabase::changes() const { return sqlite3_changes64(handle_); }

SqliteStatement::SqliteStatement(const SqliteDatabase& database, std::string_view sql) : database_(database) {
  check(database_.handle(),
        sqlite3_prepare_v2(database_.handle(), sql.data(), static_cast<int>(sql.size()), &statement_, nullptr),
        "preparing a statement");
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::bind_number(std::int64_t value) {
  check(database_.handle(), sqlite3_bind_int64(statement_, ++bound_, value), "binding");
}

void SqliteStatement::bind_text(std::string_view value) {
  // A null pointer would bind NULL: an empty view has to be the empty text.
  const char* data = value.empty() ? "" : value.data();
  check(database_.handle(),
        sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8), "binding");
}

SqliteStatement& SqliteStatement::bind_blob(std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  check(database_.handle(), sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT), "binding");
  return *this;
}

bool SqliteStatement::step() {
  column_ = 0;
  const int code = sqlite3_step(statement_);
  check(database_.handle(), code, "a statement");
  return code == SQLITE_ROW;
}

void SqliteStatement::run() {
  while (step()) {
  }
}

std::string SqliteStatement::text() {
  const int column = column_++;
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string SqliteStatement::blob() {
  const int column = column_++;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::int64_t SqliteStatement::number() { return sqlite3_column_int64(statement_, column_++); }

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  // After some errors SQLite has rolled back by itself; the error of a second attempt means nothing.
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteTransaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace switchyard::store
