#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/error.hpp"
#include "coordinator/coordinator.hpp"
#include "coordinator/key_files.hpp"
#include "coordinator/store/sqlite_database.hpp"
#include "coordinator/store/sqlite_store.hpp"

namespace switchyard {
namespace {

/// The state of an installed coordinator: everything in it belongs to a user of its own.
class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    char name[] = "/tmp/switchyard-check-XXXXXX";
    config.state_directory = ::mkdtemp(name);
  }
  ~CheckTest() override { std::filesystem::remove_all(config.state_directory); }
  void install() {
    load_or_make_server_keys(config.state_directory);
    load_or_make_plan_key(config.state_directory);
    store::SqliteStore(config.state_directory / "coordinator.db");
  }
  void give_to(uid_t user) {
    for (const auto& entry : std::filesystem::directory_iterator(config.state_directory)) {
      ASSERT_EQ(::chown(entry.path().c_str(), user, user), 0);
    }
    ASSERT_EQ(::chown(config.state_directory.c_str(), user, user), 0);
  }

  CoordinatorConfig config;
};

constexpr uid_t nobody = 65'534;

TEST_F(CheckTest, OfASoundInstallationSaysNothingAlsoToRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  install();
  give_to(nobody);
  EXPECT_NO_THROW(check_coordinator(config));
  EXPECT_EQ(::geteuid(), 0u);
}

TEST_F(CheckTest, FindsAKeyThatTheCoordinatorsUserCouldNotRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  install();
  give_to(nobody);
  ASSERT_EQ(::chown((config.state_directory / "server.key").c_str(), 0, 0), 0);
  EXPECT_THROW(check_coordinator(config), InputError);
}

TEST_F(CheckTest, FindsThatTheAuditWasChanged) {
  const std::filesystem::path file = config.state_directory / "coordinator.db";
  {
    store::SqliteStore store(file);
    store.take_epoch("test");
    for (int i = 0; i < 3; ++i) store.commit({store::AppendAudit{{.principal = "p", .operation = "o"}}});
  }
  EXPECT_NO_THROW(check_coordinator(config));
  {
    store::SqliteDatabase database(file);
    database.run("DROP TRIGGER IF EXISTS audit_is_append_only_update; UPDATE audit SET principal = 'q' WHERE seq = 2");
  }
  try {
    check_coordinator(config);
    ADD_FAILURE() << "found nothing";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("row 2"), std::string::npos) << error.what();
  }
}

TEST_F(CheckTest, FindsThatTheKeyIsMissingByWhichTheCodesOfAppsAreKnown) {
  install();
  const std::filesystem::path file = config.state_directory / "coordinator.db";
  const auto persons = [&] { return store::SqliteStore(file, store::SqliteStore::Access::shared).totp_persons(); };
  EXPECT_NO_THROW(check_coordinator(config)) << "it is made at the first start";
  {
    store::SqliteStore store(file);
    store.take_epoch("test");
    store.commit({store::PutTotp{{"ann", "5a17", 9, 100}}, store::PutTotp{{"bob", "5a18", 9, 100}}});
  }
  EXPECT_THROW(check_coordinator(config), InputError);

  give_vault_up(config);
  EXPECT_TRUE(persons().empty());
  EXPECT_NO_THROW(check_coordinator(config));
  const store::SqliteStore store(file, store::SqliteStore::Access::shared);
  const auto rows = store.audit(0, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].entry.operation, "totp.reset");
  EXPECT_EQ(rows[1].entry.object, "bob");
}

TEST_F(CheckTest, TakesNoAppAwayWhileTheKeyIsThere) {
  install();
  load_or_make_vault_key(config.state_directory, {});
  EXPECT_THROW(give_vault_up(config), InputError);
}

TEST_F(CheckTest, OfAMachineWithoutAnyStateIsInOrder) {
  std::filesystem::remove_all(config.state_directory);
  EXPECT_NO_THROW(check_coordinator(config));
}

}  // namespace
}  // namespace switchyard
