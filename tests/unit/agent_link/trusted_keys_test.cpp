#include "agent/link/trusted_keys.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "common/file_system.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent {
namespace {

struct Coordinator {
  SigningKeyPair plan = generate_signing_key();
  protocol::CoordinatorKeys keys = {protocol::generate_curve_keys().public_key, plan.public_key};
};

AgentIdentity host_of(const Coordinator& coordinator) {
  AgentIdentity identity;
  identity.host = HostId("web-1");
  identity.endpoints = {{"coordinator.example", 7400, 7401}};
  identity.server_public_key = coordinator.keys.server_public_key;
  identity.plan_public_key = coordinator.keys.plan_public_key;
  return identity;
}

TEST(TrustedKeys, AreThePinnedOnesAndThoseThatTheirOwnerAnnounced) {
  const Coordinator before, after;
  const AgentIdentity identity = host_of(before);
  EXPECT_EQ(trusted_server_keys(identity), std::vector<std::string>{before.keys.server_public_key});

  const auto trusting = with_announced(identity, protocol::announce_keys(after.keys, before.plan));
  ASSERT_TRUE(trusting);
  EXPECT_EQ(trusting->plan_public_key, before.keys.plan_public_key) << "the pinned ones stay in force";
  EXPECT_EQ(trusting->next_keys, after.keys);
  EXPECT_EQ(trusted_server_keys(*trusting),
            (std::vector<std::string>{before.keys.server_public_key, after.keys.server_public_key}));
}

TEST(TrustedKeys, AreDialledWithByWhatWasBuiltWithThem) {
  const Coordinator before, after, later;
  const AgentIdentity identity = host_of(before);
  EXPECT_FALSE(dials_with(identity, after.keys));
  const auto trusting = with_announced(identity, protocol::announce_keys(after.keys, before.plan));
  EXPECT_TRUE(dials_with(*trusting, after.keys));
  EXPECT_FALSE(dials_with(*trusting, later.keys)) << "others were announced since";
}

TEST(TrustedKeys, AreNoneThatAStrangerOrTheNextKeyItselfAnnounced) {
  const Coordinator before, after, stranger;
  const AgentIdentity identity = host_of(before);
  EXPECT_FALSE(with_announced(identity, protocol::announce_keys(stranger.keys, stranger.plan)));
  const auto trusting = with_announced(identity, protocol::announce_keys(after.keys, before.plan));
  ASSERT_TRUE(trusting);
  EXPECT_FALSE(with_announced(*trusting, protocol::announce_keys(stranger.keys, after.plan)))
      << "announced keys are not in force yet";
}

TEST(TrustedKeys, TakeThePlaceOfThePinnedOnesOnlyWhenTheyWereAnnounced) {
  const Coordinator before, after, stranger;
  const AgentIdentity identity = host_of(before);
  EXPECT_FALSE(with_in_force(identity, protocol::keys_digest(after.keys)));
  const auto trusting = with_announced(identity, protocol::announce_keys(after.keys, before.plan));
  ASSERT_TRUE(trusting);
  EXPECT_FALSE(with_in_force(*trusting, protocol::keys_digest(before.keys)));
  EXPECT_FALSE(with_in_force(*trusting, protocol::keys_digest(stranger.keys)));
  EXPECT_FALSE(with_in_force(*trusting, ""));

  const auto changed = with_in_force(*trusting, protocol::keys_digest(after.keys));
  ASSERT_TRUE(changed);
  EXPECT_EQ(trusted_server_keys(*changed), std::vector<std::string>{after.keys.server_public_key})
      << "the old ones are trusted no more";
  EXPECT_EQ(changed->plan_public_key, after.keys.plan_public_key);
  EXPECT_FALSE(changed->next_keys);
}

TEST(TrustedKeys, AreWhatWasWrittenDownLast) {
  const testing::ScratchRoot root;
  PosixFileSystem files;
  const Coordinator before, after;
  const AgentIdentity identity = host_of(before);
  const auto trusting = with_announced(identity, protocol::announce_keys(after.keys, before.plan));
  save_identity(files, root.path(), *trusting);
  EXPECT_EQ(load_identity(files, root.path())->next_keys, after.keys);
  const auto changed = with_in_force(*trusting, protocol::keys_digest(after.keys));
  save_identity(files, root.path(), *changed);
  const auto read = load_identity(files, root.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_public_key, after.keys.server_public_key);
  EXPECT_EQ(read->plan_public_key, after.keys.plan_public_key);
  EXPECT_FALSE(read->next_keys);
  EXPECT_FALSE(std::filesystem::exists(root.path() / "next-keys.yaml"));
}

/// The agent was ended after the first of the two files: the keys in force are then named in both.
TEST(TrustedKeys, AreTheSameWhenTheirWritingWasCutShort) {
  const testing::ScratchRoot root;
  PosixFileSystem files;
  const Coordinator before, after;
  const auto trusting = with_announced(host_of(before), protocol::announce_keys(after.keys, before.plan));
  save_identity(files, root.path(), *trusting);
  const std::string next = files.read(root.path() / "next-keys.yaml").value();
  save_identity(files, root.path(), *with_in_force(*trusting, protocol::keys_digest(after.keys)));
  files.write_atomically(root.path() / "next-keys.yaml", next, 0600);
  const auto read = load_identity(files, root.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_public_key, after.keys.server_public_key);
  EXPECT_FALSE(read->next_keys);
}

}  // namespace
}  // namespace switchyard::agent
