#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

/// The sqlite3 C API as two small owning types. Used from one thread. Throws StoreError, which says what SQLite said.
/// A failed fsync ends the process: what the disk then holds is unknown, and only a fresh start reads it again.
namespace switchyard::store {

class SqliteDatabase {
 public:
  /// Opens or creates the file with mode 0600, in WAL mode with synchronous=FULL and foreign keys.
  explicit SqliteDatabase(const std::filesystem::path& file);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// Any number of statements without results.
  void run(const std::string& sql);
  /// Rows touched by the last statement.
  std::int64_t changes() const;
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

/// One statement. Values are bound in the order of its question marks, columns are read from left to right.
class SqliteStatement {
 public:
  SqliteStatement(const SqliteDatabase& database, std::string_view sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  template <class... Values>
  SqliteStatement& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }
  /// Bytes that are not text.
  SqliteStatement& bind_blob(std::string_view value);
  /// True: there is a row, whose columns can now be read.
  bool step();
  /// Runs a statement that has no rows.
  void run();

  std::string text();
  std::string blob();
  std::int64_t number();
  bool flag() { return number() != 0; }
  template <class T>
  T as() {
    return static_cast<T>(number());
  }

 private:
  template <class Value>
  void bind_one(const Value& value) {
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      bind_number(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_convertible_v<Value, std::string_view>) {
      bind_text(value);
    } else {
      bind_text(value.str());
    }
  }
  void bind_number(std::int64_t value);
  void bind_text(std::string_view value);

  const SqliteDatabase& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int column_ = 0;
};

/// All rows of a query whose values are bound, each read by `read`.
template <class Read>
auto read_all(SqliteStatement& statement, Read read) {
  std::vector<decltype(read(statement))> rows;
  while (statement.step()) rows.push_back(read(statement));
  return rows;
}

/// BEGIN IMMEDIATE ... COMMIT; rolled back when destroyed before commit().
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  void commit();

 private:
  SqliteDatabase& database_;
  bool open_ = true;
};

}  // namespace switchyard::store
