// Somebody on the host exchanges directories on the way, and `current` itself, for links that lead outside, while steps
// are at work there. However that falls, nothing outside is touched.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <stop_token>
#include <thread>
#include <vector>

#include "agent/executors/executors.hpp"
#include "agent/executors/file_executor.hpp"
#include "agent/executors/link_executor.hpp"
#include "agent/executors/prune_executor.hpp"
#include "agent/executors/release_executor.hpp"
#include "common/file_descriptor.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

constexpr std::uint64_t flips_wanted = 1'000'000;
/// Even: what belongs there is there again at the end.
constexpr int flips_in_a_row = 10'000;

/// Every directory's time of change tells of all that comes, goes or is renamed in it.
std::map<std::string, std::string> state_of(const std::filesystem::path& root) {
  std::map<std::string, std::string> all;
  const auto note = [&](const std::filesystem::path& path) {
    struct stat info {};
    ::lstat(path.c_str(), &info);
    all[path.string()] = std::to_string(info.st_mode) + " " + std::to_string(info.st_uid) + " " +
                         std::to_string(info.st_nlink) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
                         std::to_string(info.st_mtim.tv_nsec) + " " + std::to_string(info.st_size);
  };
  note(root);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) note(entry.path());
  return all;
}

/// Two names beneath one directory that change places: what belongs there, and a link to the outside.
struct Pair {
  FileDescriptor parent;
  std::string name;
  std::string decoy;
};

Pair racing_pair(const std::filesystem::path& parent, const std::string& name, const std::filesystem::path& outside) {
  const std::string decoy = "decoy-" + name;
  std::filesystem::create_symlink(outside, parent / decoy);
  return {FileDescriptor(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), name, decoy};
}

class Racer : public ::testing::Test {
 protected:
  Racer() {
    for (const char* name : {"app/releases", "app/.staging", "app/shared/log", "etc/app", "releases", "log"}) {
      std::filesystem::create_directories(scratch / "outside" / name);
    }
    for (const char* name : {"keep", "app/.staging/keep", "app/releases/keep"}) {
      write_file(scratch / "outside" / name, "keep");
    }
    std::filesystem::create_directories(scratch / "outside/app/releases" / std::string(64, 'a'));
    write_file(scratch / "outside/app/current", "keep");
    write_file(scratch / "outside/config", "keep");
    std::filesystem::create_directories(paths.components / "app/releases");
    std::filesystem::create_directories(paths.components / "app/.staging");
    std::filesystem::create_directories(paths.components / "app/shared/log");
    std::filesystem::create_directories(scratch / "etc/app");
    Tar tar;
    tar.file("bin/app", "good", 0755).directory("data").link("latest", "bin/app");
    artifact = make_artifact(tar);
    blobs.add(artifact);
    actions = {
        {"release", protocol::EnsureRelease{"app", artifact.ref, {"log"}, {}}},
        {"link", protocol::EnsureLink{(paths.components / "app/current").string(), "releases/" + artifact.release.str(),
                                      false}},
        {"file", protocol::EnsureFile{(scratch / "etc/app/config").string(), "a=1", 0644, {}, false}},
        {"no_file", protocol::EnsureFile{(scratch / "etc/app/config").string(), {}, 0644, {}, true}},
        {"shared", protocol::EnsureFile{(paths.components / "app/shared/config").string(), "b", 0600, {}, false}},
        {"no_link", protocol::EnsureLink{(paths.components / "app/current").string(), {}, true}},
        {"prune", protocol::Prune{"app", 0, {}}},
    };
  }

  /// One pair at a time, long enough for whole steps to fall into it: those that do not pass there shall work.
  void race(const std::vector<Pair>& pairs, const std::stop_token& stop) {
    for (std::size_t turn = 0; !stop.stop_requested(); ++turn) {
      const Pair& pair = pairs[turn % pairs.size()];
      for (int i = 0; i < flips_in_a_row && !stop.stop_requested(); ++i) {
        const int failed =
            ::renameat2(pair.parent.get(), pair.name.c_str(), pair.parent.get(), pair.decoy.c_str(), RENAME_EXCHANGE);
        // `current` is not always there.
        if (failed == 0) ++flips;
      }
    }
  }

  protocol::StepResult run(const protocol::Action& action) {
    return std::visit(
        [&](const auto& wanted) {
          using Wanted = std::decay_t<decltype(wanted)>;
          if constexpr (std::is_same_v<Wanted, protocol::EnsureRelease>) {
            return ReleaseExecutor(paths, blobs, 0).run(action, {});
          } else if constexpr (std::is_same_v<Wanted, protocol::EnsureLink>) {
            return LinkExecutor(paths).run(action, {});
          } else if constexpr (std::is_same_v<Wanted, protocol::EnsureFile>) {
            return FileExecutor(paths, services).run(action, {});
          } else {
            return PruneExecutor(paths).run(action, {});
          }
        },
        action);
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
  FakeBlobs blobs;
  Artifact artifact;
  std::vector<std::pair<std::string, protocol::Action>> actions;
  std::atomic<std::uint64_t> flips{0};
};

TEST_F(Racer, FlipsAMillionTimesAndNothingIsWrittenOutside) {
  const std::filesystem::path app = paths.components / "app";
  std::vector<Pair> pairs;
  pairs.push_back(racing_pair(paths.components, "app", scratch / "outside/app"));
  pairs.push_back(racing_pair(app, "current", "../../outside/app"));
  pairs.push_back(racing_pair(app, "releases", scratch / "outside/releases"));
  pairs.push_back(racing_pair(app, ".staging", scratch / "outside/app/.staging"));
  pairs.push_back(racing_pair(app, "shared", scratch / "outside"));
  pairs.push_back(racing_pair(scratch / "etc", "app", scratch / "outside"));
  const auto before = state_of(scratch / "outside");

  std::map<std::string, int> worked, refused;
  {
    const std::jthread racer([&](const std::stop_token& stop) { race(pairs, stop); });
    const auto all_seen = [&] {
      return std::all_of(actions.begin(), actions.end(),
                         [&](const auto& action) { return worked[action.first] > 0 && refused[action.first] > 0; });
    };
    // On a busy machine whole turns of the racer may fall between two steps.
    while (flips < flips_wanted || (!all_seen() && flips < 20 * flips_wanted)) {
      for (const auto& [name, action] : actions) {
        try {
          ++(run(action).state == protocol::StepState::done ? worked : refused)[name];
        } catch (const Error&) {
          ++refused[name];
        }
      }
      ASSERT_EQ(state_of(scratch / "outside"), before) << "after " << flips << " flips";
    }
  }
  int all_worked = 0, all_refused = 0;
  for (const auto& [name, action] : actions) {
    all_worked += worked[name];
    all_refused += refused[name];
    // Else this race has shown nothing of it.
    EXPECT_GT(worked[name], 0) << name;
    EXPECT_GT(refused[name], 0) << name;
  }
  std::printf("racer: %llu flips, %d steps worked, %d were refused, 0 writes outside\n",
              static_cast<unsigned long long>(flips.load()), all_worked, all_refused);
}

/// The same without a race.
TEST_F(Racer, FindsNoWayThroughAComponentThatIsALink) {
  std::filesystem::rename(paths.components / "app", paths.components / "real");
  std::filesystem::create_symlink(scratch / "outside/app", paths.components / "app");
  const auto before = state_of(scratch / "outside");
  for (const auto& [name, action] : actions) {
    try {
      const protocol::StepResult result = run(action);
      if (name == "file" || name == "no_file") continue;  // not beneath the component
      EXPECT_EQ(result.state, protocol::StepState::failed) << name;
    } catch (const SysError&) {
    }
    EXPECT_EQ(state_of(scratch / "outside"), before) << name;
  }
}

}  // namespace
}  // namespace switchyard::agent::testing
