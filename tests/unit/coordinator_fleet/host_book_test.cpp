#include "coordinator/fleet/host_book.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using protocol::Enrolled;
using protocol::Refuse;

std::string key(const std::string& of) { return sha256_hex(of).substr(0, 40); }

class HostBookTest : public ::testing::Test {
 protected:
  HostBook& book() { return world.now().hosts; }
  std::string token(const std::string& pattern = {}) {
    return expect_value(book().create_token(FleetWorld::caller, pattern)).id;
  }
  bool enrols(const std::string& token_id, const std::string& name, const std::string& with) {
    return std::holds_alternative<Enrolled>(book().enrol(token_id, {name, with, "0.1.0"}));
  }
  const std::map<std::string, HostId>& allowed() { return world.allowed(); }

  FleetWorld world;
};

TEST_F(HostBookTest, EnrolsAHostWithATokenAndTellsItThePlanKey) {
  const auto answer = book().enrol(token(), {"web-1", key("a"), "0.1.0"});
  ASSERT_TRUE(std::holds_alternative<Enrolled>(answer));
  EXPECT_EQ(std::get<Enrolled>(answer).host.str(), "web-1");
  EXPECT_EQ(std::get<Enrolled>(answer).plan_public_key, world.plan_key.public_key);
  EXPECT_EQ(allowed().at(key("a")).str(), "web-1");
}

TEST_F(HostBookTest, PutsEndpointsServerKeyAndTokenIntoOneString) {
  const TokenMade made = expect_value(book().create_token(FleetWorld::caller, "web-*"));
  const protocol::Enrolment enrolment = protocol::decode_enrolment(made.enrolment);
  EXPECT_EQ(enrolment.endpoints.at(0).host, "coordinator.example");
  EXPECT_EQ(enrolment.server_public_key, key("server"));
  EXPECT_EQ(allowed().at(key(protocol::enrolment_secret(enrolment.token))), protocol::enrolment_peer(made.id));
  EXPECT_EQ(made.expires_wall_ms, world.clock.wall_ms() + limits::token_life_ms);
}

TEST_F(HostBookTest, KeepsNoTokenInTheStore) {
  const TokenMade made = expect_value(book().create_token(FleetWorld::caller, {}));
  const std::string secret = protocol::decode_enrolment(made.enrolment).token;
  for (const model::TokenRow& row : world.store().tokens()) {
    EXPECT_EQ(row.public_key.find(secret), std::string::npos);
    EXPECT_EQ(row.public_key, key(protocol::enrolment_secret(secret)));
  }
}

TEST_F(HostBookTest, AnswersTheSameEnrolmentAgainButNoOther) {
  const std::string id = token();
  ASSERT_TRUE(enrols(id, "web-1", key("a")));
  EXPECT_TRUE(enrols(id, "web-1", key("a"))) << "the first answer may have been lost";
  EXPECT_FALSE(enrols(id, "web-1", key("b")));
  EXPECT_FALSE(enrols(id, "web-2", key("a")));
  EXPECT_EQ(world.store().hosts().size(), 1u);
}

TEST_F(HostBookTest, RefusesATokenFromItsExpiryOn) {
  const std::string early = token();
  const std::string late = token();
  world.clock.advance(limits::token_life_ms - 1);
  EXPECT_TRUE(enrols(early, "web-1", key("a")));
  world.clock.advance(1);
  EXPECT_FALSE(enrols(late, "web-2", key("b")));
}

TEST_F(HostBookTest, TakesExpiredTokensOffTheAllowList) {
  token();
  EXPECT_EQ(allowed().size(), 1u);
  world.clock.advance(limits::token_life_ms);
  book().drop_expired();
  EXPECT_TRUE(allowed().empty());
}

TEST_F(HostBookTest, HoldsATokenToItsPattern) {
  const std::string id = token("web-*");
  EXPECT_FALSE(enrols(id, "db-1", key("a")));
  EXPECT_TRUE(enrols(id, "web-7", key("a")));
}

TEST_F(HostBookTest, BurnsATokenAfterFiveFailures) {
  const std::string id = token("web-1");
  for (int i = 0; i < limits::token_failures_max; ++i) EXPECT_FALSE(enrols(id, "db-1", key("a")));
  EXPECT_FALSE(enrols(id, "web-1", key("a")));
  EXPECT_TRUE(allowed().empty());
  EXPECT_EQ(world.store().audit(0, 100).back().entry.operation, "token.burn");
}

TEST_F(HostBookTest, NeverBindsTheNameOfAnEnrolledHostAgain) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  EXPECT_FALSE(enrols(token(), "web-1", key("b")));
  EXPECT_EQ(expect_refusal(book().create_token(FleetWorld::caller, "web-1")).code, "host_exists");
}

TEST_F(HostBookTest, NeverBindsTheNameOfARemovedHostByAToken) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  expect_value(book().remove(FleetWorld::caller, HostId("web-1")));
  EXPECT_FALSE(allowed().contains(key("a")));
  EXPECT_FALSE(enrols(token(), "web-1", key("b")));
  EXPECT_EQ(expect_refusal(book().add(FleetWorld::caller, HostId("web-1"), {})).code, "tombstone");
}

TEST_F(HostBookTest, NeverTakesAKeyThatBelongsToAnotherHost) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  EXPECT_FALSE(enrols(token(), "web-2", key("a")));
}

TEST_F(HostBookTest, RefusesNamesAndKeysThatAreNone) {
  const std::string id = token();
  EXPECT_FALSE(enrols(id, "../etc", key("a")));
  EXPECT_FALSE(enrols(id, "", key("a")));
  EXPECT_FALSE(enrols(id, "web-1", "short"));
  EXPECT_EQ(expect_refusal(book().add(FleetWorld::caller, HostId("Web 1"), {})).code, "bad_name");
  EXPECT_EQ(expect_refusal(book().create_token(FleetWorld::caller, "*-1")).code, "bad_name");
}

TEST_F(HostBookTest, GivesAReplacedHostANewKeyUnderItsOldName) {
  ASSERT_TRUE(enrols(token(), "web-1", key("old")));
  const TokenMade made = expect_value(book().replace(FleetWorld::caller, HostId("web-1"), {}));
  EXPECT_FALSE(allowed().contains(key("old")));
  EXPECT_FALSE(enrols(made.id, "web-2", key("new"))) << "the token is for that name only";
  EXPECT_TRUE(enrols(made.id, "web-1", key("new")));
  EXPECT_EQ(allowed().at(key("new")).str(), "web-1");
}

TEST_F(HostBookTest, LetsOnlyTheTokenOfItsReplacementTakeTheNameOfAReplacedHost) {
  ASSERT_TRUE(enrols(token(), "web-1", key("old")));
  const std::string any = token();
  const std::string pattern = token("web-*");
  const TokenMade first = expect_value(book().replace(FleetWorld::caller, HostId("web-1"), {}));
  const TokenMade second = expect_value(book().replace(FleetWorld::caller, HostId("web-1"), {}));
  world.restart();
  EXPECT_FALSE(enrols(any, "web-1", key("a")));
  EXPECT_FALSE(enrols(pattern, "web-1", key("a")));
  EXPECT_FALSE(enrols(token(), "web-1", key("a"))) << "made later";
  EXPECT_FALSE(enrols(first.id, "web-1", key("a"))) << "a newer replacement takes its place";
  EXPECT_EQ(expect_refusal(book().create_token(FleetWorld::caller, "web-1")).code, "host_exists");
  EXPECT_TRUE(enrols(second.id, "web-1", key("new")));
  EXPECT_TRUE(enrols(any, "web-2", key("b"))) << "other names are free";
}

TEST_F(HostBookTest, ShutsARevokedAgentOut) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  expect_value(book().revoke(FleetWorld::caller, HostId("web-1")));
  EXPECT_FALSE(allowed().contains(key("a")));
  EXPECT_FALSE(book().may_connect(HostId("web-1")));
}

TEST_F(HostBookTest, KnowsItsHostsAgainAfterARestart) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  world.restart();
  EXPECT_EQ(allowed().at(key("a")).str(), "web-1");
  EXPECT_TRUE(book().may_connect(HostId("web-1")));
}

TEST_F(HostBookTest, WritesDownWhenHostsWereSeenWithTheNextTick) {
  ASSERT_TRUE(enrols(token(), "web-1", key("a")));
  const auto commits = world.store().commits();
  book().seen(HostId("web-1"), "0.2.0");
  EXPECT_EQ(world.store().commits(), commits);
  world.store().fail_commit(1, store::MemoryStore::Fault::lost);
  world.now().intake.tick();
  world.now().intake.tick();
  EXPECT_EQ(world.store().hosts().at(0).agent_version, "0.2.0");
  EXPECT_EQ(world.store().hosts().at(0).last_seen_wall_ms, world.clock.wall_ms());
}

TEST_F(HostBookTest, WritesAnAuditRowForEveryChange) {
  const std::string id = token();
  ASSERT_TRUE(enrols(id, "web-1", key("a")));
  expect_value(book().add(FleetWorld::caller, HostId("web-2"), {{"role", "web"}}));
  expect_value(book().revoke(FleetWorld::caller, HostId("web-1")));
  expect_value(book().remove(FleetWorld::caller, HostId("web-2")));
  std::vector<std::string> operations;
  for (const store::StoredAudit& row : world.store().audit(0, 100)) operations.push_back(row.entry.operation);
  EXPECT_EQ(operations, (std::vector<std::string>{"coordinator.start", "token.create", "host.enrol", "host.add",
                                                  "agent.revoke", "host.remove"}));
}

}  // namespace
}  // namespace switchyard::fleet
