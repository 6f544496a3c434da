#include "agent/core/hello.hpp"

#include <gtest/gtest.h>

#include "protocol/version.hpp"

namespace switchyard::agent {
namespace {

TEST(Hello, SaysWhatTheJournalHolds) {
  JournalRecord epoch, reverted;
  epoch.kind = RecordKind::epoch;
  epoch.epoch = 7;
  reverted.kind = RecordKind::reverted;
  reverted.deployment = DeploymentId("d-0000000000000001");
  const AgentCore core({HostId("h1"), std::string(32, 'k')}, Role::agent, {epoch, reverted});
  const protocol::Hello hello = make_hello({"1.2.3", "boot-1", "head"}, core, 0);
  EXPECT_EQ(hello.max_epoch, 7u);
  ASSERT_EQ(hello.open.size(), 1u);
  EXPECT_EQ(hello.open.front().deployment, reverted.deployment);
  EXPECT_EQ(hello.open.front().state, protocol::AgentState::reverted);
  EXPECT_EQ(hello.agent_version, "1.2.3");
  EXPECT_EQ(hello.boot_id, "boot-1");
  EXPECT_EQ(hello.audit_head, "head");
}

TEST(Hello, OfAnAgentWithoutAJournalSaysWhoItIsAndNothingElse) {
  protocol::Hello expected;
  expected.protocol_min = protocol::version_min;
  expected.protocol_max = protocol::version_max;
  expected.features = protocol::own_features();
  expected.agent_version = "1.2.3";
  expected.boot_id = "boot-1";
  EXPECT_EQ(make_hello({"1.2.3", "boot-1", {}}), expected);
}

}  // namespace
}  // namespace switchyard::agent
