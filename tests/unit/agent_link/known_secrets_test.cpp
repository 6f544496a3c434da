#include "agent/link/known_secrets.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "common/crypto.hpp"
#include "protocol/configuration_box.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent::testing {
namespace {

/// A journal with the plan of a deployment whose configuration, and the one that it goes back to, hold these.
std::vector<JournalRecord> journal_with(const protocol::CurveKeyPair& keys, const std::string& value,
                                        const std::string& old_value) {
  const auto box = [&](const std::string& of) {
    protocol::EnsureConfiguration action{"api", "0abc", "app.json", false, {}, {}};
    action.sealed =
        protocol::seal_configuration(keys.public_key, {"{\"pw\": \"" + of + "\"}", {of}}, action, std::string(32, 's'));
    return action;
  };
  protocol::Step step;
  step.id = StepId(std::string(32, 'a'));
  step.action = box(value);
  step.undo = box(old_value);
  protocol::SliceComponent component;
  component.name = "api";
  component.steps = {step};
  JournalRecord record;
  record.kind = RecordKind::plan;
  record.plan.slice = protocol::encode_slice(
      {.deployment = DeploymentId("d-0123456789abcdef"), .host = HostId("h1"), .components = {component}});
  return {JournalRecord{}, record};
}

TEST(KnownSecrets, OfDeploymentsThatAreUnderWayAreKnownAgainAfterARestart) {
  const ScratchRoot root;
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  protocol::save_curve_keys(root.path() / "agent.key", keys);
  SecretMask mask;
  learn_secrets(journal_with(keys, "cAnAry-7f3a", "cAnAry-0ld"), root.path() / "agent.key", mask);
  EXPECT_EQ(mask.masked("cAnAry-7f3a, before cAnAry-0ld"), "<masked>, before <masked>");
}

TEST(KnownSecrets, ThatCannotBeOpenedKeepNobodyFromReverting) {
  const ScratchRoot root;
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  SecretMask mask;
  learn_secrets(journal_with(keys, "cAnAry-7f3a", "cAnAry-0ld"), root.path() / "agent.key", mask);
  protocol::save_curve_keys(root.path() / "agent.key", protocol::generate_curve_keys());
  learn_secrets(journal_with(keys, "cAnAry-7f3a", "cAnAry-0ld"), root.path() / "agent.key", mask);
  EXPECT_EQ(mask.patterns(), nullptr);
}

}  // namespace
}  // namespace switchyard::agent::testing
