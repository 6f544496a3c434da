#include "coordinator/store/migrations.hpp"

#include <string>

#include "common/ensure.hpp"
#include "common/error.hpp"

namespace switchyard::store {
namespace {

/// user_version is part of the database's head and changes with the transaction.
void set_number(SqliteDatabase& database, int number) {
  database.run("PRAGMA user_version = " + std::to_string(number));
}

/// The number of the present schema, which this program knows.
int known_number(const SqliteDatabase& database) {
  const int newest = static_cast<int>(migrations().size());
  const int present = schema_number(database);
  if (present > newest) {
    throw StoreError("the store has schema " + std::to_string(present) + ", this coordinator knows only " +
                     std::to_string(newest) + "; install the coordinator that made it, or a newer one");
  }
  return present;
}

}  // namespace

int schema_number(const SqliteDatabase& database) {
  SqliteStatement statement(database, "PRAGMA user_version");
  ENSURE(statement.step());
  return statement.as<int>();
}

bool check_schema(const std::filesystem::path& file) {
  return known_number(SqliteDatabase(file)) == static_cast<int>(migrations().size());
}

void migrate(SqliteDatabase& database) {
  const int present = known_number(database);
  for (const Migration& migration : migrations().subspan(static_cast<std::size_t>(present))) {
    SqliteTransaction transaction(database);
    database.run(std::string(migration.apply));
    set_number(database, migration.number);
    transaction.commit();
  }
}

void roll_back_to(SqliteDatabase& database, int number) {
  for (int present = schema_number(database); present > number; --present) {
    SqliteTransaction transaction(database);
    database.run(std::string(migrations()[static_cast<std::size_t>(present) - 1].roll_back));
    set_number(database, present - 1);
    transaction.commit();
  }
}

}  // namespace switchyard::store
