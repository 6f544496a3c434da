// F9: a store that cannot be written. No decision and no message without a commit; back to normal by itself.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;
using store::MemoryStore;

TEST(StoreFaults, SendNothingWhileTheStoreCannotBeWrittenAndGoOnAfterwards) {
  FleetWorld world;
  FakeAgent& agent = world.add_agent("web-1");
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  const std::size_t heard = agent.heard.size();
  world.store().fail_commit(1, MemoryStore::Fault::lost);
  // What the agent says cannot be written down, so nothing follows from it.
  world.run(latency_ms * 3);
  const std::size_t meanwhile = agent.heard.size();
  EXPECT_LE(meanwhile, heard + 1);
  world.run(limits::store_retry_ms / 2);
  EXPECT_EQ(agent.heard.size(), meanwhile);
  world.run(60'000);
  EXPECT_GT(agent.heard.size(), meanwhile);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
}

/// For every commit of a whole deployment: it fails once, and the deployment ends all the same, all new.
TEST(StoreFaults, EndWellWhicheverCommitFails) {
  for (std::uint64_t n = 1; n <= 12; ++n) {
    FleetWorld world;
    world.add_agent("web-1");
    world.add_agent("web-2");
    const ReleaseId release = world.upload("api", "v1");
    const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
    world.store().fail_commit(n, MemoryStore::Fault::lost);
    world.run(300'000);
    EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done) << "commit " << n;
    EXPECT_EQ(world.agent("web-1").serving["api"].release, release) << "commit " << n;
    EXPECT_EQ(world.agent("web-2").serving["api"].release, release) << "commit " << n;
    EXPECT_EQ(store::find_audit_break(world.store().audit(0, 1000)), std::nullopt);
  }
}

/// For every moment of a whole deployment: the coordinator dies, and a new one ends it, all new or all old.
TEST(StoreFaults, EndAllNewOrAllOldWheneverTheCoordinatorDies) {
  std::vector<std::int64_t> moments;
  for (std::int64_t moment = 0; moment <= 400; moment += latency_ms) moments.push_back(moment);
  for (std::int64_t moment = 5'000; moment <= 5'500; moment += latency_ms) moments.push_back(moment);
  std::set<DeploymentState> seen;
  for (const std::int64_t moment : moments) {
    FleetWorld world;
    world.add_agent("web-1");
    world.add_agent("web-2");
    const ReleaseId first = world.upload("api", "v1");
    expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", first}})));
    const ReleaseId second = world.upload("api", "v2");
    const auto started =
        expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", second}}), moment));
    seen.insert(world.row(started.row.id).state);
    world.restart();
    for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
    world.run(300'000);
    const auto state = world.row(started.row.id).state;
    ASSERT_TRUE(state == DeploymentState::done || state == DeploymentState::rolled_back) << "died after " << moment;
    const ReleaseId expected = state == DeploymentState::done ? second : first;
    EXPECT_EQ(world.agent("web-1").serving["api"].release, expected) << "died after " << moment;
    EXPECT_EQ(world.agent("web-2").serving["api"].release, expected) << "died after " << moment;
  }
  EXPECT_TRUE(seen.contains(DeploymentState::preparing) && seen.contains(DeploymentState::swapping) &&
              seen.contains(DeploymentState::holding) && seen.contains(DeploymentState::watching) &&
              seen.contains(DeploymentState::committing) && seen.contains(DeploymentState::done))
      << "the moments must cover every state";
}

/// A host is away when its deployment is cancelled, and comes back when the n-th commit after that has just failed.
/// Says how often it is then told to go back.
std::size_t aborts_told(std::uint64_t n) {
  FleetWorld world;
  world.add_agent("web-1");
  FakeAgent& away = world.add_agent("web-2");
  const ReleaseId release = world.upload("api", "v1");
  const DeploymentId id =
      expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0)).row.id;
  away.deaf = true;
  world.lose(away);
  away.deaf = false;
  away.open[id].deployment = id;
  away.open[id].state = protocol::AgentState::accepted;
  expect_value(world.operations().cancel(FleetWorld::caller, id, "test"));
  const std::uint64_t before = world.store().commits();
  world.store().fail_commit(n, MemoryStore::Fault::lost);
  for (int i = 0; i < 50 && world.store().commits() < before + n; ++i) world.run(latency_ms / 2);
  world.connect(away);
  world.run(10'000);
  EXPECT_EQ(world.row(id).state, DeploymentState::rolled_back) << "commit " << n;
  return away.count<protocol::Abort>();
}

/// Also when the deployment ends in the same moment in which the store can be written again.
TEST(StoreFaults, TellAHostThatCameBackMeanwhileThatItsDeploymentIsOver) {
  for (std::uint64_t n = 1; n <= 4; ++n) EXPECT_GT(aborts_told(n), 0u) << "commit " << n;
}

TEST(StoreFaults, EndTheProcessWhenAnotherCoordinatorHasTakenOver) {
  FleetWorld world;
  FakeAgent& agent = world.add_agent("web-1");
  const ReleaseId release = world.upload("api", "v1");
  expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  MemoryStore other(world.store().disk());
  other.take_epoch("other");
  EXPECT_THROW(world.run(60'000), StaleEpochError);
  EXPECT_EQ(agent.count<protocol::Commit>(), 0u);
}

TEST(StoreFaults, AreTheRequestsOwnWhenAPersonAsksForAChange) {
  FleetWorld world;
  world.store().fail_commit(1, MemoryStore::Fault::lost);
  EXPECT_THROW(world.operations().create_token(FleetWorld::caller, {}), StoreError);
  EXPECT_TRUE(world.allowed().empty());
  expect_value(world.operations().create_token(FleetWorld::caller, {}));
  EXPECT_EQ(world.allowed().size(), 1u);
}

TEST(StoreFaults, AnswerAStartThatCouldNotBeWritten) {
  FleetWorld world;
  world.add_agent("web-1");
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "key";
  world.store().fail_commit(1, MemoryStore::Fault::lost);
  EXPECT_EQ(expect_refusal(world.start(request)).status, 503);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  EXPECT_EQ(world.row(expect_value(world.start(request)).row.id).state, DeploymentState::done);
}

}  // namespace
}  // namespace switchyard::fleet
