#include <gtest/gtest.h>

#include "common/limits_snapshots.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "tests/support/refusal.hpp"

// Databases whose schemas belong into snapshots: named by the checks that know where they are.
namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

/// `own`: checks of the component itself.
std::string manifest_with(const std::string& schemas, const std::string& own = "orders") {
  return "metadata: {name: x}\n"
         "health_checks:\n"
         "  - {name: orders, type: database, config: {user: shop, credential: shop-db}}\n"
         "  - {name: far, type: database, config: {host: db, user: shop}}\n"
         "  - {name: in_clear, type: database, config: {host: db, user: shop, credential: shop-db}}\n"
         "  - {name: by_tls, type: database, config: {host: db, credential: shop-db, sslmode: verify-full}}\n"
         "  - {name: port, type: tcp, config: {port: 80}}\n"
         "components:\n"
         "  - {name: a, service: {command: [bin/a], user: www}, health_checks: [" +
         own + "], schemas_to_backup: [" + schemas + "]}\n";
}
std::vector<protocol::SchemaDemand> read(const std::string& schemas, const std::string& own = "orders") {
  return read_manifest(manifest_with(schemas, own), "f.yaml").components.at(0).schemas_to_backup;
}
std::string refused(const std::string& schemas) {
  return refusal([&] { read_manifest(manifest_with(schemas), "f.yaml"); });
}

}  // namespace

TEST(SchemasToBackup, AreThoseOfTheDatabasesThatChecksName) {
  const auto demands = read("orders, {check: by_tls, migrations: {table: app.schema_migrations, order_by: id}}");
  ASSERT_EQ(demands.size(), 2u);
  EXPECT_EQ(demands[0].name, "orders");
  EXPECT_EQ(demands[0].database.user, "shop");
  EXPECT_EQ(demands[0].database.credential, "shop-db");
  EXPECT_EQ(demands[0].migrations, std::nullopt);
  EXPECT_EQ(demands[1].database.host, "db") << "the component need not ask the check";
  EXPECT_EQ(demands[1].migrations, (protocol::MigrationTable{"app.schema_migrations", "version", "id"}));
}

TEST(SchemasToBackup, OfACheckOfTheComponentItselfGoBeforeThoseOfTheFile) {
  const auto demands = read("orders", "{name: orders, type: database, config: {user: other}}");
  EXPECT_EQ(demands.at(0).database.user, "other");
  EXPECT_EQ(read("own", "{name: own, type: database, config: {user: own}}").at(0).database.user, "own");
}

TEST(SchemasToBackup, OrderMigrationsByTheirNamesWhereNothingElseIsSaid) {
  const auto demands = read("{check: orders, migrations: {table: SequelizeMeta, column: name}}");
  EXPECT_EQ(demands.at(0).migrations, (protocol::MigrationTable{"SequelizeMeta", "name", "name"}));
}

TEST(SchemasToBackup, OfSomethingElseThanADatabaseAreRefused) {
  EXPECT_TRUE(has(refused("ordrs"), "did you mean `orders`"));
  EXPECT_TRUE(has(refused("port"), "none of the type database"));
  EXPECT_TRUE(has(refused("tcp_connectivity"), "none of the type database"));
  EXPECT_TRUE(has(refused("orders, {check: orders}"), "names `orders` twice"));
  EXPECT_TRUE(has(refused("{migrations: {table: m}}"), "check"));
  EXPECT_TRUE(has(refused("{check: orders, database: shop}"), "database"));
}

TEST(SchemasToBackup, OfMoreDatabasesThanAreReadAreRefused) {
  std::string checks;
  std::string names;
  for (std::size_t i = 0; i <= limits::schemas_max; ++i) {
    const std::string name = "db" + std::to_string(i);
    checks += (i == 0 ? "{name: " : ", {name: ") + name + ", type: database, config: {user: shop}}";
    names += (i == 0 ? "" : ", ") + name;
  }
  EXPECT_TRUE(has(refusal([&] { read(names, checks); }), "at most 4"));
}

/// pg_dump before version 16 gives the password in clear to whoever asks for it so.
TEST(SchemasToBackup, AreNotReadOverTheNetworkWithAPasswordAndWithoutTls) {
  EXPECT_TRUE(has(refused("in_clear"), "sslmode: verify-full"));
  EXPECT_EQ(refused("far, by_tls, orders"), "(accepted)") << "without a password, with TLS, or on the same host";
}

/// They become a part of a question to the database.
TEST(SchemasToBackup, NameMigrationsByPlainNames) {
  for (const std::string bad : {"\"a b\"", "a.b.c", "\"a;b\"", "1st", "\"\""}) {
    EXPECT_NE(refused("{check: orders, migrations: {table: " + bad + "}}"), "(accepted)") << bad;
    EXPECT_NE(refused("{check: orders, migrations: {table: m, column: " + bad + "}}"), "(accepted)") << bad;
    EXPECT_NE(refused("{check: orders, migrations: {table: m, order_by: " + bad + "}}"), "(accepted)") << bad;
  }
  EXPECT_TRUE(has(refused("{check: orders, migrations: {table: \"a b\"}}"), "must be the name of a table"));
  EXPECT_TRUE(has(refused("{check: orders, migrations: {table: m, column: a.b}}"), "must be the name of a column"));
}

}  // namespace switchyard::planner
