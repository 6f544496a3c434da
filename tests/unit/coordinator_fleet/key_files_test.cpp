#include "coordinator/key_files.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "common/error.hpp"
#include "common/hex.hpp"
#include "tests/support/failing_sync.hpp"

namespace switchyard {
namespace {

class KeyFilesTest : public ::testing::Test {
 protected:
  KeyFilesTest() {
    char name[] = "/tmp/switchyard-keys-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~KeyFilesTest() override { std::filesystem::remove_all(directory); }
  protocol::CoordinatorKeys draw() {
    return draw_next_keys(directory, [](const protocol::CoordinatorKeys&) {});
  }
  mode_t mode(const std::string& file) {
    struct stat status {};
    ::stat((directory / file).c_str(), &status);
    return status.st_mode & 07777;
  }

  std::filesystem::path directory;
};

TEST_F(KeyFilesTest, MakesBothKeysOnceAndForTheOwnerOnly) {
  const auto server = load_or_make_server_keys(directory);
  const auto plan = load_or_make_plan_key(directory);
  EXPECT_EQ(mode("server.key"), 0600u);
  EXPECT_EQ(mode("plan.key"), 0600u);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, server.public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, plan.public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).secret, plan.secret);
}

TEST_F(KeyFilesTest, EndsTheProcessWhicheverSyncOfAKeyFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_any,
      [&] {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directory(directory);
      },
      [&] {
        load_or_make_server_keys(directory);
        load_or_make_plan_key(directory);
        load_or_make_vault_key(directory, {});
        draw();
        take_next_keys(directory);
      });
  EXPECT_EQ(syncs, 12) << "five new files and their names, and two names that changed";
}

TEST_F(KeyFilesTest, RefusesAKeyThatOthersCouldRead) {
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  ::chmod((directory / "server.key").c_str(), 0640);
  ::chmod((directory / "plan.key").c_str(), 0604);
  EXPECT_THROW(load_or_make_server_keys(directory), InputError);
  EXPECT_THROW(load_or_make_plan_key(directory), InputError);
}

TEST_F(KeyFilesTest, NeverReplacesAKeyThatIsDamaged) {
  const std::filesystem::path file = directory / "plan.key";
  std::ofstream(file) << "not a key\n";
  ::chmod(file.c_str(), 0600);
  EXPECT_THROW(load_or_make_plan_key(directory), InputError);
  std::ifstream read(file);
  std::string text;
  std::getline(read, text);
  EXPECT_EQ(text, "not a key");
}

TEST_F(KeyFilesTest, FollowsNoLinkThatLeadsNowhere) {
  std::filesystem::create_symlink(directory / "elsewhere", directory / "plan.key");
  EXPECT_THROW(load_or_make_plan_key(directory), InputError);
  EXPECT_FALSE(std::filesystem::exists(directory / "elsewhere"));
}

TEST_F(KeyFilesTest, DrawsTheNextKeysOnceAndPutsThemInThePlaceOfThePresentOnes) {
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  EXPECT_FALSE(load_next_keys(directory));
  const protocol::CoordinatorKeys next = draw();
  EXPECT_EQ(mode("server.next.key"), 0600u);
  EXPECT_EQ(mode("plan.next.key"), 0600u);
  EXPECT_EQ(draw(), next);
  EXPECT_EQ(load_next_keys(directory), next);
  EXPECT_NE(load_or_make_server_keys(directory).public_key, next.server_public_key);

  take_next_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, next.server_public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key);
  EXPECT_FALSE(load_next_keys(directory));
}

TEST_F(KeyFilesTest, WritesNoNextKeysDownThatCouldNotBeToldOfBefore) {
  const auto fail = [](const protocol::CoordinatorKeys&) { throw StoreError("no room for the audit"); };
  EXPECT_THROW(draw_next_keys(directory, fail), StoreError);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  std::optional<protocol::CoordinatorKeys> told;
  const protocol::CoordinatorKeys drawn = draw_next_keys(directory, [&](const auto& next) {
    told = next;
    EXPECT_FALSE(load_next_keys(directory));
  });
  EXPECT_EQ(told, drawn);
  EXPECT_EQ(load_next_keys(directory), drawn);
}

TEST_F(KeyFilesTest, EndsAChangeThatWasCutShortBetweenTheTwoFiles) {
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  const protocol::CoordinatorKeys next = draw();
  std::filesystem::rename(directory / "plan.next.key", directory / "plan.key");
  finish_taking_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, next.server_public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key);
}

/// The second file could not be put in place, for the time being.
TEST_F(KeyFilesTest, PutsTheRestInItsPlaceWhenItIsSaidAgain) {
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  const protocol::CoordinatorKeys next = draw();
  std::filesystem::remove(directory / "server.key");
  std::filesystem::create_directory(directory / "server.key");
  EXPECT_THROW(take_next_keys(directory), SysError);
  std::filesystem::remove(directory / "server.key");
  take_next_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, next.server_public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key);
  take_next_keys(directory);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key) << "a third time does no harm";
}

/// Nobody was told of the half that is there.
TEST_F(KeyFilesTest, DrawsAnewWhenTheDrawingWasCutShort) {
  const std::string present = load_or_make_server_keys(directory).public_key;
  draw();
  std::filesystem::remove(directory / "server.next.key");
  finish_taking_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, present);
  EXPECT_FALSE(load_next_keys(directory));
  const protocol::CoordinatorKeys next = draw();
  EXPECT_EQ(load_next_keys(directory), next);
}

TEST_F(KeyFilesTest, KeepsTheVaultsKeyWhenTheOthersChange) {
  const std::string vault = load_or_make_vault_key(directory, {});
  EXPECT_EQ(vault.size(), 32u);
  EXPECT_EQ(mode("vault.key"), 0600u);
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  draw();
  take_next_keys(directory);
  EXPECT_EQ(load_or_make_vault_key(directory, {}), vault);
}

/// Another one would make a wrong code of each, and nothing would say why.
TEST_F(KeyFilesTest, MakesNoOtherVaultKeyWhileSomebodysAppHangsOnIt) {
  try {
    load_or_make_vault_key(directory, {"ann", "bob"});
    FAIL() << "made anew";
  } catch (const InputError& error) {
    for (const char* word : {"vault.key is missing", "ann", "Restore it", "--vault-lost"}) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "vault.key"));
  const std::string vault = load_or_make_vault_key(directory, {});
  EXPECT_EQ(load_or_make_vault_key(directory, {"ann"}), vault);
}

/// What systemd gives to a service that has the credential.
class VaultCredential : public KeyFilesTest {
 protected:
  void give(const std::string& text) {
    std::filesystem::create_directory(directory / "given");
    std::ofstream(directory / "given/vault.key") << text;
    ::setenv("CREDENTIALS_DIRECTORY", (directory / "given").c_str(), 1);
  }
  ~VaultCredential() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }
  const std::string hex = std::string(32, 'a') + std::string(32, '0');
};

TEST_F(VaultCredential, IsTheKeyOfTheVaultAndNoFileIsMade) {
  give(hex + "\n");
  EXPECT_EQ(load_or_make_vault_key(directory, {"a secret"}), *from_hex(hex));
  EXPECT_FALSE(std::filesystem::exists(directory / "vault.key"));
}

TEST_F(VaultCredential, MayLieBesideTheFileItWasMadeOfAndNoOther) {
  const std::string made = load_or_make_vault_key(directory, {});
  give(to_hex(made));
  EXPECT_EQ(load_or_make_vault_key(directory, {}), made);
  give(hex);
  EXPECT_THROW(load_or_make_vault_key(directory, {}), InputError);
}

TEST_F(VaultCredential, ThatIsNotGivenAnyMoreIsAskedForAndNotMadeAnew) {
  give(hex);
  load_or_make_vault_key(directory, {});
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THROW(load_or_make_vault_key(directory, {}), InputError);
  EXPECT_TRUE(has_vault_key(directory)) << "--vault-lost, which has no credentials, takes nothing away";
  EXPECT_NO_THROW(refuse_lost_vault_key(directory, {"a secret"})) << "nor does --check";
}

TEST_F(VaultCredential, ThatIsNoKeyIsRefused) {
  give("not a key");
  EXPECT_THROW(load_or_make_vault_key(directory, {}), InputError);
}

}  // namespace
}  // namespace switchyard
