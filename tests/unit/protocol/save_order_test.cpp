#include "protocol/save_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"
#include "common/limits_snapshots.hpp"
#include "protocol/check_order.hpp"
#include "protocol/plan.hpp"

namespace switchyard::protocol {
namespace {

const SigningKeyPair save_key = generate_signing_key();
const std::string snapshot_name = "s-0123456789abcdef";

SaveOrder order_to_save() {
  return {
      "0123456789abcdef", HostId("web-1"), 1'000, {{"api", snapshot_name, {"/etc/api.conf"}, {"s-00000000000000aa"}}}};
}
std::optional<std::string> refused(const SaveOrder& order) {
  return refuse_order(sign_order(order, save_key), HostId("web-1"), save_key.public_key);
}

TEST(SaveOrder, IsTakenByTheHostThatItIsForWhenThePlanKeySignedIt) {
  const SaveFiles save = sign_order(order_to_save(), save_key);
  EXPECT_EQ(refuse_order(save, HostId("web-1"), save_key.public_key), std::nullopt);
  EXPECT_EQ(decode_save_order(save.order), order_to_save());
  EXPECT_TRUE(refuse_order(save, HostId("web-2"), save_key.public_key));
  EXPECT_TRUE(refuse_order(save, HostId("web-1"), generate_signing_key().public_key));
}

TEST(SaveOrder, IsNotMadeOfAnotherSignature) {
  SaveFiles save = sign_order(order_to_save(), save_key);
  save.signature = sign_plan(save.order, save_key);
  EXPECT_TRUE(refuse_order(save, HostId("web-1"), save_key.public_key)) << "the purpose is signed too";
  const RunChecks run{save.order, sign_order(order_to_save(), save_key).signature};
  EXPECT_TRUE(refuse_order(run, HostId("web-1"), save_key.public_key));
}

TEST(SaveOrder, MayAlsoOnlySayWhatIsToStay) {
  SaveOrder order = order_to_save();
  order.saves[0].name.clear();
  order.saves[0].files.clear();
  EXPECT_EQ(refused(order), std::nullopt);
}

/// Copies that deployments made are theirs: no order of this kind touches them.
TEST(SaveOrder, NamesSnapshotsOfPersonsOnly) {
  for (const char* name : {"d-0123456789abcdef", "s-../../etc", "s-A", "api"}) {
    SaveOrder order = order_to_save();
    order.saves[0].keep = {name};
    EXPECT_TRUE(refused(order)) << name;
    order = order_to_save();
    order.saves[0].name = name;
    EXPECT_TRUE(refused(order)) << name;
    EXPECT_FALSE(is_snapshot_name(name)) << name;
  }
  EXPECT_TRUE(is_snapshot_name(snapshot_name));
}

TEST(SaveOrder, ThatNamesNothingOrTooMuchIsRefused) {
  SaveOrder order = order_to_save();
  order.saves.clear();
  EXPECT_TRUE(refused(order));
  order.saves.resize(limits::saves_per_order_max + 1, order_to_save().saves[0]);
  EXPECT_TRUE(refused(order));
  order = order_to_save();
  order.saves[0].files.resize(limits::snapshot_files_max + 1, "/etc/a");
  EXPECT_TRUE(refused(order));
  order = order_to_save();
  order.saves[0].keep.resize(limits::saves_kept_max + 1, snapshot_name);
  EXPECT_TRUE(refused(order));
  order = order_to_save();
  order.request.clear();
  EXPECT_TRUE(refused(order));
  order = order_to_save();
  order.saves[0].files.resize(limits::snapshot_files_max, "/" + std::string(4'000, 'a'));
  EXPECT_THROW(sign_order(order, save_key), Error) << "more than a frame carries";
}

SchemaDemand schema_of(const std::string& table, const std::string& column, const std::string& order) {
  SchemaDemand demand;
  demand.name = "orders";
  demand.database.host = "127.0.0.1";
  demand.database.credential = "shop-db";
  demand.migrations = {table, column, order};
  return demand;
}

TEST(SaveOrder, MayNameDatabasesWhoseSchemasAreWanted) {
  SaveOrder order = order_to_save();
  order.saves[0].schemas = {schema_of("app.schema_migrations", "version", "id"), {"plain", {}, {}}};
  EXPECT_EQ(refused(order), std::nullopt);
  EXPECT_EQ(decode_save_order(sign_order(order, save_key).order), order);
  order.saves[0].schemas.resize(limits::schemas_max + 1, {"plain", {}, {}});
  EXPECT_TRUE(refused(order)) << "more than a component has";
}

/// They become a part of a question to the database.
TEST(SaveOrder, WhoseMigrationsAreNoNamesInADatabaseIsRefused) {
  for (const char* bad : {"", "1st", "a b", "a\"b", "a;b", "a.b.c", "a.", ".a", "*"}) {
    SaveOrder order = order_to_save();
    order.saves[0].schemas = {schema_of(bad, "version", "version")};
    EXPECT_TRUE(refused(order)) << bad;
    order.saves[0].schemas = {schema_of("schema_migrations", bad, "version")};
    EXPECT_TRUE(refused(order)) << bad;
    order.saves[0].schemas = {schema_of("schema_migrations", "version", bad)};
    EXPECT_TRUE(refused(order)) << bad;
  }
  EXPECT_TRUE(is_sql_name("_MigrationId2"));
  EXPECT_FALSE(is_sql_name(std::string(limits::sql_name_bytes_max + 1, 'a')));
  EXPECT_FALSE(is_sql_name("a.b"));
}

RC_GTEST_PROP(SaveOrderProperty, AnyChangedByteIsRefused, (std::uint8_t change)) {
  SaveFiles save = sign_order(order_to_save(), save_key);
  std::string& bytes = *rc::gen::arbitrary<bool>() ? save.order : save.signature;
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(change != 0);
  bytes[at] = static_cast<char>(bytes[at] ^ change);
  RC_ASSERT(refuse_order(save, HostId("web-1"), save_key.public_key).has_value());
}

}  // namespace
}  // namespace switchyard::protocol
