#include "coordinator/fleet/secret_book.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

constexpr const char* canary = "cAnAry-7f3a";

class Secrets : public ::testing::Test {
 protected:
  Answer<SecretView> set(const std::string& value, const std::string& name = "DB_PASSWORD",
                         const std::string& environment = "production") {
    return world.operations().set_secret(FleetWorld::caller, {environment, name, SecretText(value)});
  }
  SecretBook book(char key = 'k') { return {world.store(), world.clock, std::string(32, key), masks}; }

  FleetWorld world;
  SecretMask mask;
  SecretMasks masks{mask};
};

TEST_F(Secrets, CountVersionsAndKeepTheOldOnes) {
  EXPECT_EQ(expect_value(set("first")).version, 1u);
  EXPECT_EQ(expect_value(set("second")).version, 2u);
  EXPECT_EQ(expect_value(set("other", "DB_PASSWORD", "staging")).version, 1u);
  world.restart();
  const auto views = world.operations().secrets(FleetWorld::caller);
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0],
            (SecretView{"production", "DB_PASSWORD", 2, FleetWorld::caller.principal, world.clock.wall_ms()}));
}

TEST_F(Secrets, AreInNoRowOfTheStoreInClear) {
  set(canary);
  const auto row = world.store().secret("production", "DB_PASSWORD", 1);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->sealed.find(canary), std::string::npos);
  for (const store::StoredAudit& entry : world.store().audit(0, 100)) {
    for (const auto& [key, value] : entry.entry.details) EXPECT_EQ(value.find(canary), std::string::npos);
    EXPECT_EQ(entry.entry.object.find(canary), std::string::npos);
  }
}

TEST_F(Secrets, AreMaskedInAllTheirVersionsAlsoAfterARestart) {
  set("first-value");
  set("second-value");
  set("of-staging", "DB_PASSWORD", "staging");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(world.mask().masked("first-value second-value of-staging"), "<masked> <masked> <masked>") << round;
    world.restart();
  }
}

TEST_F(Secrets, AreReadWithTheirKeyAloneAndInTheirPlaceAlone) {
  SecretBook own = book();
  expect_value(own.set(FleetWorld::caller, {"production", "A", SecretText("text of a")}));
  expect_value(own.set(FleetWorld::caller, {"production", "B", SecretText("text of b")}));
  EXPECT_EQ(own.value("production", "A", 1)->reveal(), "text of a");
  EXPECT_FALSE(own.value("production", "A", 2).has_value());
  EXPECT_THROW(book('x').value("production", "A", 1), StoreError);
  // Somebody who can write the store puts the one in the place of the other.
  model::SecretRow swapped = *world.store().secret("production", "A", 1);
  swapped.name = "B";
  swapped.version = 2;
  world.store().commit({store::PutSecret{swapped}});
  EXPECT_THROW(own.value("production", "B", 2), StoreError);
}

TEST_F(Secrets, AreGoneWithAllVersionsWhenRemoved) {
  set("first");
  set("second");
  expect_value(world.operations().remove_secret(FleetWorld::caller, "production", "DB_PASSWORD"));
  EXPECT_TRUE(world.operations().secrets(FleetWorld::caller).empty());
  EXPECT_EQ(expect_refusal(world.operations().remove_secret(FleetWorld::caller, "production", "DB_PASSWORD")).code,
            "unknown_secret");
  EXPECT_EQ(expect_value(set("third")).version, 3u) << "a plan that names version 1 must not get another text";
  EXPECT_FALSE(world.store().secret("production", "DB_PASSWORD", 1).has_value());
}

TEST_F(Secrets, AreRefusedWhenTheyCannotBeDelivered) {
  EXPECT_EQ(expect_refusal(set("")).code, "bad_value");
  EXPECT_EQ(expect_refusal(set(std::string("a\0b", 3))).code, "bad_value");
  EXPECT_EQ(expect_refusal(set(std::string(limits::secret_bytes_max + 1, 'a'))).code, "bad_value");
  EXPECT_EQ(expect_refusal(set("a", "DB-PASSWORD")).code, "bad_name");
  EXPECT_EQ(expect_refusal(set("a", "1A")).code, "bad_name");
  EXPECT_EQ(expect_refusal(set("a", "A", "Production")).code, "bad_name");
  EXPECT_TRUE(std::holds_alternative<SecretView>(set(std::string(limits::secret_bytes_max, 'a'))));
}

TEST_F(Secrets, OfOneEnvironmentAreNotForThoseOfAnother) {
  set("a");
  Caller stranger{"token:bob", "127.0.0.1", {"token:bob", access::Kind::person, {{access::Role::admin, "staging"}}}};
  auto& door = world.now().guarded;
  EXPECT_TRUE(door.secrets(stranger).empty());
  EXPECT_EQ(expect_refusal(door.set_secret(stranger, {"production", "A", SecretText("b")})).status, 403);
  EXPECT_EQ(expect_refusal(door.remove_secret(stranger, "production", "DB_PASSWORD")).status, 403);
  stranger.who = {"token:job", access::Kind::ci, {{access::Role::admin, "*"}}};
  EXPECT_EQ(expect_refusal(door.set_secret(stranger, {"production", "A", SecretText("b")})).status, 403)
      << "a machine sets none";
}

}  // namespace
}  // namespace switchyard::fleet
