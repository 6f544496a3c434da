#include "agent/executors/run_executor.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/memory_file_system.hpp"

namespace switchyard::agent::testing {
namespace {

using switchyard::testing::FakeClock;
using switchyard::testing::FakeServiceManager;
using switchyard::testing::MemoryFileSystem;

class Runs : public ::testing::Test {
 protected:
  Runs() {
    context.step = StepId("0123456789abcdef0123456789abcdef");
    context.deadline_boot_ms = clock.boot_ms() + 60'000;
  }
  /// A new agent process each time: nothing is remembered but the files and systemd.
  protocol::StepResult run(const std::function<void()>& meanwhile = [] {}) {
    RunExecutor executor(paths, services, files, clock, mask, [&](std::int64_t ms, const std::stop_token&) {
      clock.advance(ms);
      meanwhile();
    });
    return executor.run(protocol::Run{.argv = {"/usr/bin/migrate", "up"},
                                      .environment = {{"A", "b"}},
                                      .working_directory = "/srv",
                                      .user = "app"},
                        context);
  }
  std::string unit() const { return RunExecutor::unit_name(context); }
  int started() const {
    return static_cast<int>(std::count(services.calls.begin(), services.calls.end(), "transient " + unit()));
  }

  FakeClock clock;
  FakeServiceManager services;
  MemoryFileSystem files;
  SecretMask mask;
  HostPaths paths;
  StepContext context;
};

TEST_F(Runs, AreTransientUnitsNamedAfterTheStep) {
  const protocol::StepResult result = run([&] { services.end_process(unit(), 0); });
  EXPECT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(unit(), "switchyard-step-0123456789abcdef0123456789abcdef.service");
  const TransientUnit& made = services.transients.at(unit());
  EXPECT_EQ(made.argv, (std::vector<std::string>{"/usr/bin/migrate", "up"}));
  EXPECT_EQ(made.user, "app");
  EXPECT_EQ(made.environment.at("A"), "b");
  EXPECT_EQ(made.timeout_ms, 60'000u);
  EXPECT_FALSE(result.evidence.at("invocation_id").empty());
  EXPECT_EQ(services.status(unit()).load_state, "not-found") << "the unit is forgotten after its result is durable";
}

TEST_F(Runs, ReportTheExitStatus) {
  const protocol::StepResult result = run([&] { services.end_process(unit(), 3); });
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.code, "exit_status");
  EXPECT_NE(result.detail.find("journalctl -u " + unit()), std::string::npos);
}

TEST_F(Runs, NeverRunTwiceOnceTheirResultIsDurable) {
  run([&] { services.end_process(unit(), 3); });
  const protocol::StepResult again = run();
  EXPECT_EQ(again.state, protocol::StepState::failed);
  EXPECT_EQ(again.exit_status, 3);
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, AreTakenUpAgainWhileTheyStillRun) {
  // The agent died after the start: the unit runs on, and the next agent waits for it.
  services.start_transient({.name = unit(),
                            .description = "",
                            .argv = {"/usr/bin/migrate"},
                            .environment = {},
                            .working_directory = "",
                            .user = "",
                            .timeout_ms = 0});
  context.recovered = true;
  const protocol::StepResult result = run([&] { services.end_process(unit(), 0); });
  EXPECT_EQ(result.state, protocol::StepState::done);
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, AreReadFromTheUnitThatEndedMeanwhile) {
  services.start_transient({.name = unit(),
                            .description = "",
                            .argv = {"/usr/bin/migrate"},
                            .environment = {},
                            .working_directory = "",
                            .user = "",
                            .timeout_ms = 0});
  services.end_process(unit(), 7);
  context.recovered = true;
  EXPECT_EQ(run().exit_status, 7);
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, AreUnknownWhenNothingTells) {
  context.recovered = true;
  const protocol::StepResult result = run();
  EXPECT_EQ(result.state, protocol::StepState::unknown);
  EXPECT_EQ(started(), 0) << "what may have run is not run again";
}

TEST_F(Runs, AreUnknownWhenTheirRecordIsDamaged) {
  run([&] { services.end_process(unit(), 0); });
  for (auto& [path, bytes] : files.files()) bytes = "garbage";
  EXPECT_EQ(run().state, protocol::StepState::unknown);
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, AreUnknownWhenTheUnitVanishes) {
  EXPECT_EQ(run([&] { services.forget(unit()); }).state, protocol::StepState::unknown);
}

TEST_F(Runs, AreStoppedWhenTheyOutliveTheirTime) {
  const protocol::StepResult result = run();
  EXPECT_EQ(result.code, "timeout");
  EXPECT_EQ(services.calls.at(1), "stop " + unit());
  EXPECT_EQ(run().code, "timeout") << "and that is remembered";
}

TEST_F(Runs, AreLeftAloneWhenTheirResultIsNotWanted) {
  std::stop_source stop;
  context.stop = stop.get_token();
  const protocol::StepResult result = run([&] { stop.request_stop(); });
  EXPECT_EQ(result.state, protocol::StepState::unknown);
  EXPECT_EQ(result.code, "cancelled");
  EXPECT_EQ(services.status(unit()).active_state, "active");
}

TEST_F(Runs, OfAnUndoAreOtherRuns) {
  run([&] { services.end_process(unit(), 0); });
  context.undo = true;
  EXPECT_EQ(run([&] { services.end_process(unit(), 5); }).exit_status, 5);
  EXPECT_EQ(run([&] { services.end_process(unit(), 0); }).state, protocol::StepState::done) << "an undo is tried again";
  context.undo = false;
  EXPECT_EQ(run().state, protocol::StepState::done);
}

TEST_F(Runs, AreOverBeforeTheyAreUndone) {
  std::stop_source stop;
  context.stop = stop.get_token();
  run([&] { stop.request_stop(); });
  const std::string step = unit();
  ASSERT_EQ(services.status(step).active_state, "active");
  context.stop = {};
  context.undo = true;
  std::string state_during_undo;
  const protocol::StepResult undone = run([&] {
    state_during_undo = services.status(step).load_state;
    services.end_process(unit(), 0);
  });
  EXPECT_EQ(undone.state, protocol::StepState::done);
  EXPECT_EQ(state_during_undo, "not-found") << "its effect would come after that of its undo";
}

TEST_F(Runs, AreWaitedForWhenSystemdIsOnlyAboutToStartThem) {
  // The agent died between its order to systemd and the start.
  services.start_transient({.name = unit(),
                            .description = "",
                            .argv = {"/usr/bin/migrate"},
                            .environment = {},
                            .working_directory = "",
                            .user = "",
                            .timeout_ms = 0});
  UnitStatus& status = services.unit(unit()).status;
  const UnitStatus running = status;
  status.active_state = "inactive";
  status.sub_state = "dead";
  status.job_pending = true;
  context.recovered = true;
  int looks = 0;
  const protocol::StepResult result = run([&] {
    if (++looks == 1) services.unit(unit()).status = running;
    if (looks == 2) services.end_process(unit(), 6);
  });
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.exit_status, 6);
}

TEST_F(Runs, AreUnknownWhenSomebodyElseStoppedThem) {
  const protocol::StepResult result = run([&] {
    services.unit(unit()).status.active_state = "inactive";
    services.unit(unit()).status.sub_state = "dead";
  });
  EXPECT_EQ(result.state, protocol::StepState::unknown) << "it did not say that it had succeeded";
}

TEST_F(Runs, TakeNoRelativePath) {
  RunExecutor executor(paths, services, files, clock, mask, [](std::int64_t, const std::stop_token&) {});
  EXPECT_EQ(executor
                .run(protocol::Run{.argv = {"sh", "-c", "x"}, .environment = {}, .working_directory = "", .user = ""},
                     context)
                .code,
            "bad_request");
  EXPECT_EQ(executor.run(protocol::Run{}, context).code, "bad_request");
}

TEST_F(Runs, SurviveACrashAtEveryPointWithoutRunningTwice) {
  // The agent dies at its n-th change to a file or call to systemd, for every n, and starts again.
  for (std::uint64_t n = 1; n < 12; ++n) {
    FakeServiceManager fresh_services;
    MemoryFileSystem fresh_files;
    services = fresh_services;
    files = fresh_files;
    context.recovered = false;
    files.crash_call(n);
    const auto end = [&] {
      if (services.status(unit()).sub_state == "running") services.end_process(unit(), 4);
    };
    try {
      run(end);
    } catch (const switchyard::testing::SimulatedCrash&) {
    }
    files.crash();
    context.recovered = true;
    const protocol::StepResult result = run(end);
    EXPECT_EQ(result.state, protocol::StepState::failed) << n;
    EXPECT_EQ(result.exit_status, 4) << n;
    EXPECT_EQ(started(), 1) << n;
  }
}

TEST_F(Runs, OfAnUndoComeToTheirEndWithNoByteFree) {
  run([&] { services.end_process(unit(), 0); });
  context.undo = true;
  files.fill_disk();
  const protocol::StepResult undone = run([&] { services.end_process(unit(), 0); });
  EXPECT_EQ(undone.state, protocol::StepState::done) << undone.code << ": " << undone.detail;
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, TellWhatHappenedAlsoWhenItCannotBeWrittenDown) {
  files.fill_disk();
  const protocol::StepResult result = run([&] { services.end_process(unit(), 3); });
  EXPECT_EQ(result.code, "exit_status");
  EXPECT_EQ(result.exit_status, 3);
  // The agent dies before its journal has it, and the next one asks.
  context.recovered = true;
  EXPECT_EQ(run().exit_status, 3) << "no file says it, so the unit was left";
  files.make_room();
  EXPECT_EQ(run().exit_status, 3);
  EXPECT_EQ(services.status(unit()).load_state, "not-found") << "and is forgotten when it is written down";
  EXPECT_EQ(run().exit_status, 3);
  EXPECT_EQ(started(), 1);
}

TEST_F(Runs, ThatWereStoppedAreToldOfWithNoByteFree) {
  files.fill_disk();
  EXPECT_EQ(run().code, "timeout");
}

TEST_F(Runs, AreForgottenOldestFirstBeyondTheBound) {
  files.create_directories(paths.state / "results", 0700);
  for (std::size_t i = 0; i < limits::run_results_max + 5; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 16 - number.size(), '0');
    files.write_atomically(paths.state / "results" / (number + ".old"), "x", 0600);
  }
  run([&] { services.end_process(unit(), 0); });
  EXPECT_EQ(files.files().size(), limits::run_results_max);
  EXPECT_FALSE(files.files().contains(paths.state / "results/0000000000000000.old"));
  EXPECT_EQ(run().state, protocol::StepState::done);
  EXPECT_EQ(started(), 1);
}

}  // namespace
}  // namespace switchyard::agent::testing
