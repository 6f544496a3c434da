#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "agent/executors/file_executor.hpp"
#include "agent/executors/link_executor.hpp"
#include "common/error.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

const std::string release_a = std::string(64, 'a');
const std::string release_b = std::string(64, 'b');

class Files : public ::testing::Test {
 protected:
  protocol::StepResult ensure(const protocol::EnsureFile& wanted) {
    return FileExecutor(paths, services).run(wanted, {});
  }
  protocol::StepResult ensure(const std::filesystem::path& path, const std::string& content,
                              std::uint32_t mode = 0644) {
    return ensure({.path = path.string(), .content = content, .mode = mode, .owner = "", .absent = false});
  }
  protocol::StepResult link(const std::filesystem::path& path, const std::string& target, bool absent = false) {
    return LinkExecutor(paths).run(protocol::EnsureLink{.path = path.string(), .target = target, .absent = absent}, {});
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
};

TEST_F(Files, AreWrittenOnceAndThenLeftAlone) {
  const std::filesystem::path path = scratch / "etc/app/config.yaml";
  const protocol::StepResult first = ensure(path, "a: 1\n", 0640);
  ASSERT_EQ(first.state, protocol::StepState::done) << first.detail;
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.evidence.at("sha256"), sha256_hex("a: 1\n"));
  EXPECT_EQ(read_file(path), "a: 1\n");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0640u);
  EXPECT_FALSE(ensure(path, "a: 1\n", 0640).changed);
  EXPECT_TRUE(ensure(path, "a: 1\n", 0600).changed) << "the mode is part of the file";
  EXPECT_TRUE(ensure(path, "a: 2\n", 0600).changed);
  EXPECT_EQ(snapshot(scratch / "etc/app").size(), 1u) << "no temporary file stays";
}

TEST_F(Files, AreRemovedWhenTheyShallBeAbsent) {
  const std::filesystem::path path = scratch / "etc/app.conf";
  ASSERT_EQ(ensure(path, "x").state, protocol::StepState::done);
  const protocol::EnsureFile absent{.path = path.string(), .content = "", .mode = 0644, .owner = "", .absent = true};
  EXPECT_TRUE(ensure(absent).changed);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(ensure(absent).changed);
}

TEST_F(Files, GetTheirOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const std::filesystem::path path = scratch / "etc/app.conf";
  EXPECT_EQ(ensure({.path = path.string(), .content = "x", .mode = 0600, .owner = "nobody", .absent = false}).state,
            protocol::StepState::done);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 65534u);
  EXPECT_EQ(
      ensure({.path = path.string(), .content = "x", .mode = 0600, .owner = "no-such-user", .absent = false}).code,
      "unknown_user");
}

TEST_F(Files, StayOutOfWhatTheHostDoesNotAllow) {
  write_file(scratch / "outside/keep", "keep");
  const auto before = snapshot(scratch.path());
  const std::vector<std::string> forbidden = {
      (scratch / "outside/x").string(),
      (scratch / "etc/../outside/x").string(),
      (scratch / "etc/./x").string(),
      (scratch / "etc//x").string(),
      (scratch / "etc").string(),
      (scratch / "etcetera").string(),
      "relative/path",
      "",
      "/",
      (scratch / "srv/app").string(),
      (scratch / "srv/app/releases").string(),
      (scratch / "srv/app/releases/x").string(),
      (scratch / "srv/app/.staging/x").string(),
      (scratch / "srv/UPPER/x").string(),
      (scratch / "srv/..app/x").string(),
      (scratch / "units/switchyard-agent.service").string(),
      (scratch / "units/switchyard-agent.service.d/x.conf").string(),
      (scratch / "units/systemd-journald.service").string(),
      (scratch / "units/app.service.d/nested/x.conf").string(),
      (scratch / "units/app.service.d/x.sh").string(),
      (scratch / "units/readme.txt").string(),
      (scratch / "units/multi-user.target.wants/app.service").string(),
      (scratch / "etc/a\nb").string(),
      (scratch / "etc/").string() + std::string("a\0b", 3),
  };
  for (const std::string& path : forbidden) {
    const protocol::StepResult result =
        ensure({.path = path, .content = "evil", .mode = 0644, .owner = "", .absent = false});
    EXPECT_EQ(result.code, "path_not_allowed") << path;
    EXPECT_EQ(link(path, "x").code, "path_not_allowed") << path;
  }
  EXPECT_EQ(snapshot(scratch.path()), before);
  EXPECT_EQ(ensure(scratch / "etc/x", "x", 04755).code, "bad_request");
}

TEST_F(Files, NeverGoThroughALink) {
  write_file(scratch / "outside/keep", "keep");
  std::filesystem::create_directory_symlink(scratch / "outside", scratch / "etc/link");
  std::filesystem::create_symlink(scratch / "outside/keep", scratch / "etc/file");
  EXPECT_THROW(ensure(scratch / "etc/link/x", "evil"), SysError);
  EXPECT_EQ(ensure(scratch / "etc/file", "evil").code, "not_a_file");
  EXPECT_THROW(link(scratch / "etc/link/x", scratch.path().string() + "/etc/y"), SysError);
  EXPECT_EQ(read_file(scratch / "outside/keep"), "keep");
  EXPECT_EQ(snapshot(scratch / "outside").size(), 1u);
}

TEST_F(Files, TellSystemdWhenAUnitChanged) {
  EXPECT_TRUE(ensure(paths.units / "app@.service", "[Service]\n").changed);
  EXPECT_TRUE(ensure(paths.units / "app@blue.service.d/release.conf", "[Service]\n").changed);
  EXPECT_EQ(services.calls, (std::vector<std::string>{"reload", "reload"}));
  ensure(paths.units / "app@.service", "[Service]\n");
  EXPECT_EQ(services.calls.size(), 2u);
}

TEST_F(Files, StayInsideWhileTheirDirectoryIsSwappedForALink) {
  // The race that every check of a path loses: a directory becomes a link to elsewhere between check and use.
  std::filesystem::create_directories(scratch / "outside");
  std::filesystem::create_directories(scratch / "etc/real");
  std::filesystem::create_directory_symlink(scratch / "outside", scratch / "etc/trap");
  std::atomic<bool> end = false;
  std::atomic<int> flips = 0;
  std::thread racer([&] {
    const std::string real = scratch / "etc/real", trap = scratch / "etc/trap";
    while (!end) {
      // RENAME_EXCHANGE: one moment it is the directory, the next it is the link.
      ::renameat2(AT_FDCWD, real.c_str(), AT_FDCWD, trap.c_str(), RENAME_EXCHANGE);
      ++flips;
    }
  });
  int written = 0, refused = 0;
  for (int i = 0; i < 3000 || (written == 0 || refused == 0); ++i) {
    try {
      written += ensure(scratch / "etc/real/file", std::to_string(i)).state == protocol::StepState::done;
    } catch (const SysError&) {
      ++refused;
    }
    if (i > 100'000) break;
  }
  end = true;
  racer.join();
  EXPECT_GT(flips, 0);
  EXPECT_GT(refused, 0) << "the race was never lost, so nothing was tested";
  EXPECT_TRUE(snapshot(scratch / "outside").empty());
}

TEST_F(Files, LinksAreMadeReplacedAndRemoved) {
  const std::filesystem::path current = paths.components / "app/current";
  std::filesystem::create_directories(paths.components / "app/releases" / release_a);
  EXPECT_TRUE(link(current, "releases/" + release_a).changed);
  EXPECT_EQ(std::filesystem::read_symlink(current), "releases/" + release_a);
  EXPECT_FALSE(link(current, "releases/" + release_a).changed);
  EXPECT_TRUE(link(current, (paths.components / "app/releases" / release_b).string()).changed);
  EXPECT_TRUE(link(current, "", true).changed);
  EXPECT_FALSE(link(current, "", true).changed);
  EXPECT_EQ(snapshot(paths.components / "app").size(), 2u) << "no temporary link stays";
}

TEST_F(Files, LinksLeadOnlyWhereTheHostAllows) {
  std::filesystem::create_directories(paths.components / "app");
  const std::filesystem::path current = paths.components / "app/current";
  EXPECT_EQ(link(current, "/etc/passwd").code, "path_not_allowed");
  EXPECT_EQ(link(current, "../../outside").code, "path_not_allowed");
  EXPECT_EQ(link(current, "").code, "path_not_allowed");
  write_file(paths.components / "app/file", "x");
  EXPECT_EQ(link(paths.components / "app/file", "releases/x").code, "not_a_link");
}

TEST(Current, IsValidForEveryReaderWhileItIsFlipped) {
  const Scratch scratch;
  const HostPaths paths = scratch.host();
  for (const std::string& release : {release_a, release_b}) {
    write_file(paths.components / "app/releases" / release / "version", release);
  }
  const std::filesystem::path current = paths.components / "app/current";
  LinkExecutor executor(paths);
  const auto flip_to = [&](const std::string& release) {
    return executor.run(
        protocol::EnsureLink{.path = current.string(), .target = "releases/" + release, .absent = false}, {});
  };
  ASSERT_EQ(flip_to(release_a).state, protocol::StepState::done);
  std::atomic<bool> end = false;
  // Who has read waits for the next flip: two processors have to be enough for this test and for what runs beside it.
  std::atomic<int> flips = 0;
  std::atomic<long> reads = 0, invalid = 0;
  const auto reader = [&] {
    char target[256];
    for (;;) {
      const int seen = flips;
      if (end) return;
      const ssize_t size = ::readlink(current.c_str(), target, sizeof target);
      const std::string found = size < 0 ? "" : std::string(target, static_cast<std::size_t>(size));
      if (found != "releases/" + release_a && found != "releases/" + release_b) ++invalid;
      const std::string version = read_file(current / "version");
      if (version != release_a && version != release_b) ++invalid;
      ++reads;
      flips.wait(seen);
    }
  };
  std::thread first(reader), second(reader);
  long failures = 0;
  const auto tell_readers = [&] {
    ++flips;
    flips.notify_all();
  };
  // On a busy machine the readers are late: they are waited for by flipping on.
  for (int i = 0; i < 100'000 || reads <= 1'000; ++i) {
    failures += flip_to(i % 2 == 0 ? release_b : release_a).state != protocol::StepState::done;
    tell_readers();
  }
  end = true;
  tell_readers();
  first.join();
  second.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(invalid, 0);
}

}  // namespace
}  // namespace switchyard::agent::testing
