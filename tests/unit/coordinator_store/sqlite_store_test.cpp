#include "coordinator/store/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "common/error.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "coordinator/store/migrations.hpp"

namespace switchyard::store {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    char name[] = "/tmp/switchyard-sqlite-XXXXXX";
    directory = ::mkdtemp(name);
    file = directory / "coordinator.db";
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(directory); }

  std::filesystem::path directory;
  std::filesystem::path file;
};

int tables(SqliteDatabase& database) {
  SqliteStatement count(database,
                        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  count.step();
  return count.as<int>();
}

TEST_F(SqliteStoreTest, DoesNotStartBesideAnotherCoordinator) {
  const SqliteStore first(file);
  EXPECT_THROW(SqliteStore{file}, StoreError);
}

TEST_F(SqliteStoreTest, StartsAgainWhenTheOtherCoordinatorHasEnded) {
  { const SqliteStore first(file); }
  EXPECT_NO_THROW(SqliteStore{file});
}

TEST_F(SqliteStoreTest, IsReadableByItsOwnerOnly) {
  const SqliteStore store(file);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(SqliteStoreTest, WritesThroughToTheDiskOnEveryCommit) {
  SqliteDatabase database(file);
  SqliteStatement journal(database, "PRAGMA journal_mode");
  ASSERT_TRUE(journal.step());
  EXPECT_EQ(journal.text(), "wal");
  SqliteStatement synchronous(database, "PRAGMA synchronous");
  ASSERT_TRUE(synchronous.step());
  EXPECT_EQ(synchronous.number(), 2) << "2 is FULL";
  SqliteStatement keys(database, "PRAGMA foreign_keys");
  ASSERT_TRUE(keys.step());
  EXPECT_EQ(keys.number(), 1);
}

TEST_F(SqliteStoreTest, MigratesUpAndDownWithoutARest) {
  SqliteDatabase database(file);
  EXPECT_EQ(tables(database), 0);
  migrate(database);
  EXPECT_EQ(schema_number(database), static_cast<int>(migrations().size()));
  EXPECT_GT(tables(database), 10);
  roll_back_to(database, 0);
  EXPECT_EQ(tables(database), 0);
  migrate(database);
  EXPECT_GT(tables(database), 10);
}

/// A coordinator of the version before had not written down where a rollback leads.
TEST_F(SqliteStoreTest, AnApprovalThatWaitsSinceTheVersionBeforeIsOfTheInverse) {
  model::DeploymentRow draft;
  draft.id = DeploymentId("d-1");
  model::ApprovalRow asked;
  asked.deployment = draft.id;
  asked.without = {HostId("web-2")};
  asked.target = DeploymentId("d-0");
  asked.inverse = false;
  asked.verify = true;
  {
    SqliteStore store(file);
    store.take_epoch("test");
    store.commit({PutDeployment{draft}, PutApproval{asked}});
    EXPECT_EQ(store.approval(draft.id), asked);
  }
  {
    SqliteDatabase database(file);
    constexpr int before_rollback_targets = 7;
    roll_back_to(database, before_rollback_targets);
    migrate(database);
  }
  const SqliteStore store(file);
  asked.target = {};
  asked.inverse = true;
  asked.verify = false;
  EXPECT_EQ(store.approval(draft.id), asked);
}

/// The version before starts on what it is left: it knows no restores, and reads no defaults that it does not know.
TEST_F(SqliteStoreTest, GoesBackToTheVersionBeforeSnapshotsWithoutWhatThatCannotRead) {
  model::DeploymentRow waits;
  waits.id = DeploymentId("d-1");
  waits.kind = model::DeploymentKind::restore;
  waits.snapshot = SnapshotId("s-1");
  model::ApprovalRow asked;
  asked.deployment = waits.id;
  model::DeploymentRow deployed;
  deployed.id = DeploymentId("d-2");
  deployed.state = model::DeploymentState::done;
  PutSource source;
  source.deployment = deployed.id;
  source.defaults.strategy = model::Strategy::rolling;
  source.defaults.strategy_source = model::StrategySource::option;
  source.defaults.run_migrations = false;
  source.defaults.rollback_on_failure = false;
  {
    SqliteStore store(file);
    store.take_epoch("test");
    store.commit({PutDeployment{waits}, PutApproval{asked}, PutDeployment{deployed}, source});
  }
  {
    SqliteDatabase database(file);
    constexpr int before_snapshots = 8;
    roll_back_to(database, before_snapshots);
    SqliteStatement options(database, "SELECT options FROM source");
    ASSERT_TRUE(options.step());
    EXPECT_EQ(options.text().find("strategy_source"), std::string::npos) << options.text();
    EXPECT_EQ(options.text().find("run_migrations"), std::string::npos);
  }
  {
    SqliteDatabase database(file);
    migrate(database);
  }
  const SqliteStore store(file);
  EXPECT_EQ(store.deployment(waits.id)->state, model::DeploymentState::rejected);
  EXPECT_FALSE(store.approval(waits.id));
  const model::ManifestDefaults kept = store.source(deployed.id)->defaults;
  EXPECT_EQ(kept.strategy, model::Strategy::rolling);
  EXPECT_EQ(kept.rollback_on_failure, false);
  EXPECT_EQ(kept.run_migrations, std::nullopt);
}

/// Before, nobody remembered; what was deployed with its file says what the environment asks for all the same.
TEST_F(SqliteStoreTest, RemembersThePoliciesOfWhatTheVersionBeforeHasDeployed) {
  const auto deployed = [](const char* id, const char* environment, bool codes, model::DeploymentState state) {
    model::DeploymentRow row;
    row.id = DeploymentId(id);
    row.environment = environment;
    row.state = state;
    PutSource source;
    source.deployment = row.id;
    source.configuration.environment = environment;
    source.configuration.require_mfa = codes;
    source.lifts.encrypt_at_rest = true;
    return Transaction{PutDeployment{row}, source};
  };
  constexpr int before_policies = 9;
  {
    SqliteStore store(file);
    store.take_epoch("test");
    store.commit(deployed("d-1", "production", false, model::DeploymentState::done));
    store.commit(deployed("d-2", "production", true, model::DeploymentState::done));
    store.commit(deployed("d-3", "production", false, model::DeploymentState::rolled_back));
    store.commit(deployed("d-4", "staging", false, model::DeploymentState::done));
    PutSource without_file;
    without_file.deployment = DeploymentId("d-5");
    model::DeploymentRow last;
    last.id = without_file.deployment;
    last.environment = "production";
    last.state = model::DeploymentState::done;
    store.commit({PutDeployment{last}, without_file});
    EXPECT_TRUE(store.source(DeploymentId("d-1"))->lifts.encrypt_at_rest);
  }
  {
    SqliteDatabase database(file);
    roll_back_to(database, before_policies);
    SqliteStatement options(database, "SELECT options FROM source");
    while (options.step()) EXPECT_EQ(options.text().find("lifts"), std::string::npos);
  }
  {
    SqliteDatabase database(file);
    migrate(database);
  }
  const SqliteStore store(file);
  EXPECT_EQ(store.policies("production"), (model::PolicyRow{"production", {true, false}, DeploymentId("d-2")}));
  EXPECT_EQ(store.policies("staging"), (model::PolicyRow{"staging", {}, DeploymentId("d-4")}));
  EXPECT_EQ(store.policies("qa"), std::nullopt);
}

TEST_F(SqliteStoreTest, NumbersMigrationsWithoutAGap) {
  int expected = 1;
  for (const Migration& migration : migrations()) EXPECT_EQ(migration.number, expected++);
}

TEST_F(SqliteStoreTest, RefusesASchemaFromTheFuture) {
  {
    SqliteDatabase database(file);
    database.run("PRAGMA user_version = 999");
  }
  EXPECT_THROW(SqliteStore{file}, StoreError);
}

TEST_F(SqliteStoreTest, RefusesToChangeOrDeleteAnAuditRow) {
  {
    SqliteStore store(file);
    store.take_epoch("test");
    store.commit({AppendAudit{{.principal = "p", .operation = "o"}}});
  }
  SqliteDatabase database(file);
  EXPECT_THROW(database.run("UPDATE audit SET principal = 'q'"), StoreError);
  EXPECT_THROW(database.run("DELETE FROM audit"), StoreError);
}

/// Lets no file of this process grow beyond `bytes`, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(SqliteStoreTest, WritesAllOrNothingWhenTheDiskIsFullAndGoesOnWhenThereIsSpaceAgain) {
  SqliteStore store(file);
  store.take_epoch("test");
  store.commit({PutHost{{.id = HostId("before")}}});
  const model::HostRow large{.id = HostId("large"), .agent_version = std::string(4 << 20, 'x')};
  {
    const FileSizeLimit limit(1 << 20);
    EXPECT_THROW(store.commit({PutHost{{.id = HostId("small")}}, PutHost{large}}), StoreError);
    ASSERT_EQ(store.hosts().size(), 1u);
    EXPECT_EQ(store.hosts()[0].id.str(), "before");
  }
  store.commit({PutHost{large}});
  EXPECT_EQ(store.hosts().size(), 2u);
}

TEST_F(SqliteStoreTest, HasEveryCommitThatReturnedBeforeAKill) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  { const SqliteStore prepared(file); }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    SqliteStore store(file);
    store.take_epoch("child");
    for (;;) {
      store.commit({AppendAudit{{.principal = "child", .operation = "write"}}});
      if (::write(ends[1], "x", 1) != 1) ::_exit(1);
    }
  }
  ::close(ends[1]);
  std::size_t returned = 0;
  char byte = 0;
  while (returned < 50 && ::read(ends[0], &byte, 1) == 1) ++returned;
  ::kill(child, SIGKILL);
  // What was still on its way through the pipe had returned too.
  while (::read(ends[0], &byte, 1) == 1) ++returned;
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_GE(returned, 50u);

  SqliteStore store(file);
  const auto rows = store.audit(0, 1'000'000);
  EXPECT_GE(rows.size(), returned);
  EXPECT_LE(rows.size(), returned + 1);
  EXPECT_EQ(find_audit_break(rows), std::nullopt);
}

}  // namespace
}  // namespace switchyard::store
