// Somebody on the host exchanges directories on the way, and `current` itself, for links that lead outside, while steps
// are at work there. However that falls, nothing outside is touched.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstdio>
#include <deque>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/executors/executors.hpp"
#include "agent/executors/file_executor.hpp"
#include "agent/executors/link_executor.hpp"
#include "agent/executors/prune_executor.hpp"
#include "agent/executors/release_executor.hpp"
#include "common/ensure.hpp"
#include "common/file_descriptor.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

/// Of `current`, and of each other name.
constexpr std::uint64_t current_flips_wanted = 1'000'000;
constexpr std::uint64_t other_flips_wanted = 50'000;
/// To and fro: two flips each.
constexpr int tries_with_current = 5'000;
constexpr int tries_with_another = 2'500;
/// What is not there cannot be flipped: only now and then a step takes `current` away.
constexpr int rounds_with_current = 8;

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

/// Two names beneath one directory that change places: what belongs there, and a link to the outside. One thread flips.
class Pair {
 public:
  Pair(const std::filesystem::path& parent, std::string name, const std::filesystem::path& outside)
      : parent_(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        name_(std::move(name)),
        decoy_("decoy-" + name_),
        outside_(outside.string()) {
    make_decoy();
  }

  /// What leads outside comes to where steps look, and goes again. Only what came there, and went, is counted.
  void flip_to_and_fro() {
    // A step takes `current` away or puts its own in its place, whatever it was.
    if (!decoy_leads_outside()) make_decoy();
    if (!exchange()) return;  // `current` is not always there
    ++flips_;
    if (exchange() && decoy_leads_outside()) ++flips_;
  }

  const std::string& name() const { return name_; }
  /// From any thread.
  std::uint64_t flips() const { return flips_; }

 private:
  void make_decoy() {
    ENSURE(::symlinkat(outside_.c_str(), parent_.get(), "decoy-new") == 0);
    ENSURE(::renameat(parent_.get(), "decoy-new", parent_.get(), decoy_.c_str()) == 0);
  }
  bool decoy_leads_outside() const {
    std::array<char, PATH_MAX> target;
    const ssize_t length = ::readlinkat(parent_.get(), decoy_.c_str(), target.data(), target.size());
    return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == outside_;
  }
  bool exchange() {
    return ::renameat2(parent_.get(), name_.c_str(), parent_.get(), decoy_.c_str(), RENAME_EXCHANGE) == 0;
  }

  FileDescriptor parent_;
  std::string name_;
  std::string decoy_;
  std::string outside_;
  std::atomic<std::uint64_t> flips_{0};
};

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
        {"file", protocol::EnsureFile{(scratch / "etc/app/config").string(), "a=1", 0644, {}, false}},
        {"no_file", protocol::EnsureFile{(scratch / "etc/app/config").string(), {}, 0644, {}, true}},
        {"shared", protocol::EnsureFile{(paths.components / "app/shared/config").string(), "b", 0600, {}, false}},
        {"no_link", protocol::EnsureLink{(paths.components / "app/current").string(), {}, true}},
        {"prune", protocol::Prune{"app", 0, {}}},
        {"link", protocol::EnsureLink{(paths.components / "app/current").string(), "releases/" + artifact.release.str(),
                                      false}},
    };
  }

  /// One pair at a time, long enough for whole steps to fall into it: those that do not pass there shall work. Every
  /// second turn is that of the first pair.
  static void race(std::deque<Pair>& pairs, const std::stop_token& stop) {
    for (std::size_t turn = 0; !stop.stop_requested(); ++turn) {
      const bool first = turn % 2 == 0;
      Pair& pair = first ? pairs.front() : pairs[1 + turn / 2 % (pairs.size() - 1)];
      for (int left = first ? tries_with_current : tries_with_another; left > 0 && !stop.stop_requested(); --left) {
        pair.flip_to_and_fro();
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
};

TEST_F(Racer, FlipsCurrentAMillionTimesAndNothingIsWrittenOutside) {
  const std::filesystem::path app = paths.components / "app";
  std::deque<Pair> pairs;
  pairs.emplace_back(app, "current", "../../outside/app");
  pairs.emplace_back(paths.components, "app", scratch / "outside/app");
  pairs.emplace_back(app, "releases", scratch / "outside/releases");
  pairs.emplace_back(app, ".staging", scratch / "outside/app/.staging");
  pairs.emplace_back(app, "shared", scratch / "outside");
  pairs.emplace_back(scratch / "etc", "app", scratch / "outside");
  const Pair& current = pairs.front();
  const auto before = state_of(scratch / "outside");

  std::map<std::string, int> worked, refused;
  {
    const std::jthread racer([&](const std::stop_token& stop) { race(pairs, stop); });
    const auto all_seen = [&] {
      return std::all_of(actions.begin(), actions.end(),
                         [&](const auto& action) { return worked[action.first] > 0 && refused[action.first] > 0; });
    };
    // On a busy machine whole turns of the racer may fall between two steps.
    for (int round = 0;
         current.flips() < current_flips_wanted || (!all_seen() && current.flips() < 20 * current_flips_wanted);
         ++round) {
      for (const auto& [name, action] : actions) {
        if (name == "no_link" && round % rounds_with_current != 0) continue;
        try {
          ++(run(action).state == protocol::StepState::done ? worked : refused)[name];
        } catch (const Error&) {
          ++refused[name];
        }
      }
      ASSERT_EQ(state_of(scratch / "outside"), before) << "after " << current.flips() << " flips of current";
    }
  }
  std::string flips;
  for (const Pair& pair : pairs) {
    EXPECT_GE(pair.flips(), &pair == &current ? current_flips_wanted : other_flips_wanted) << pair.name();
    flips += std::to_string(pair.flips()) + " flips of " + pair.name() + ", ";
  }
  int all_worked = 0, all_refused = 0;
  for (const auto& [name, action] : actions) {
    all_worked += worked[name];
    all_refused += refused[name];
    // Else this race has shown nothing of it.
    EXPECT_GT(worked[name], 0) << name;
    EXPECT_GT(refused[name], 0) << name;
  }
  std::printf("racer: %s%d steps worked, %d were refused, 0 writes outside\n", flips.c_str(), all_worked, all_refused);
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
