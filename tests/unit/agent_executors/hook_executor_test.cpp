// The contract of hooks (docs/hooks.md).
#include "agent/executors/hook_executor.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/system/json_value.hpp"
#include "common/limits_hooks.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/memory_file_system.hpp"

namespace switchyard::agent::testing {
namespace {

/// systemd and time are the test's. The program reads all of its input, answers and ends in the first pause.
class Hooks : public ::testing::Test {
 protected:
  Hooks() {
    context.deployment = DeploymentId("d-1");
    context.step = StepId("0123456789abcdef0123456789abcdef");
    context.deadline_boot_ms = clock.boot_ms() + 30'000;
    hook.name = "announce";
    hook.phase = protocol::HookPhase::pre_switch;
    hook.command.argv = {"/usr/local/bin/announce", "now"};
    hook.command.user = "app";
    hook.environment = "production";
    hook.host = "web-1";
    hook.component = "api";
    hook.release = "aa";
    hook.slot = "green";
    hook.port = 8002;
    hook.config = R"({"channel":"ops"})";
  }
  /// A new agent process each time.
  protocol::StepResult run(const std::string& answer, std::int32_t exit_status = 0) {
    bool ended = false;
    return run_with([&](const std::string& unit) {
      if (ended) return;
      const TransientUnit& started = services.transients.at(unit);
      char buffer[64 * 1024];
      const ssize_t got = ::read(started.standard_input, buffer, sizeof buffer);
      asked.assign(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
      EXPECT_EQ(::read(started.standard_input, buffer, sizeof buffer), 0) << "its input has an end";
      EXPECT_EQ(::write(started.standard_output, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      services.end_process(unit, exit_status);
      ended = true;
    });
  }
  template <class Meanwhile>
  protocol::StepResult run_with(const Meanwhile& meanwhile) {
    const std::string unit = RunExecutor::unit_name(context);
    RunExecutor commands(paths, services, files, clock, mask, [&](std::int64_t ms, const std::stop_token&) {
      clock.advance(ms);
      meanwhile(unit);
    });
    return HookExecutor(commands, clock).run(hook, context);
  }
  int started() const {
    return static_cast<int>(
        std::count(services.calls.begin(), services.calls.end(), "transient " + RunExecutor::unit_name(context)));
  }

  switchyard::testing::FakeClock clock;
  switchyard::testing::FakeServiceManager services;
  switchyard::testing::MemoryFileSystem files;
  SecretMask mask;
  HostPaths paths;
  StepContext context;
  protocol::Hook hook;
  std::string asked;
};

TEST_F(Hooks, AreToldInJsonAndAnswerInJson) {
  const protocol::StepResult result =
      run("{\"status\": \"ok\", \"message\": \"told\", \"details\": {\"people\": 4, \"\xff\": 1}}");
  EXPECT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(result.detail, "told");
  EXPECT_EQ(result.evidence.at("people"), "4");
  EXPECT_EQ(result.evidence.at("\xEF\xBF\xBD"), "1") << "what no journal could hold is replaced";
  const JsonValue told = parse_json(asked);
  EXPECT_EQ(told.find("contract").number, 1);
  EXPECT_EQ(told.find("hook").text, "announce");
  EXPECT_EQ(told.find("phase").text, "pre_switch");
  EXPECT_FALSE(told.find("undo").boolean);
  EXPECT_EQ(told.find("deployment").text, "d-1");
  EXPECT_EQ(told.find("environment").text, "production");
  EXPECT_EQ(told.find("host").text, "web-1");
  EXPECT_EQ(told.find("component").text, "api");
  EXPECT_EQ(told.find("release").text, "aa");
  EXPECT_EQ(told.find("previous_release").kind, JsonValue::Kind::null);
  EXPECT_EQ(told.find("slot").text, "green");
  EXPECT_EQ(told.find("port").number, 8002);
  EXPECT_EQ(told.find("timeout_ms").number, 30'000);
  EXPECT_EQ(told.find("config").find("channel").text, "ops");
}

TEST_F(Hooks, RunAsTheirUserInAUnitOfTheStep) {
  run(R"({"status": "ok"})");
  const TransientUnit& unit = services.transients.at("switchyard-step-0123456789abcdef0123456789abcdef.service");
  EXPECT_EQ(unit.user, "app");
  EXPECT_EQ(unit.argv, (std::vector<std::string>{"/usr/local/bin/announce", "now"}));
  EXPECT_EQ(unit.timeout_ms, 30'000u);
  EXPECT_EQ(services.status(unit.name).load_state, "not-found") << "ended and forgotten";
}

TEST_F(Hooks, FailWhenTheySaySo) {
  const protocol::StepResult result = run(R"({"status": "fail", "message": "not on a Friday"})");
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.code, "hook_failed");
  EXPECT_EQ(result.detail, "not on a Friday");
}

TEST_F(Hooks, FailWithTheirExitStatusWhateverTheySaid) {
  const protocol::StepResult result = run(R"({"status": "ok"})", 2);
  EXPECT_EQ(result.code, "exit_status");
  EXPECT_EQ(result.exit_status, 2);
}

TEST_F(Hooks, FailWhenTheirAnswerCannotBeRead) {
  for (const char* answer :
       {"", "ok", "[]", "{}", R"({"status": 1})", R"({"status": "fine"})", R"({"status": "ok"} and more)"}) {
    const protocol::StepResult result = judge_hook_answer("/hook", answer);
    EXPECT_EQ(result.state, protocol::StepState::failed) << answer;
    EXPECT_EQ(result.code, "hook_answer") << answer;
  }
}

TEST_F(Hooks, ThatSayTooMuchAreStopped) {
  const std::string much(limits::hook_answer_bytes_max * 3 / 5, ' ');
  const protocol::StepResult result = run_with([&](const std::string& unit) {
    const int output = services.transients.at(unit).standard_output;
    EXPECT_EQ(::write(output, much.data(), much.size()), static_cast<ssize_t>(much.size())) << "it was read meanwhile";
  });
  EXPECT_EQ(result.code, "hook_answer");
  EXPECT_NE(result.detail.find("said more than"), std::string::npos) << result.detail;
}

TEST_F(Hooks, AreStoppedWhenTheirTimeIsOver) {
  const protocol::StepResult result = run_with([](const std::string&) {});
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.code, "timeout");
}

TEST_F(Hooks, ThatAreNotCriticalTellWhatWentWrongAndArePassedOver) {
  hook.critical = false;
  const protocol::StepResult said = run(R"({"status": "fail", "message": "nobody listens"})");
  EXPECT_EQ(said.state, protocol::StepState::done);
  EXPECT_EQ(said.detail, "warning: nobody listens");
  EXPECT_EQ(said.evidence.at("warning"), "hook_failed");
  context.step = StepId("1123456789abcdef0123456789abcdef");
  EXPECT_EQ(run_with([](const std::string&) {}).evidence.at("warning"), "timeout");
  context.step = StepId("2123456789abcdef0123456789abcdef");
  context.recovered = true;
  EXPECT_EQ(run("").evidence.at("warning"), "outcome_lost");
}

TEST_F(Hooks, ThatAreNotCriticalArePassedOverWithNoByteFree) {
  hook.critical = false;
  files.fill_disk();
  const protocol::StepResult good = run(R"({"status": "ok", "message": "told"})");
  EXPECT_EQ(good.state, protocol::StepState::done) << good.detail;
  EXPECT_EQ(good.detail, "told");
  context.step = StepId("1123456789abcdef0123456789abcdef");
  const protocol::StepResult bad = run(R"({"status": "fail", "message": "nobody listens"})");
  EXPECT_EQ(bad.state, protocol::StepState::done) << bad.detail;
  EXPECT_EQ(bad.evidence.at("warning"), "hook_failed");
}

TEST_F(Hooks, ThatAreNotCriticalArePassedOverWhateverKeptThemFromRunning) {
  hook.critical = false;
  hook.config = R"({"a":")" + std::string(limits::hook_request_bytes_max, 'x') + R"("})";
  const protocol::StepResult too_long = run("");
  EXPECT_EQ(too_long.state, protocol::StepState::done);
  EXPECT_EQ(too_long.evidence.at("warning"), "bad_request");
  EXPECT_NE(too_long.detail.find("shorten its `config`"), std::string::npos) << too_long.detail;
  hook.config.clear();
  files.fail_call(1, EIO);  // what an earlier agent may have written cannot be looked for
  const protocol::StepResult thrown = run("");
  EXPECT_EQ(thrown.state, protocol::StepState::done);
  EXPECT_EQ(thrown.evidence.at("warning"), "system");
  EXPECT_EQ(started(), 0);
}

TEST_F(Hooks, ThatAreCriticalHideNothingOfIt) {
  hook.config = R"({"a":")" + std::string(limits::hook_request_bytes_max, 'x') + R"("})";
  EXPECT_EQ(run("").code, "bad_request");
  hook.config.clear();
  files.fail_call(1, EIO);
  EXPECT_THROW(run(""), SysError);
  EXPECT_EQ(started(), 0);
}

TEST_F(Hooks, LeaveNoSecretInTheirResultFile) {
  mask.add({"cAnAry-7f3a"});
  run(R"({"status": "fail", "message": "cannot sign in with cAnAry-7f3a"})");
  ASSERT_EQ(files.files().size(), 1U);
  const std::string kept = files.files().begin()->second;
  EXPECT_EQ(kept.find("cAnAry"), std::string::npos) << kept;
  EXPECT_NE(kept.find("cannot sign in with <masked>"), std::string::npos) << kept;
  EXPECT_EQ(run("").detail, "cannot sign in with <masked>") << "that is what is remembered";
}

TEST_F(Hooks, AreNeverRunTwiceOnceTheirAnswerIsDurable) {
  run(R"({"status": "fail", "message": "no"})");
  const protocol::StepResult again = run(R"({"status": "ok"})");
  EXPECT_EQ(again.state, protocol::StepState::failed);
  EXPECT_EQ(again.detail, "no");
  EXPECT_EQ(started(), 1);
}

TEST_F(Hooks, AreUnknownWhenTheAgentThatTheyAnsweredHasDied) {
  // The agent died after the start: the program ends well, and its answer went nowhere.
  services.start_transient({.name = RunExecutor::unit_name(context),
                            .description = "",
                            .argv = {"/usr/local/bin/announce"},
                            .environment = {},
                            .working_directory = "",
                            .user = "",
                            .timeout_ms = 0});
  services.end_process(RunExecutor::unit_name(context), 0);
  context.recovered = true;
  const protocol::StepResult result = run_with([](const std::string&) {});
  EXPECT_EQ(result.state, protocol::StepState::unknown);
  EXPECT_EQ(result.code, "outcome_lost");
  EXPECT_EQ(run_with([](const std::string&) {}).state, protocol::StepState::unknown);
  EXPECT_EQ(started(), 1) << "what may have run is not run again";
}

TEST_F(Hooks, AreEndedWhenNobodyWantsTheirAnswerAnyMore) {
  std::stop_source stop;
  context.stop = stop.get_token();
  const protocol::StepResult result = run_with([&](const std::string&) { stop.request_stop(); });
  EXPECT_EQ(result.code, "cancelled");
  EXPECT_EQ(services.status(RunExecutor::unit_name(context)).load_state, "not-found");
}

TEST_F(Hooks, OfTheRollbackAreKeptReadyByAStepThatDoesNothing) {
  hook.phase = protocol::HookPhase::post_rollback;
  hook.command = {};
  EXPECT_EQ(run("").state, protocol::StepState::done);
  EXPECT_EQ(started(), 0);
}

TEST_F(Hooks, AreToldThatTheyAreUndone) {
  context.undo = true;
  run(R"({"status": "ok"})");
  EXPECT_TRUE(parse_json(asked).find("undo").boolean);
  context.step = StepId("1123456789abcdef0123456789abcdef");
  hook.phase = protocol::HookPhase::pre_rollback;
  run(R"({"status": "ok"})");
  EXPECT_FALSE(parse_json(asked).find("undo").boolean) << "it is called in its own phase";
}

RC_GTEST_PROP(HookAnswer, OfAnyBytesIsNeverGoodUnlessItSaysOk, (const std::string& bytes)) {
  const bool good = judge_hook_answer("/hook", bytes).state == protocol::StepState::done;
  RC_ASSERT(!good || bytes.find("ok") != std::string::npos);
}

}  // namespace
}  // namespace switchyard::agent::testing
