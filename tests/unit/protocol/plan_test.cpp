#include "protocol/plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"
#include "protocol/artifact.hpp"
#include "protocol/plan_fields.hpp"

namespace switchyard::protocol {
namespace {

/// A plan that is in order; a test breaks one thing and signs it again.
struct Draft {
  SigningKeyPair key = generate_signing_key();
  HostId self{"web-1"};
  PlanHeader header;
  PlanSlice slice;

  Draft() {
    slice.deployment = DeploymentId("d-0123456789abcdef");
    slice.host = self;
    SliceComponent component;
    component.name = "api";
    component.stages = 2;
    Step step;
    step.phase = Phase::swap;
    step.stage = 2;
    step.action = SwitchTraffic{};
    step.id = make_step_id(slice.deployment, self, 0, 1);
    component.steps.push_back(step);
    slice.components.push_back(component);
    header.deployment = slice.deployment;
  }
  SignedPlan sign_it() {
    SignedPlan plan;
    plan.slice = encode_slice(slice);
    header.slices = {{HostId("db-1"), std::string(32, 'x')}, {self, sha256(plan.slice)}};
    return sign_header(plan.slice);
  }
  SignedPlan sign_header(const std::string& slice_bytes) {
    SignedPlan plan;
    plan.slice = slice_bytes;
    plan.header = encode_header(header);
    plan.signature = sign_plan(plan.header, key);
    return plan;
  }
  std::string trouble() { return refuse_plan(sign_it(), self, key.public_key).value_or(""); }
};

/// A coordinator that is upgraded in the middle of a deployment signs nothing anew: it must write what it read.
TEST(Plan, AStepOfTheVersionBeforeKeepsItsBytes) {
  const std::string before = from_hex(
                                 "8301b1"
                                 "6170694067726565"
                                 "6e2e7365727669636502010300")
                                 .value();
  const auto action = unpack<EnsureUnit>(before);
  EXPECT_EQ(action.unit, "api@green.service");
  EXPECT_EQ(action.port, std::nullopt);
  EXPECT_EQ(to_hex(pack(action)), to_hex(before));
}

TEST(RefusePlan, AcceptsAPlanThatIsInOrder) { EXPECT_EQ(Draft().trouble(), ""); }

TEST(RefusePlan, RefusesTheSignatureOfAnotherKey) {
  Draft draft;
  const auto why = refuse_plan(draft.sign_it(), draft.self, generate_signing_key().public_key);
  EXPECT_NE(why.value_or("").find("pinned plan key"), std::string::npos);
}

TEST(RefusePlan, RefusesAPlanWithAnyByteChanged) {
  Draft draft;
  const SignedPlan plan = draft.sign_it();
  for (std::string SignedPlan::*part : {&SignedPlan::header, &SignedPlan::slice, &SignedPlan::signature}) {
    for (std::size_t i = 0; i < (plan.*part).size(); ++i) {
      SignedPlan changed = plan;
      (changed.*part)[i] = static_cast<char>((changed.*part)[i] ^ 1);
      EXPECT_TRUE(refuse_plan(changed, draft.self, draft.key.public_key).has_value()) << i;
    }
  }
}

TEST(RefusePlan, RefusesAPlanForOthers) {
  Draft draft;
  const auto why = refuse_plan(draft.sign_it(), HostId("web-2"), draft.key.public_key);
  EXPECT_EQ(why, "the plan is not for host web-2");
}

TEST(RefusePlan, RefusesAnothersSliceUnderOwnName) {
  Draft draft;
  draft.slice.host = HostId("web-2");
  EXPECT_NE(draft.trouble().find("the slice is for host web-2"), std::string::npos);
}

TEST(RefusePlan, RefusesASliceOfAnotherDeployment) {
  Draft draft;
  draft.slice.deployment = DeploymentId("d-fedcba9876543210");
  EXPECT_NE(draft.trouble().find("another deployment"), std::string::npos);
}

TEST(RefusePlan, RefusesHostsThatAreDoubled) {
  Draft draft;
  const SignedPlan plan = draft.sign_it();
  draft.header.slices.push_back(draft.header.slices.back());
  const auto why = refuse_plan(draft.sign_header(plan.slice), draft.self, draft.key.public_key);
  EXPECT_NE(why.value_or("").find("doubled"), std::string::npos);
}

TEST(RefusePlan, RefusesWhatCannotBeCarriedOut) {
  const std::pair<const char*, std::function<void(Draft&)>> cases[] = {
      {"names no component", [](Draft& draft) { draft.slice.components.clear(); }},
      {"named twice", [](Draft& draft) { draft.slice.components.push_back(draft.slice.components[0]); }},
      {"a second time",
       [](Draft& draft) {
         auto& steps = draft.slice.components[0].steps;
         steps.push_back(steps[0]);
       }},
      {"belongs to stage 3 of 2", [](Draft& draft) { draft.slice.components[0].steps[0].stage = 3; }},
      {"belongs to stage 0 of 2", [](Draft& draft) { draft.slice.components[0].steps[0].stage = 0; }},
      {"has no stage", [](Draft& draft) { draft.slice.components[0].stages = 0; }},
      {"no time or no attempt", [](Draft& draft) { draft.slice.components[0].steps[0].attempts = 0; }},
      {"dead-man no time", [](Draft& draft) { draft.slice.confirm_ms = 0; }},
      {"cannot be read", [](Draft& draft) { draft.slice.components[0].name = "../api"; }},
      {"cannot be read", [](Draft& draft) { draft.slice.components[0].steps[0].id = StepId("not-hex"); }},
      {"does not fit into a frame",
       [](Draft& draft) {
         draft.header.name = std::string(60'000, 'n');
         draft.slice.components[0].steps[0].title = std::string(60'000, 't');
         for (int i = 0; i < 4; ++i) {
           auto step = draft.slice.components[0].steps[0];
           step.id = make_step_id(draft.slice.deployment, draft.self, static_cast<std::uint32_t>(i + 1), 1);
           draft.slice.components[0].steps.push_back(step);
         }
       }},
  };
  for (const auto& [expected, damage] : cases) {
    Draft draft;
    damage(draft);
    EXPECT_NE(draft.trouble().find(expected), std::string::npos) << expected << ": " << draft.trouble();
  }
}

TEST(StepId, IsTheSameForEqualPartsAndAnotherForAnyOther) {
  const DeploymentId one("d-0123456789abcdef");
  const HostId host("web-1");
  const StepId id = make_step_id(one, host, 1, 1);
  EXPECT_EQ(id.value.size(), 32u);
  EXPECT_EQ(id, make_step_id(one, host, 1, 1));
  EXPECT_NE(id, make_step_id(one, host, 2, 1));
  EXPECT_NE(id, make_step_id(one, host, 1, 2));
  EXPECT_NE(id, make_step_id(one, HostId("web-11"), 1, 1));
  EXPECT_NE(id, make_step_id(DeploymentId("d-0123456789abcdee"), host, 1, 1));
}

TEST(PlanHash, IsOfTheHeaderAlone) {
  Draft draft;
  const SignedPlan plan = draft.sign_it();
  EXPECT_EQ(plan_hash(plan.header), sha256_hex(plan.header));
}

// --- artifacts
// -----------------------------------------------------------------------------------------------------------

ArtifactManifest manifest_of(std::uint64_t bytes) {
  ArtifactManifest manifest{bytes, 3 * bytes, 10, limits::chunk_bytes_max, {}};
  for (std::uint64_t at = 0; at < bytes; at += limits::chunk_bytes_max) {
    manifest.chunks.push_back(sha256(std::to_string(at)));
  }
  return manifest;
}

TEST(Artifact, ReadsBackWhatWasWrittenAndEqualContentHasOneId) {
  for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{limits::chunk_bytes_max},
                                    std::uint64_t{limits::chunk_bytes_max} + 1, std::uint64_t{100} << 20}) {
    const ArtifactManifest manifest = manifest_of(bytes);
    const std::string encoded = encode_artifact(manifest);
    EXPECT_EQ(decode_artifact(encoded), manifest);
    EXPECT_EQ(release_id(encoded), release_id(encode_artifact(manifest)));
    EXPECT_EQ(release_id(encoded).value, sha256_hex(encoded));
  }
}

TEST(Artifact, CarriesTheLargestArtifact) {
  const ArtifactManifest manifest = [] {
    ArtifactManifest largest{limits::artifact_bytes_max, limits::artifact_bytes_max, 1, limits::chunk_bytes_max, {}};
    largest.chunks.assign(limits::artifact_bytes_max / limits::chunk_bytes_max, std::string(32, 'd'));
    return largest;
  }();
  const std::string encoded = encode_artifact(manifest);
  EXPECT_LE(encoded.size(), limits::artifact_manifest_bytes_max);
  EXPECT_EQ(decode_artifact(encoded), manifest);
}

TEST(Artifact, RefusesNumbersThatDoNotAgree) {
  const std::pair<const char*, std::function<void(ArtifactManifest&)>> cases[] = {
      {"lists", [](ArtifactManifest& manifest) { manifest.chunks.pop_back(); }},
      {"lists", [](ArtifactManifest& manifest) { manifest.bytes *= 2; }},
      {"larger than", [](ArtifactManifest& manifest) { manifest.unpacked_bytes = limits::artifact_bytes_max + 1; }},
      {"larger than", [](ArtifactManifest& manifest) { manifest.bytes = ~std::uint64_t{0}; }},
      {"entries", [](ArtifactManifest& manifest) { manifest.entries = limits::archive_entries_max + 1; }},
      {"chunk size", [](ArtifactManifest& manifest) { manifest.chunk_bytes = 0; }},
      {"chunk size", [](ArtifactManifest& manifest) { manifest.chunk_bytes = limits::chunk_bytes_max + 1; }},
  };
  for (const auto& [expected, damage] : cases) {
    ArtifactManifest manifest = manifest_of(3 * limits::chunk_bytes_max);
    damage(manifest);
    try {
      decode_artifact(encode_artifact(manifest));
      FAIL() << expected;
    } catch (const DecodeError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace switchyard::protocol
