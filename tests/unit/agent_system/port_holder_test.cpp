#include "agent/system/port_holder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/ids.hpp"
#include "tests/support/fake_socket_table.hpp"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

/// Control groups and processes as a host shows them.
class PortHolder : public ::testing::Test {
 protected:
  PortHolder() : place_(fs::temp_directory_path() / ("switchyard-groups-" + random_hex(6))) {
    fs::create_directories(place_ / "proc" / "412");
    std::ofstream(place_ / "proc" / "412" / "comm") << "redis-server\n";
  }
  ~PortHolder() override { fs::remove_all(place_); }

  /// A group with one process; its id.
  std::uint64_t group(const std::string& path) {
    fs::create_directories(place_ / path);
    std::ofstream(place_ / path / "cgroup.procs") << "412\n413\n";
    struct stat status {};
    EXPECT_EQ(::stat((place_ / path).c_str(), &status), 0);
    return status.st_ino;
  }
  std::optional<std::string> holder() {
    return agent::port_holder(sockets_, 8001, "web@blue.service", place_ / "groups", place_ / "proc");
  }

  fs::path place_;
  FakeSocketTable sockets_;
};

TEST_F(PortHolder, NamesTheUnitAndItsProcess) {
  sockets_.groups[8001] = {group("groups/system.slice/redis.service")};
  EXPECT_EQ(holder(), "the unit redis.service (process 412, redis-server)");
}

TEST_F(PortHolder, NamesTheUnitOfAGroupWithinIt) {
  sockets_.groups[8001] = {group("groups/system.slice/pod.service/payload")};
  EXPECT_EQ(holder(), "the unit pod.service (process 412, redis-server)");
}

TEST_F(PortHolder, FindsTheUnifiedGroupsBesideOldOnes) {
  group("groups/unified");
  sockets_.groups[8001] = {group("groups/unified/user.slice/session-3.scope")};
  EXPECT_EQ(holder(), "the unit session-3.scope (process 412, redis-server)");
}

TEST_F(PortHolder, IsNobodyWhenThePortIsFreeOrTheUnitsOwn) {
  EXPECT_EQ(holder(), std::nullopt);
  sockets_.groups[8001] = {group("groups/system.slice/system-web.slice/web@blue.service")};
  EXPECT_EQ(holder(), std::nullopt);
}

TEST_F(PortHolder, IsNobodyWhenSystemdHoldsThePortForAUnit) {
  sockets_.groups[8001] = {group("groups/init.scope")};
  EXPECT_EQ(holder(), std::nullopt);
}

TEST_F(PortHolder, IsNobodyWhenTheKernelDoesNotSay) {
  sockets_.listen(8001);
  EXPECT_EQ(holder(), std::nullopt);
  sockets_.groups[8001] = {group("groups")};
  EXPECT_EQ(holder(), std::nullopt);
}

}  // namespace
}  // namespace switchyard::testing
