// The promises of StateStore, asked of every implementation.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "coordinator/store/memory_store.hpp"
#include "coordinator/store/sqlite_store.hpp"

namespace switchyard::store {
namespace {

using model::Decision;
using model::DeploymentState;

/// A "disk" that several stores, one after the other or at once, can be opened on.
struct MemoryBacking {
  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
  std::unique_ptr<StateStore> open() { return std::make_unique<MemoryStore>(disk); }
};
struct SqliteBacking {
  SqliteBacking() {
    char name[] = "/tmp/switchyard-store-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~SqliteBacking() { std::filesystem::remove_all(directory); }
  std::unique_ptr<StateStore> open() {
    return std::make_unique<SqliteStore>(directory / "coordinator.db", SqliteStore::Access::shared);
  }
  std::filesystem::path directory;
};

model::DeploymentRow make_row(const std::string& id, DeploymentState state = DeploymentState::approved) {
  return {.id = DeploymentId(id),
          .kind = model::DeploymentKind::rollback,
          .rollback_of = DeploymentId("d-before"),
          .name = "guestbook",
          .environment = "production",
          .state = state,
          .reason = "why it is so",
          .author = "local:root",
          .plan_hash = "abc",
          .version = "2.0",
          .created_wall_ms = 1,
          .updated_wall_ms = 2,
          .finished_wall_ms = 3,
          .deferred = {HostId("web-2")},
          .deferred_components = {{HostId("web-2"), {"api", "web"}}},
          .components = {"api"},
          .gone = {HostId("web-3"), HostId("web-4")},
          .resumed = 4,
          .failures = {{.phase = model::ErrorPhase::postdeployment,
                        .severity = model::Severity::critical,
                        .action = model::ErrorAction::abort,
                        .trigger = model::RollbackTrigger::integrity_check,
                        .code = "probe_failed",
                        .host = HostId("web-1"),
                        .component = "api",
                        .message = "no answer",
                        .check = "answers"}},
          .snapshot = SnapshotId("s-0123456789abcdef")};
}

model::SnapshotRow make_snapshot(const std::string& id) {
  model::SnapshotRow row{.id = SnapshotId(id),
                         .environment = "production",
                         .name = "guestbook",
                         .author = "local:root",
                         .reason = "before the sale",
                         .created_wall_ms = 7,
                         .places = {{.host = HostId("web-1"),
                                     .component = "api",
                                     .serving = {.kind = protocol::OldKind::release,
                                                 .slot = "blue",
                                                 .release = ReleaseId(std::string(64, 'a')),
                                                 .unit = "api@blue.service"},
                                     .version = "1.0",
                                     .unit_state = "active",
                                     .enablement = "enabled",
                                     .configuration = "0123456789abcdef",
                                     .deployment = DeploymentId("d-2"),
                                     .origin = DeploymentId("d-1"),
                                     .origin_digest = std::string(64, 'd'),
                                     .files = {"/etc/api.conf", "/srv/api/state"},
                                     .files_present = 1},
                                    {.host = HostId("web-2"), .component = "api"}}};
  row.checksum = model::checksum_of(row);
  return row;
}

model::Plan make_plan(const std::string& id) {
  protocol::PlanSlice slice;
  slice.deployment = DeploymentId(id);
  slice.host = HostId("web-1");
  slice.components.push_back(
      {.name = "api",
       .release = ReleaseId(std::string(64, 'a')),
       .slot = "green",
       .unit = "api@green.service",
       .old = {.kind = protocol::OldKind::release, .slot = "blue", .release = ReleaseId(std::string(64, 'b'))}});
  return {.deployment = DeploymentId(id),
          .name = "guestbook",
          .environment = "production",
          .hash = std::string(64, 'c'),
          .header = std::string("head\0er\xff", 8),
          .signature = std::string(64, '\0'),
          .slices = {{slice.host, slice}},
          .nodes = {{.component = "api", .hosts = {HostId("web-1")}, .exclusive = true, .priority = -3},
                    {.component = "web", .stage = 2, .after = {0}}},
          .settings = {.rollback_on_failure = false,
                       .watch_ms = 77,
                       .on_restart = model::OnRestart::abort,
                       .unreachable = model::Unreachable::defer,
                       .defer_max = 2,
                       .rollback_strategy = model::RollbackStrategy::graceful,
                       .caller_defaults = {"ROLLBACK_ENABLED=false"},
                       .checks = model::ChecksAsked{false, model::RunTests::smoke},
                       .migrations_not_run = {"migration schema of component api is not run: it was asked for"}}};
}

model::HostRow make_host(const std::string& name) {
  return {.id = HostId(name),
          .public_key = std::string(40, 'k'),
          .revoked = true,
          .labels = {{"role", "web"}},
          .enrolled_wall_ms = 5,
          .last_seen_wall_ms = 6,
          .agent_version = "0.1.0",
          .only_token = "0011223344556677"};
}

model::TokenRow make_token(const std::string& id) {
  return {.id = id, .public_key = "key of " + id, .host_pattern = "web-*", .expires_wall_ms = 1000};
}

model::ApiTokenRow make_api_token(const std::string& id) {
  return {.id = id,
          .digest = "digest of " + id,
          .name = "ann",
          .kind = access::Kind::ai,
          .role = access::Role::operator_,
          .environment = "*",
          .created_by = "local:root",
          .created_wall_ms = 7,
          .expires_wall_ms = 8};
}

model::AuditEntry make_audit(const std::string& operation) {
  return {.wall_ms = 9,
          .principal = "local:root",
          .operation = operation,
          .object = "d-1",
          .reason = "because",
          .origin = "unix socket",
          .success = true,
          .details = {{"hash", "abc"}}};
}

template <class Backing>
class StateStoreContract : public testing::Test {
 protected:
  StateStoreContract() : store(backing.open()) { store->take_epoch("test"); }

  /// As after a crash of the process: the old object is gone, the new one has taken over.
  void restart() {
    store.reset();
    store = backing.open();
    store->take_epoch("test");
  }
  void put_deployment(const std::string& id, DeploymentState state = DeploymentState::approved) {
    store->commit({PutDeployment{make_row(id, state)}});
  }

  Backing backing;
  std::unique_ptr<StateStore> store;
};

using Stores = testing::Types<MemoryBacking, SqliteBacking>;
TYPED_TEST_SUITE(StateStoreContract, Stores);

TYPED_TEST(StateStoreContract, ATotpCodeCountsOnce) {
  const model::TotpRow row{"ann", "5a17", 9, 100};
  EXPECT_THROW(this->store->commit({UseTotp{"ann", 101}}), ConflictError);
  this->store->commit({PutTotp{row}});
  EXPECT_EQ(this->store->totp("ann"), row);
  EXPECT_THROW(this->store->commit({UseTotp{"ann", 100}, AppendAudit{make_audit("x")}}), ConflictError);
  this->store->commit({UseTotp{"ann", 102}});
  EXPECT_THROW(this->store->commit({UseTotp{"ann", 101}}), ConflictError);
  this->restart();
  EXPECT_EQ(this->store->totp("ann")->last_step, 102u);
  EXPECT_EQ(this->store->totp("bob"), std::nullopt);
  EXPECT_TRUE(this->store->audit(0, 10).empty());
  this->store->commit({DropTotp{"ann"}});
  EXPECT_EQ(this->store->totp("ann"), std::nullopt);
}

TYPED_TEST(StateStoreContract, KeepsRegisteredChecksByTheirNames) {
  model::RegisteredCheck web;
  web.environment = "production";
  web.name = "web";
  web.probe.name = "web";
  web.probe.kind = protocol::CustomProbe{{"/checks/web"}, "nobody", R"({"least":1})"};
  web.probe.tier = 2;
  web.tags = {"core", "slow"};
  web.component = "api";
  web.hosts = {HostId("web-1"), HostId("web-2")};
  web.registered_by = "token:ann";
  web.registered_wall_ms = 7;
  model::RegisteredCheck other = web;
  other.environment = "staging";
  this->store->commit({PutCheck{other}, PutCheck{web}});
  this->restart();
  EXPECT_EQ(this->store->checks(), (std::vector<model::RegisteredCheck>{web, other}));
  web.tags = {};
  this->store->commit({PutCheck{web}});
  EXPECT_EQ(this->store->checks(), (std::vector<model::RegisteredCheck>{web, other}));
  this->store->commit({DropCheck{"production", "web"}});
  EXPECT_EQ(this->store->checks(), std::vector<model::RegisteredCheck>{other});
  EXPECT_THROW(this->store->commit({DropCheck{"production", "web"}, AppendAudit{make_audit("x")}}), ConflictError);
}

TYPED_TEST(StateStoreContract, RemembersThePoliciesOfEachEnvironment) {
  EXPECT_EQ(this->store->policies("production"), std::nullopt);
  const model::PolicyRow production{"production", {true, false}, DeploymentId("d-1")};
  model::PolicyRow staging{"staging", {false, true}, DeploymentId("d-2")};
  this->store->commit({PutPolicies{production}, PutPolicies{staging}});
  staging.policies = {};
  staging.deployment = DeploymentId("d-3");
  this->store->commit({PutPolicies{staging}});
  this->restart();
  EXPECT_EQ(this->store->policies("production"), production);
  EXPECT_EQ(this->store->policies("staging"), staging);
}

TYPED_TEST(StateStoreContract, KnowsWhoHasAnAuthenticatorApp) {
  EXPECT_TRUE(this->store->totp_persons().empty());
  this->store->commit({PutTotp{{"bob", "5a17", 9, 100}}, PutTotp{{"ann", "5a18", 9, 100}}});
  this->store->commit({PutTotp{{"bob", "5a19", 9, 101}}});
  this->restart();
  EXPECT_EQ(this->store->totp_persons(), (std::vector<std::string>{"ann", "bob"}));
  this->store->commit({DropTotp{"bob"}});
  EXPECT_EQ(this->store->totp_persons(), std::vector<std::string>{"ann"});
}

model::SecretRow make_secret(std::uint64_t version, const std::string& name = "DB_PASSWORD") {
  return {"production", name, version, std::string("se\0aled", 7) + std::to_string(version), "local:ann", 5};
}

TYPED_TEST(StateStoreContract, CountsTheVersionsOfASecretAndKeepsTheNewestOfThem) {
  EXPECT_THROW(this->store->commit({PutSecret{make_secret(2)}}), ConflictError) << "the first is 1";
  for (std::uint64_t version = 1; version <= limits::secret_versions_kept + 1; ++version) {
    this->store->commit({PutSecret{make_secret(version)}});
  }
  EXPECT_THROW(this->store->commit({PutSecret{make_secret(3)}, AppendAudit{make_audit("x")}}), ConflictError);
  this->store->commit({PutSecret{make_secret(1, "API_KEY")}});
  this->restart();
  const std::uint64_t newest = limits::secret_versions_kept + 1;
  EXPECT_EQ(this->store->secrets(), (std::vector<model::SecretRow>{make_secret(1, "API_KEY"), make_secret(newest)}));
  EXPECT_EQ(this->store->secret("production", "DB_PASSWORD", 2), make_secret(2));
  EXPECT_EQ(this->store->secret("production", "DB_PASSWORD", 1), std::nullopt) << "too old";
  EXPECT_EQ(this->store->secret("staging", "DB_PASSWORD", 2), std::nullopt);
  EXPECT_TRUE(this->store->audit(0, 10).empty());
}

TYPED_TEST(StateStoreContract, RemovesEveryVersionOfASecretAndCountsOn) {
  EXPECT_THROW(this->store->commit({DropSecret{"production", "DB_PASSWORD"}}), ConflictError);
  this->store->commit({PutSecret{make_secret(1)}, PutSecret{make_secret(2)}});
  this->store->commit({DropSecret{"production", "DB_PASSWORD"}});
  this->restart();
  ASSERT_EQ(this->store->secrets().size(), 1u);
  EXPECT_TRUE(this->store->secrets()[0].removed());
  EXPECT_EQ(this->store->secrets()[0].version, 2u);
  EXPECT_EQ(this->store->secret("production", "DB_PASSWORD", 1), std::nullopt);
  EXPECT_THROW(this->store->commit({DropSecret{"production", "DB_PASSWORD"}}), ConflictError) << "once";
  EXPECT_THROW(this->store->commit({PutSecret{make_secret(1)}}), ConflictError) << "1 was another text";
  this->store->commit({PutSecret{make_secret(3)}});
  EXPECT_EQ(this->store->secret("production", "DB_PASSWORD", 3), make_secret(3));
}

model::ApprovalRow make_approval(const std::string& id) {
  return {.deployment = DeploymentId(id),
          .environment = "production",
          .plan_hash = "abc",
          .author = "token:build",
          .needed = 2,
          .created_wall_ms = 5,
          .expires_wall_ms = 6,
          .votes = {{"token:ann", true, "fine \xc3\xa9", 7, true}},
          .without = {HostId("web-2")},
          .to_nothing = true,
          .target = DeploymentId("d-0"),
          .inverse = false,
          .verify = true};
}

TYPED_TEST(StateStoreContract, GivesBackAnApprovalAsItWasPut) {
  this->put_deployment("d-1", DeploymentState::draft);
  this->put_deployment("d-2", DeploymentState::draft);
  this->store->commit({PutApproval{make_approval("d-1")}, PutApproval{make_approval("d-2")}});
  this->restart();
  EXPECT_EQ(this->store->approval(DeploymentId("d-1")), make_approval("d-1"));
  EXPECT_EQ(this->store->approval(DeploymentId("d-3")), std::nullopt);
  EXPECT_EQ(this->store->approvals(10), (std::vector{make_approval("d-2"), make_approval("d-1")}));
  EXPECT_EQ(this->store->approvals(1).size(), 1u);
}

TYPED_TEST(StateStoreContract, ADecidedApprovalNeverChangesAgain) {
  this->put_deployment("d-1", DeploymentState::draft);
  model::ApprovalRow row = make_approval("d-1");
  this->store->commit({PutApproval{row}});
  row.votes.push_back({"token:bob", true, "", 8, false});
  row.state = model::ApprovalState::granted;
  row.needed = 3;
  this->store->commit({PutApproval{row}});
  model::ApprovalRow other = row;
  other.state = model::ApprovalState::rejected;
  EXPECT_THROW(this->store->commit({PutApproval{other}, AppendAudit{make_audit("x")}}), ConflictError);
  EXPECT_THROW(this->store->commit({PutApproval{row}}), ConflictError);
  this->restart();
  EXPECT_EQ(this->store->approval(DeploymentId("d-1")), row);
  EXPECT_TRUE(this->store->audit(0, 10).empty());
}

TYPED_TEST(StateStoreContract, KeepsApiTokensInTheOrderInWhichTheyWereMade) {
  this->store->commit({AddApiToken{make_api_token("b")}});
  this->store->commit({AddApiToken{make_api_token("a")}});
  this->restart();
  EXPECT_EQ(this->store->api_tokens(), (std::vector{make_api_token("b"), make_api_token("a")}));
}

TYPED_TEST(StateStoreContract, RevokesAnApiTokenOnceAndForEver) {
  this->store->commit({AddApiToken{make_api_token("a")}});
  EXPECT_THROW(this->store->commit({AddApiToken{make_api_token("a")}}), ConflictError);
  EXPECT_THROW(this->store->commit({RevokeApiToken{"b", 9}}), ConflictError);
  this->store->commit({RevokeApiToken{"a", 9}});
  EXPECT_THROW(this->store->commit({RevokeApiToken{"a", 10}, AppendAudit{make_audit("x")}}), ConflictError);
  this->restart();
  EXPECT_EQ(this->store->api_tokens().at(0).revoked_wall_ms, 9);
  EXPECT_TRUE(this->store->audit(0, 10).empty());
}

TYPED_TEST(StateStoreContract, GivesBackADeploymentAsItWasPut) {
  this->put_deployment("d-1");
  this->restart();
  EXPECT_EQ(this->store->deployment(DeploymentId("d-1")), make_row("d-1"));
  EXPECT_EQ(this->store->deployment(DeploymentId("d-2")), std::nullopt);
}

TYPED_TEST(StateStoreContract, ReplacesADeploymentAndKeepsItsPlaceInTheOrder) {
  this->put_deployment("d-1");
  this->put_deployment("d-2");
  this->put_deployment("d-1", DeploymentState::swapping);
  const auto rows = this->store->deployments(10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id.str(), "d-2");
  EXPECT_EQ(rows[1].state, DeploymentState::swapping);
  EXPECT_EQ(this->store->deployments(1).size(), 1u);
}

TYPED_TEST(StateStoreContract, ListsAsUnfinishedWhatIsNotFinal) {
  this->put_deployment("d-1", DeploymentState::done);
  this->put_deployment("d-2", DeploymentState::stuck);
  this->put_deployment("d-3", DeploymentState::rolled_back);
  this->put_deployment("d-4", DeploymentState::preparing);
  const auto rows = this->store->unfinished_deployments();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id.str(), "d-2");
  EXPECT_EQ(rows[1].id.str(), "d-4");
}

TYPED_TEST(StateStoreContract, GivesBackAPlanByteForByte) {
  this->put_deployment("d-0123456789abcdef");
  this->store->commit({PutPlan{make_plan("d-0123456789abcdef")}});
  this->restart();
  EXPECT_EQ(this->store->plan(DeploymentId("d-0123456789abcdef")), make_plan("d-0123456789abcdef"));
  EXPECT_EQ(this->store->plan(DeploymentId("d-2")), std::nullopt);
}

TYPED_TEST(StateStoreContract, NeverReplacesAPlan) {
  this->put_deployment("d-0123456789abcdef");
  this->store->commit({PutPlan{make_plan("d-0123456789abcdef")}});
  this->store->commit({PutPlan{make_plan("d-0123456789abcdef")}});
  auto other = make_plan("d-0123456789abcdef");
  other.hash = std::string(64, 'd');
  EXPECT_THROW(this->store->commit({PutPlan{other}}), ConflictError);
}

TYPED_TEST(StateStoreContract, KeepsTheNewestSignatureOfAPlan) {
  this->put_deployment("d-0123456789abcdef");
  auto plan = make_plan("d-0123456789abcdef");
  this->store->commit({PutPlan{plan}});
  plan.signature.assign(plan.signature.size(), 's');
  this->store->commit({PutPlan{plan}});
  this->restart();
  EXPECT_EQ(this->store->plan(DeploymentId("d-0123456789abcdef")), plan);
}

TYPED_TEST(StateStoreContract, KeepsTheFirstDecisionForEver) {
  const DeploymentId id("d-1");
  this->put_deployment("d-1");
  EXPECT_EQ(this->store->decision(id), std::nullopt);
  this->store->commit({PutDecision{id, Decision::commit}});
  EXPECT_THROW(this->store->commit({PutDecision{id, Decision::abort}}), ConflictError);
  this->store->commit({PutDecision{id, Decision::commit}});
  this->restart();
  EXPECT_EQ(this->store->decision(id), Decision::commit);
}

TYPED_TEST(StateStoreContract, WritesNothingOfATransactionThatConflicts) {
  const DeploymentId id("d-1");
  this->put_deployment("d-1");
  this->store->commit({PutDecision{id, Decision::abort}, AppendAudit{make_audit("one")}});
  EXPECT_THROW(
      this->store->commit({PutDeployment{make_row("d-1", DeploymentState::done)}, PutDeployment{make_row("d-2")},
                           PutHost{make_host("web-1")}, TakeLock{HostId("web-1"), "api", id},
                           PutToken{make_token("t1")}, AppendTimeline{{.deployment = id, .text = "never"}},
                           AppendAudit{make_audit("two")}, PutDecision{id, Decision::commit}}),
      ConflictError);
  EXPECT_EQ(this->store->deployment(id), make_row("d-1"));
  EXPECT_EQ(this->store->deployment(DeploymentId("d-2")), std::nullopt);
  EXPECT_TRUE(this->store->hosts().empty());
  EXPECT_TRUE(this->store->tokens().empty());
  EXPECT_EQ(this->store->lock_holder(HostId("web-1"), "api"), std::nullopt);
  EXPECT_TRUE(this->store->timeline(id, 0, 10).empty());
  EXPECT_EQ(this->store->audit(0, 10).size(), 1u);
}

TYPED_TEST(StateStoreContract, GivesALockToOneDeploymentAtATime) {
  this->put_deployment("d-1");
  this->put_deployment("d-2");
  const TakeLock first{HostId("web-1"), "api", DeploymentId("d-1")};
  const TakeLock second{HostId("web-1"), "api", DeploymentId("d-2")};
  this->store->commit({first, TakeLock{HostId("web-1"), "web", DeploymentId("d-1")}});
  this->store->commit({first});
  EXPECT_THROW(this->store->commit({second}), ConflictError);
  EXPECT_EQ(this->store->lock_holder(HostId("web-1"), "api"), DeploymentId("d-1"));
  EXPECT_EQ(this->store->lock_holder(HostId("web-2"), "api"), std::nullopt);
  this->store->commit({ReleaseLocks{DeploymentId("d-1")}, second});
  EXPECT_EQ(this->store->lock_holder(HostId("web-1"), "api"), DeploymentId("d-2"));
  EXPECT_EQ(this->store->lock_holder(HostId("web-1"), "web"), std::nullopt);
}

TYPED_TEST(StateStoreContract, NamesTheHolderOfALock) {
  this->put_deployment("d-1");
  this->put_deployment("d-2");
  this->store->commit({TakeLock{HostId("web-1"), "api", DeploymentId("d-1")}});
  try {
    this->store->commit({TakeLock{HostId("web-1"), "api", DeploymentId("d-2")}});
    FAIL() << "the lock was given twice";
  } catch (const ConflictError& error) {
    EXPECT_STREQ(error.what(), "component api on host web-1 is being changed by deployment d-1");
  }
}

TYPED_TEST(StateStoreContract, LetsATokenBeUsedOnce) {
  this->store->commit({PutToken{make_token("t1")}});
  const UseToken use{.id = "t1", .host = HostId("web-1"), .now_wall_ms = 999};
  this->store->commit({use});
  EXPECT_THROW(this->store->commit({use}), ConflictError);
  const auto tokens = this->store->tokens();
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].used_by.str(), "web-1");
  EXPECT_EQ(tokens[0].used_wall_ms, 999);
}

TYPED_TEST(StateStoreContract, RefusesATokenFromItsExpiryOnAndAnUnknownOne) {
  this->store->commit({PutToken{make_token("t1")}});
  EXPECT_THROW(this->store->commit({UseToken{.id = "t1", .host = HostId("web-1"), .now_wall_ms = 1000}}),
               ConflictError);
  EXPECT_THROW(this->store->commit({UseToken{.id = "t2", .host = HostId("web-1"), .now_wall_ms = 1}}), ConflictError);
}

TYPED_TEST(StateStoreContract, GivesBackASnapshotAsItWasPut) {
  const model::SnapshotRow row = make_snapshot("s-1");
  this->store->commit({AddSnapshot{row}});
  this->restart();
  EXPECT_EQ(this->store->snapshot(SnapshotId("s-1")), row);
  EXPECT_TRUE(model::is_whole(this->store->snapshot(SnapshotId("s-1")).value()));
  EXPECT_EQ(this->store->snapshot(SnapshotId("s-2")), std::nullopt);
}

TYPED_TEST(StateStoreContract, KeepsSnapshotsNewestFirstUntilTheyAreDropped) {
  for (const char* id : {"s-2", "s-1", "s-3"}) this->store->commit({AddSnapshot{make_snapshot(id)}});
  EXPECT_THROW(this->store->commit({AddSnapshot{make_snapshot("s-1")}}), ConflictError) << "one never changes";
  this->store->commit({DropSnapshot{SnapshotId("s-1")}});
  this->restart();
  const std::vector<model::SnapshotRow> rows = this->store->snapshots();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id.str(), "s-3");
  EXPECT_EQ(rows[1].id.str(), "s-2");
  EXPECT_THROW(this->store->commit({DropSnapshot{SnapshotId("s-1")}}), ConflictError);
}

TYPED_TEST(StateStoreContract, KeepsHostsServingAndArtifacts) {
  const model::ServingRow serving{
      .host = HostId("web-1"),
      .environment = "production",
      .component = "api",
      .serving = {.kind = protocol::OldKind::release, .slot = "green", .release = ReleaseId("r2"), .unit = "u2"},
      .previous = {.kind = protocol::OldKind::legacy, .slot = "legacy", .unit = "api.service"},
      .deployment = DeploymentId("d-1"),
      .version = "2.0"};
  const PutArtifact artifact{
      .release = ReleaseId("r2"), .component = "api", .version = "2.0", .bytes = 5'000'000'000, .created_wall_ms = 8};
  auto old_serving = serving;
  old_serving.version = "1.0";
  this->store->commit({PutHost{make_host("web-2")}, PutHost{make_host("web-1")}, PutServing{old_serving},
                       PutServing{serving}, PutArtifact{artifact}});
  this->restart();
  const auto hosts = this->store->hosts();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0], make_host("web-1"));
  EXPECT_EQ(this->store->serving(), std::vector{serving});
  ASSERT_EQ(this->store->artifacts().size(), 1u);
  EXPECT_EQ(this->store->artifacts()[0].bytes, artifact.bytes);
  EXPECT_EQ(this->store->artifacts()[0].component, "api");
  this->store->commit({DropArtifact{ReleaseId("no such release")}});
  EXPECT_EQ(this->store->artifacts().size(), 1u);
  this->store->commit({DropArtifact{artifact.release}});
  EXPECT_TRUE(this->store->artifacts().empty());
}

TYPED_TEST(StateStoreContract, KeepsWhatADeploymentWasAskedWith) {
  const PutSource source{.deployment = DeploymentId("d-1"),
                         .manifest = "metadata:\n  name: guestbook\n",
                         .file_name = "deploy.yaml",
                         .environment = "production",
                         .artifacts = {{"api", ReleaseId("r1")}, {"web", ReleaseId("r2")}},
                         .sequential = true,
                         .components = {"api"},
                         .override_freeze = "the site is down",
                         .defaults = {.strategy = model::Strategy::rolling, .rollback_on_failure = false}};
  this->put_deployment("d-1");
  this->store->commit({source});
  this->restart();
  EXPECT_EQ(this->store->source(DeploymentId("d-1")), source);
  EXPECT_EQ(this->store->source(DeploymentId("d-2")), std::nullopt);
}

TYPED_TEST(StateStoreContract, BindsAnIdempotencyKeyToOneDeployment) {
  this->put_deployment("d-1");
  this->put_deployment("d-2");
  this->store->commit({PutRequestKey{"key", DeploymentId("d-1")}});
  this->store->commit({PutRequestKey{"key", DeploymentId("d-1")}});
  EXPECT_THROW(this->store->commit({PutRequestKey{"key", DeploymentId("d-2")}}), ConflictError);
  this->restart();
  EXPECT_EQ(this->store->deployment_of_key("key"), DeploymentId("d-1"));
  EXPECT_EQ(this->store->deployment_of_key("other"), std::nullopt);
}

TYPED_TEST(StateStoreContract, PagesThroughATimelineInTheOrderOfWriting) {
  this->put_deployment("d-1");
  this->put_deployment("d-2");
  for (int i = 0; i < 5; ++i) {
    // The clock goes backwards: the order is that of writing all the same.
    this->store->commit({AppendTimeline{{.deployment = DeploymentId("d-1"),
                                         .wall_ms = 100 - i,
                                         .host = HostId("web-1"),
                                         .component = "api",
                                         .what = "step",
                                         .state = "done",
                                         .text = std::to_string(i),
                                         .fields = {{"bytes", "not UTF-8"}}}},
                         AppendTimeline{{.deployment = DeploymentId("d-2"), .text = "other"}}});
  }
  const auto page = this->store->timeline(DeploymentId("d-1"), 1, 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].text, "1");
  EXPECT_EQ(page[1].text, "2");
  EXPECT_EQ(page[1].wall_ms, 98);
  EXPECT_EQ(page[1].fields.at("bytes"), "not UTF-8");
  EXPECT_EQ(this->store->timeline(DeploymentId("d-1"), 4, 10).size(), 1u);
  EXPECT_TRUE(this->store->timeline(DeploymentId("d-1"), 5, 10).empty());
  EXPECT_TRUE(this->store->timeline(DeploymentId("d-9"), 0, 10).empty());
}

TYPED_TEST(StateStoreContract, ChainsTheAuditLogAcrossRestarts) {
  EXPECT_EQ(this->store->audit_head(), empty_audit_head);
  EXPECT_EQ(this->store->audit_rows(), 0u);
  this->store->commit({AppendAudit{make_audit("one")}, AppendAudit{make_audit("two")}});
  this->restart();
  this->store->commit({AppendAudit{make_audit("three")}});
  const auto rows = this->store->audit(0, 10);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(find_audit_break(rows), std::nullopt);
  EXPECT_EQ(rows[2].entry, make_audit("three"));
  EXPECT_EQ(this->store->audit_head(), rows[2].hash);
  EXPECT_EQ(this->store->audit_rows(), 3u);
  for (const StoredAudit& row : rows) EXPECT_TRUE(this->store->knows_audit_head(row.hash));
  EXPECT_FALSE(this->store->knows_audit_head(audit_hash("another chain", 1, make_audit("one"))));
  EXPECT_FALSE(this->store->knows_audit_head(""));
  EXPECT_EQ(this->store->audit(2, 10).size(), 1u);
  EXPECT_EQ(this->store->audit(0, 1).size(), 1u);
}

TYPED_TEST(StateStoreContract, RefusesWritesBeforeAnEpochIsTaken) {
  const auto other = this->backing.open();
  EXPECT_EQ(other->epoch(), 0u);
  EXPECT_THROW(other->commit({PutHost{make_host("web-1")}}), StaleEpochError);
}

TYPED_TEST(StateStoreContract, FencesTheOlderOfTwoCoordinators) {
  const std::uint64_t first_epoch = this->store->epoch();
  const auto newer = this->backing.open();
  EXPECT_EQ(newer->take_epoch("newer"), first_epoch + 1);
  EXPECT_THROW(this->store->commit({PutHost{make_host("web-1")}}), StaleEpochError);
  EXPECT_THROW(this->store->next_plan_seq(), StaleEpochError);
  EXPECT_TRUE(newer->hosts().empty());
  newer->commit({PutHost{make_host("web-1")}});
  EXPECT_EQ(newer->hosts().size(), 1u);
}

TYPED_TEST(StateStoreContract, TellsTheOlderOfTwoCoordinatorsThatHasNothingToWrite) {
  this->store->confirm_epoch();
  const auto newer = this->backing.open();
  newer->take_epoch("newer");
  EXPECT_THROW(this->store->confirm_epoch(), StaleEpochError);
  newer->confirm_epoch();
}

TYPED_TEST(StateStoreContract, TakesAnEpochAboveWhatHostsHaveObeyed) {
  const std::uint64_t plan = this->store->next_plan_seq();
  EXPECT_EQ(this->store->take_epoch_above(40), 41u);
  EXPECT_EQ(this->store->epoch(), 41u);
  EXPECT_GT(this->store->next_plan_seq(), plan + 1'000);
  this->store->commit({PutHost{make_host("web-1")}});
  EXPECT_EQ(this->store->take_epoch_above(3), 42u);
}

TYPED_TEST(StateStoreContract, NumbersPlansUpwardsForEver) {
  const std::uint64_t first = this->store->next_plan_seq();
  EXPECT_EQ(this->store->next_plan_seq(), first + 1);
  this->restart();
  EXPECT_EQ(this->store->next_plan_seq(), first + 2);
}

}  // namespace
}  // namespace switchyard::store
