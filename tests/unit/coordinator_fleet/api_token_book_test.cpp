#include "coordinator/fleet/api_token_book.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

class ApiTokens : public ::testing::Test {
 protected:
  static ApiTokenRequest wanted(access::Kind kind = access::Kind::person, access::Role role = access::Role::operator_) {
    return {"ann", kind, role, "production", 30 * day_ms};
  }
  ApiTokenMade make(const ApiTokenRequest& request) {
    return expect_value(world.operations().create_api_token(FleetWorld::caller, request));
  }
  std::optional<access::Bearer> bearer(const std::string& token) {
    return world.operations().bearer(sha256_hex(token));
  }

  FleetWorld world;
};

TEST_F(ApiTokens, AreKnownByTheirDigestAndKeptNowhereElse) {
  const ApiTokenMade made = make(wanted());
  EXPECT_EQ(made.token.size(), 4u + 64u);
  EXPECT_EQ(made.row.digest, sha256_hex(made.token));
  EXPECT_EQ(made.row.id, made.row.digest.substr(0, 12));
  const auto known = bearer(made.token);
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->who.name, "token:ann");
  EXPECT_EQ(known->who.grants, (std::vector<access::Grant>{{access::Role::operator_, "production"}}));
  EXPECT_EQ(known->token, made.row.id);
  for (const store::StoredAudit& row : world.store().audit(0, 100)) {
    for (const auto& [key, value] : row.entry.details) EXPECT_EQ(value.find(made.token), std::string::npos);
  }
  EXPECT_FALSE(bearer(made.token + "x").has_value());
}

TEST_F(ApiTokens, AreGoodAfterARestart) {
  const ApiTokenMade made = make(wanted());
  world.restart();
  EXPECT_TRUE(bearer(made.token).has_value());
}

TEST_F(ApiTokens, AreRefusedFromTheirExpiryOn) {
  const ApiTokenMade made = make(wanted());
  world.clock.advance(30 * day_ms - 1);
  EXPECT_TRUE(bearer(made.token).has_value());
  world.clock.advance(1);
  EXPECT_FALSE(bearer(made.token).has_value());
}

TEST_F(ApiTokens, LiveAQuarterIfNobodySaysHowLong) {
  ApiTokenRequest request = wanted();
  request.life_ms = 0;
  EXPECT_EQ(make(request).row.expires_wall_ms, world.clock.wall_ms() + limits::api_token_life_ms_default);
}

TEST_F(ApiTokens, AreRefusedAtOnceWhenTheyAreRevoked) {
  const ApiTokenMade made = make(wanted());
  const ApiTokenMade other = make(wanted());
  expect_value(world.operations().revoke_api_token(FleetWorld::caller, made.row.id));
  EXPECT_FALSE(bearer(made.token).has_value());
  EXPECT_TRUE(bearer(other.token).has_value());
  world.restart();
  EXPECT_FALSE(bearer(made.token).has_value());
  EXPECT_EQ(expect_refusal(world.operations().revoke_api_token(FleetWorld::caller, made.row.id)).status, 404);
}

TEST_F(ApiTokens, AreWrittenIntoTheAuditWithWhatTheyGive) {
  const ApiTokenMade made = make(wanted());
  expect_value(world.operations().revoke_api_token(FleetWorld::caller, made.row.id));
  const auto rows = world.store().audit(0, 100);
  ASSERT_GE(rows.size(), 2u);
  const model::AuditEntry& created = rows[rows.size() - 2].entry;
  EXPECT_EQ(created.operation, "api_token.create");
  EXPECT_EQ(created.object, made.row.id);
  EXPECT_EQ(created.details.at("role"), "operator");
  EXPECT_EQ(created.details.at("environment"), "production");
  EXPECT_EQ(rows.back().entry.operation, "api_token.revoke");
}

TEST_F(ApiTokens, OfMachinesNeverGiveWhatIsForPersons) {
  for (const access::Kind kind : {access::Kind::ci, access::Kind::ai}) {
    for (const access::Role role : {access::Role::approver, access::Role::admin}) {
      const auto refusal = expect_refusal(world.operations().create_api_token(FleetWorld::caller, wanted(kind, role)));
      EXPECT_EQ(refusal.code, "role_of_persons");
    }
  }
  EXPECT_TRUE(world.store().api_tokens().empty());
}

TEST_F(ApiTokens, AreRefusedForNamesAndLivesThatAreNone) {
  const auto code = [&](auto change) {
    ApiTokenRequest request = wanted();
    change(request);
    return expect_refusal(world.operations().create_api_token(FleetWorld::caller, request)).code;
  };
  EXPECT_EQ(code([](auto& request) { request.name = "Ann Smith"; }), "bad_name");
  EXPECT_EQ(code([](auto& request) { request.environment = ""; }), "bad_name");
  EXPECT_EQ(code([](auto& request) { request.environment = "prod*"; }), "bad_name");
  EXPECT_EQ(code([](auto& request) { request.life_ms = 1; }), "bad_life");
  EXPECT_EQ(code([](auto& request) { request.life_ms = 367 * day_ms; }), "bad_life");
}

TEST_F(ApiTokens, WhoTriesManyWrongOnesHasOneRowInTheAudit) {
  for (int i = 0; i < 1'000; ++i) world.operations().turned_away("10.0.0.9:" + std::to_string(20'000 + i));
  world.run(2 * limits::ping_interval_ms);
  std::size_t found = 0;
  for (const store::StoredAudit& row : world.store().audit(0, 100)) {
    if (row.entry.operation != "api.refuse") continue;
    ++found;
    EXPECT_EQ(row.entry.origin, "10.0.0.9");
    EXPECT_EQ(row.entry.details.at("count"), "1000");
    EXPECT_FALSE(row.entry.success);
  }
  EXPECT_EQ(found, 1u);
}

TEST_F(ApiTokens, WhatIsAskedWithOneIsInTheAuditWithItsMark) {
  const Caller ann{"token:ann", "127.0.0.1:1", access::administrator("token:ann"), "0123456789ab"};
  expect_value(world.now().guarded.add_host(ann, HostId("web-1"), {}));
  EXPECT_EQ(world.store().audit(0, 100).back().entry.details.at("token_hash"), "0123456789ab");
}

}  // namespace
}  // namespace switchyard::fleet
