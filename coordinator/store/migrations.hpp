#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "coordinator/store/sqlite_database.hpp"

namespace switchyard::store {

/// One numbered change of the schema; its text is coordinator/store/migrations/<name>.sql, embedded at build time.
struct Migration {
  int number;
  std::string_view name;
  std::string_view apply;
  std::string_view roll_back;
};

/// In order, from 1 without a gap.
std::span<const Migration> migrations();

/// Whether the schema is the newest; false: the coordinator's next start migrates it. Throws StoreError when the
/// database was made by a newer coordinator. Changes nothing.
bool check_schema(const std::filesystem::path& file);

/// Brings the schema from what it is to the newest, each migration in a transaction of its own. Throws StoreError when
/// the database was made by a newer coordinator.
void migrate(SqliteDatabase& database);
/// Undoes migrations until `number` are left.
void roll_back_to(SqliteDatabase& database, int number);
int schema_number(const SqliteDatabase& database);

}  // namespace switchyard::store
