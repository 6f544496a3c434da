#include "coordinator/fleet/key_renewal.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class KeyRenewalTest : public ::testing::Test {
 protected:
  KeysView renew(std::vector<HostId> without = {}) {
    const KeysView view =
        expect_value(world.operations().renew_keys(FleetWorld::caller, {std::move(without), "it is time"}));
    world.run(2 * latency_ms);
    return view;
  }
  KeysView view() { return expect_value(world.operations().keys(FleetWorld::caller)); }
  /// As an agent that has written the announced keys down.
  void note(FakeAgent& agent) {
    for (const protocol::Message& message : agent.heard) {
      if (const auto* next = std::get_if<protocol::NextKeys>(&message)) {
        return world.say(agent,
                         protocol::KeysNoted{protocol::keys_digest({next->server_public_key, next->plan_public_key})});
      }
    }
    FAIL() << "it was told nothing";
  }
  static std::vector<std::string> names(const std::vector<KeysView::Host>& hosts) {
    std::vector<std::string> names;
    for (const auto& host : hosts) names.push_back(host.id.str() + (host.connected ? "" : " away"));
    return names;
  }
  std::size_t audit_rows(const std::string& operation) {
    std::size_t count = 0;
    for (const auto& row : world.store().audit(0, 100)) count += row.entry.operation == operation ? 1 : 0;
    return count;
  }
  using Names = std::vector<std::string>;

  FleetWorld world;
};

TEST_F(KeyRenewalTest, PutsTheNextKeysIntoForceOnlyWhenEveryHostHasWrittenThemDown) {
  FakeAgent& one = world.add_agent("web-1");
  FakeAgent& two = world.add_agent("web-2");
  EXPECT_FALSE(renew().in_force);
  EXPECT_EQ(names(view().missing), (Names{"web-1", "web-2"}));
  note(one);
  EXPECT_FALSE(renew().in_force);
  EXPECT_EQ(names(view().known_by), Names{"web-1"});
  EXPECT_EQ(names(view().missing), Names{"web-2"});
  EXPECT_EQ(world.key_files.taken, 0);
  note(two);
  EXPECT_TRUE(renew().in_force);
  EXPECT_EQ(world.key_files.taken, 1);
  world.run(limits::answer_leaves_ms);
  EXPECT_EQ(world.key_files.begun_anew, 1);
  EXPECT_EQ(audit_rows("keys.announce"), 1u);
  EXPECT_EQ(audit_rows("keys.renew"), 1u);
}

TEST_F(KeyRenewalTest, AnnouncesUnderThePlanKeyInForce) {
  FakeAgent& agent = world.add_agent("web-1");
  renew();
  ASSERT_EQ(agent.count<protocol::NextKeys>(), 1u);
  EXPECT_TRUE(protocol::is_announced(std::get<protocol::NextKeys>(agent.heard.back()), world.plan_key.public_key));
}

TEST_F(KeyRenewalTest, TellsAHostThatWasAwayWhenItIsBackAlsoAfterARestart) {
  FakeAgent& agent = world.add_agent("web-1");
  world.lose(agent);
  renew();
  EXPECT_EQ(names(view().missing), Names{"web-1 away"});
  world.restart();
  world.connect(agent);
  world.run(2 * latency_ms);
  note(agent);
  EXPECT_TRUE(renew().in_force);
  EXPECT_EQ(audit_rows("keys.announce"), 1u) << "after the restart they are the same";
}

TEST_F(KeyRenewalTest, IsSaidAgainToWhoMayNotHaveHeardIt) {
  FakeAgent& agent = world.add_agent("web-1");
  agent.deaf = true;
  renew();
  renew();
  EXPECT_EQ(agent.count<protocol::NextKeys>(), 2u);
}

TEST_F(KeyRenewalTest, LeavesOutWhomAPersonLeavesOut) {
  FakeAgent& one = world.add_agent("web-1");
  world.lose(world.add_agent("web-2"));
  renew();
  note(one);
  EXPECT_FALSE(renew().in_force);
  EXPECT_TRUE(renew({HostId("web-2")}).in_force);
}

TEST_F(KeyRenewalTest, KnowsNoHostThatCouldBeLeftOutButTheEnrolled) {
  world.add_agent("web-1");
  const Refusal refusal =
      expect_refusal(world.operations().renew_keys(FleetWorld::caller, {{HostId("web-9")}, "it is time"}));
  EXPECT_EQ(refusal.code, "no_such_host");
  EXPECT_FALSE(world.key_files.next) << "what is refused has drawn nothing";
}

TEST_F(KeyRenewalTest, AsksNothingOfHostsThatAreRevoked) {
  FakeAgent& one = world.add_agent("web-1");
  world.add_agent("web-2");
  expect_value(world.operations().revoke_agent(FleetWorld::caller, HostId("web-2")));
  renew();
  note(one);
  EXPECT_TRUE(renew().in_force);
}

/// Another machine may have come under the name of one that knew them.
TEST_F(KeyRenewalTest, HasEveryHostSayAnewInEachSessionThatItKnowsThem) {
  FakeAgent& agent = world.add_agent("web-1");
  world.lose(world.add_agent("web-2"));
  renew();
  note(agent);
  EXPECT_EQ(names(view().known_by), Names{"web-1"});
  agent.heard.clear();
  world.connect(agent);
  world.run(2 * latency_ms);
  EXPECT_FALSE(renew({HostId("web-2")}).in_force);
  note(agent);
  EXPECT_TRUE(renew({HostId("web-2")}).in_force);
}

/// It pinned the old pair when it enrolled, and has not dialled since.
TEST_F(KeyRenewalTest, TakesAReplacedMachineForNoneThatKnowsThem) {
  FakeAgent& agent = world.add_agent("web-1");
  world.lose(world.add_agent("web-2"));
  renew();
  note(agent);
  EXPECT_EQ(names(view().known_by), Names{"web-1"});
  const TokenMade token = expect_value(world.operations().replace_host(FleetWorld::caller, HostId("web-1")));
  world.disconnect(agent);
  world.deliver(protocol::enrolment_peer(token.id), protocol::Channel::control, std::string(16, 'e'),
                protocol::Enrol{"web-1", std::string(40, 'b'), "0.1.0"});
  ASSERT_EQ(world.now().hosts.find(HostId("web-1"))->public_key, std::string(40, 'b'));
  EXPECT_EQ(names(view().known_by), Names{});
  EXPECT_EQ(names(view().missing), (Names{"web-1 away", "web-2 away"}));
  EXPECT_FALSE(renew({HostId("web-2")}).in_force) << "it would be lost";
}

TEST_F(KeyRenewalTest, BelievesNoNoteOfOtherKeys) {
  FakeAgent& agent = world.add_agent("web-1");
  renew();
  world.say(agent, protocol::KeysNoted{std::string(32, 'x')});
  EXPECT_FALSE(renew().in_force);
}

TEST_F(KeyRenewalTest, WaitsForTheEndOfADeployment) {
  FakeAgent& agent = world.add_agent("web-1");
  const ReleaseId release = world.upload("api", "one");
  const auto view_of =
      world.start(world.request(api_manifest("web-1", "{watch_seconds: 10}"), {{"api", release}}), 5'000);
  const DeploymentId id = expect_value(view_of).row.id;
  renew();
  note(agent);
  const KeysView waiting = renew();
  EXPECT_FALSE(waiting.in_force);
  EXPECT_EQ(waiting.at_work, std::vector<DeploymentId>{id});
  world.run_until([&] { return model::is_final(world.row(id).state); });
  EXPECT_TRUE(renew().in_force);
}

TEST_F(KeyRenewalTest, BurnsEnrolmentStringsThatNameTheOldKey) {
  expect_value(world.operations().create_token(FleetWorld::caller, "web-1"));
  EXPECT_EQ(world.allowed().size(), 1u);
  EXPECT_TRUE(renew().in_force) << "no host, nobody to wait for";
  EXPECT_TRUE(world.allowed().empty());
  EXPECT_EQ(audit_rows("token.burn"), 1u);
}

/// Else the next start would announce keys of which the audit tells nothing.
TEST_F(KeyRenewalTest, KeepsNoKeysOfWhichTheAuditDoesNotTell) {
  FakeAgent& agent = world.add_agent("web-1");
  world.store().fail_commit(1, store::MemoryStore::Fault::lost);
  EXPECT_THROW(renew(), StoreError);
  EXPECT_FALSE(world.key_files.next) << "nothing is durable";
  world.restart();
  world.connect(agent);
  world.run(2 * latency_ms);
  EXPECT_EQ(agent.count<protocol::NextKeys>(), 0u);
  renew();
  EXPECT_EQ(agent.count<protocol::NextKeys>(), 1u);
  EXPECT_EQ(audit_rows("keys.announce"), 1u);
}

/// With a full disk, say.
TEST_F(KeyRenewalTest, CanBeSaidAgainWhenTheFilesCouldNotBePutInPlace) {
  world.key_files.fail_take = 1;
  EXPECT_THROW(renew(), SysError);
  EXPECT_EQ(world.key_files.begun_anew, 0);
  EXPECT_TRUE(renew().in_force);
  EXPECT_EQ(world.key_files.taken, 1);
  EXPECT_EQ(audit_rows("keys.renew"), 1u) << "it is one change";
}

TEST_F(KeyRenewalTest, MakesNoEnrolmentStringsOnceTheirKeyIsOver) {
  world.add_agent("web-1");
  EXPECT_TRUE(renew({HostId("web-1")}).in_force);
  const Refusal refusal = expect_refusal(world.operations().create_token(FleetWorld::caller, "web-2"));
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.code, "beginning_anew");
  EXPECT_EQ(expect_refusal(world.operations().replace_host(FleetWorld::caller, HostId("web-1"))).code,
            "beginning_anew");
  world.restart();
  expect_value(world.operations().create_token(FleetWorld::caller, "web-2"));
}

TEST_F(KeyRenewalTest, StartsNothingOnceThePlansKeyIsOver) {
  world.add_agent("web-1");
  const ReleaseId release = world.upload("api", "one");
  EXPECT_TRUE(renew({HostId("web-1")}).in_force);
  const Refusal refusal = expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}})));
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.code, "beginning_anew");
  EXPECT_TRUE(world.store().deployments(10).empty());
}

TEST_F(KeyRenewalTest, IsOverOnceHoweverOftenItIsSaid) {
  EXPECT_TRUE(renew().in_force);
  EXPECT_TRUE(renew().in_force);
  EXPECT_EQ(world.key_files.taken, 1);
  EXPECT_EQ(audit_rows("keys.renew"), 1u);
}

}  // namespace
}  // namespace switchyard::fleet
