#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

/// A fleet whose production takes approvals, and the people around it: a job that proposes and two who may approve.
namespace switchyard::fleet {

inline Caller caller_named(const std::string& name, access::Kind kind, access::Role role) {
  return {name, "test", {name, kind, {{role, "production"}}}, {}};
}
inline const Caller build = caller_named("token:build", access::Kind::ci, access::Role::operator_);
inline const Caller ann = caller_named("token:ann", access::Kind::person, access::Role::approver);
inline const Caller bob = caller_named("token:bob", access::Kind::person, access::Role::approver);

class ApprovalsTest : public ::testing::Test {
 protected:
  explicit ApprovalsTest(std::uint32_t approvals = 1)
      : ApprovalsTest(access::EnvironmentRules{{"production", {.approvals = approvals, .production = true}}}) {}
  explicit ApprovalsTest(access::EnvironmentRules rules) : world(std::move(rules)) {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentView propose(const std::string& text, const Caller& author = build) {
    const ReleaseId release = world.upload("api", text);
    return expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 1'000, author));
  }
  Answer<ApprovalView> decide(const Caller& who, const DeploymentId& id, bool grant = true,
                              const std::string& reason = {}) {
    std::optional<Answer<ApprovalView>> answer;
    world.operations().decide_approval(who, {id, grant, world.row(id).plan_hash, reason, {}},
                                       [&](Answer<ApprovalView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  /// Approved, and carried out to its end.
  DeploymentView deploy(const std::string& text) {
    const DeploymentView proposed = propose(text);
    expect_value(decide(ann, proposed.row.id));
    world.run(60'000);
    return proposed;
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving["api"].release; }
  model::ApprovalRow approval(const DeploymentId& id) { return world.store().approval(id).value(); }
  std::string last_audit() { return world.store().audit(0, 1'000).back().entry.operation; }

  FleetWorld world;
};

}  // namespace switchyard::fleet
