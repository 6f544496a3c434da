// What whoever watches over the program (systemd, a person at the console) is told by its end.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

constexpr int end_ms = 20'000;

TEST(Program, EndsWithTheStatusThatItsUnitNamesWhenAnotherHasTakenOverItsStore) {
  Attacked attacked;
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open_v2(attacked.store().c_str(), &store, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(store, "UPDATE lease SET epoch = epoch + 1", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(store);
  attacked.ask("POST", "/v1/agents/tokens", "{}");  // something that must be written
  EXPECT_EQ(attacked.end_within(end_ms), 3) << "RestartPreventExitStatus= of switchyard-coordinator.service";
}

TEST(Program, CheckNamesAFileThatItsUserCouldNotWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  Attacked attacked;
  attacked.stop();
  EXPECT_EQ(attacked.run_beside({"--check"}), 0);
  ASSERT_EQ(::chown(attacked.store().parent_path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(attacked.run_beside({"--check"}), 78);
}

TEST(Program, CheckShowsWhatATerminalWouldObeyInItsFile) {
  Attacked attacked;
  attacked.stop();
  const std::filesystem::path file = attacked.root() / "hostile.yaml";
  std::ofstream(file) << R"({"log_level": "x\nFORGED\u001b[2J\u009b"})";
  EXPECT_EQ(attacked.run_beside({"--check", "--config", file.string()}), 78);
  std::stringstream said;
  said << std::ifstream(attacked.log()).rdbuf();
  EXPECT_NE(said.str().find(R"(is "x
  FORGED\x1b[2J\x9b", but)"),
            std::string::npos)
      << said.str();
}

TEST(Program, GivesNoCommandOnARestoredCopyUntilRecover) {
  Attacked attacked;
  attacked.enrol("web-1");
  attacked.stop();
  EXPECT_EQ(attacked.run_beside({"--restored"}), 0);
  attacked.start_again();
  EXPECT_NE(attacked.ask("GET", "/v1/recovery").body.find("web-1"), std::string::npos) << "it was not heard yet";
  EXPECT_EQ(attacked.ask("POST", "/v1/recovery", "{\"reason\":\"test\",\"without\":[\"web-1\"]}").status, 200);
  attacked.stop();
  attacked.start_again();
  EXPECT_EQ(attacked.ask("POST", "/v1/recovery", "{\"reason\":\"test\"}").status, 409) << "there is nothing to recover";
}

TEST(Program, IsNotToldThatItsStoreIsACopyWhileItRuns) {
  const Attacked attacked;
  EXPECT_NE(attacked.run_beside({"--restored"}), 0);
  EXPECT_NE(attacked.run_beside({"--restored", "--check"}), 0);
}

}  // namespace
}  // namespace switchyard::attack
