#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "coordinator/access/totp.hpp"
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
    return propose_as("shop", text, author);
  }
  /// Under a name of its own: what waits for approval under another one stays as it is.
  DeploymentView propose_as(const std::string& name, const std::string& text, const Caller& author = build,
                            const std::string& hosts = "web-1, web-2") {
    std::string manifest = api_manifest(hosts);
    manifest.replace(manifest.find("shop"), 4, name);
    return expect_value(world.start(world.request(manifest, {{"api", world.upload("api", text)}}), 1'000, author));
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
  DeploymentView deploy(const std::string& text, const std::string& name = "shop") {
    const DeploymentView proposed = propose_as(name, text);
    expect_value(decide(ann, proposed.row.id));
    world.run(60'000);
    return proposed;
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving["api"].release; }
  model::ApprovalRow approval(const DeploymentId& id) { return world.store().approval(id).value(); }
  std::string last_audit() { return world.store().audit(0, 1'000).back().entry.operation; }

  FleetWorld world;
};

/// People with authenticator apps.
class CodesTest : public ApprovalsTest {
 protected:
  explicit CodesTest(access::EnvironmentRules rules) : ApprovalsTest(std::move(rules)) {}
  /// As the app computes it, from what it has read.
  std::string code_of(const std::string& uri, std::int64_t steps_later = 0) {
    const std::size_t at = uri.find("secret=") + 7;
    const std::string secret = from_base32(uri.substr(at, uri.find('&', at) - at));
    return access::totp_code(secret,
                             static_cast<std::uint64_t>(world.clock.wall_ms() / access::totp_step_ms + steps_later));
  }
  static std::string from_base32(const std::string& text) {
    std::string bytes;
    std::uint32_t bits = 0, held = 0;
    for (const char c : text) {
      bits = bits << 5 | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
      if ((held += 5) < 8) continue;
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 0xff));
    }
    return bytes;
  }
  std::string enrol(const Caller& who) { return expect_value(world.operations().enrol_totp(who, "")); }
  Answer<ApprovalView> approve(const Caller& who, const DeploymentId& id, const std::string& code) {
    std::optional<Answer<ApprovalView>> answer;
    world.operations().decide_approval(who, {id, true, world.row(id).plan_hash, {}, code},
                                       [&](Answer<ApprovalView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
};

}  // namespace switchyard::fleet
