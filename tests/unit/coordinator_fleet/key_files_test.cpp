#include "coordinator/key_files.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "common/error.hpp"

namespace switchyard {
namespace {

class KeyFilesTest : public ::testing::Test {
 protected:
  KeyFilesTest() {
    char name[] = "/tmp/switchyard-keys-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~KeyFilesTest() override { std::filesystem::remove_all(directory); }
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
  const protocol::CoordinatorKeys next = draw_next_keys(directory);
  EXPECT_EQ(mode("server.next.key"), 0600u);
  EXPECT_EQ(mode("plan.next.key"), 0600u);
  EXPECT_EQ(draw_next_keys(directory), next);
  EXPECT_EQ(load_next_keys(directory), next);
  EXPECT_NE(load_or_make_server_keys(directory).public_key, next.server_public_key);

  take_next_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, next.server_public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key);
  EXPECT_FALSE(load_next_keys(directory));
}

TEST_F(KeyFilesTest, EndsAChangeThatWasCutShortBetweenTheTwoFiles) {
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  const protocol::CoordinatorKeys next = draw_next_keys(directory);
  std::filesystem::rename(directory / "plan.next.key", directory / "plan.key");
  finish_taking_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, next.server_public_key);
  EXPECT_EQ(load_or_make_plan_key(directory).public_key, next.plan_public_key);
}

/// Nobody was told of the half that is there.
TEST_F(KeyFilesTest, DrawsAnewWhenTheDrawingWasCutShort) {
  const std::string present = load_or_make_server_keys(directory).public_key;
  draw_next_keys(directory);
  std::filesystem::remove(directory / "server.next.key");
  finish_taking_keys(directory);
  EXPECT_EQ(load_or_make_server_keys(directory).public_key, present);
  EXPECT_FALSE(load_next_keys(directory));
  const protocol::CoordinatorKeys next = draw_next_keys(directory);
  EXPECT_EQ(load_next_keys(directory), next);
}

TEST_F(KeyFilesTest, KeepsTheVaultsKeyWhenTheOthersChange) {
  const std::string vault = load_or_make_vault_key(directory);
  EXPECT_EQ(vault.size(), 32u);
  EXPECT_EQ(mode("vault.key"), 0600u);
  load_or_make_server_keys(directory);
  load_or_make_plan_key(directory);
  draw_next_keys(directory);
  take_next_keys(directory);
  EXPECT_EQ(load_or_make_vault_key(directory), vault);
}

}  // namespace
}  // namespace switchyard
