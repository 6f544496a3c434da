#include "agent/system/child_process.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

ProcessRequest request(std::vector<std::string> argv, std::string_view input = "", int timeout_ms = 5'000) {
  return {.argv = std::move(argv), .input = input, .timeout_ms = timeout_ms, .output_bytes_max = 1'000'000};
}

TEST(RunProcess, HandsOverInputAndBringsBackOutputAndStatus) {
  const std::string input(300'000, 'x');
  const ProcessOutcome outcome = run_process(request({"/bin/cat"}, input));
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_EQ(outcome.output, input);
  EXPECT_EQ(run_process(request({"/bin/false"})).exit_status, 1);
}

TEST(RunProcess, GivesAFixedEnvironment) {
  EXPECT_EQ(run_process(request({"/usr/bin/env"})).output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
}

TEST(RunProcess, AddsTheVariablesThatAreAskedFor) {
  ProcessRequest wanted = request({"/usr/bin/env"});
  wanted.environment = {"PGHOST=db.example.com", "EMPTY="};
  EXPECT_EQ(run_process(wanted).output,
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\nPGHOST=db.example.com\nEMPTY=\n");
}

/// It may be a password.
TEST(RunProcess, HandsOverInputThatNobodyElseMayRead) {
  EXPECT_EQ(run_process(request({"/usr/bin/stat", "-L", "-c", "%a %F", "/proc/self/fd/0"}, "x")).output,
            "600 regular file\n");
}

TEST(RunProcess, KeepsStandardErrorApart) {
  const ProcessOutcome outcome = run_process(request({"/bin/ls", "/nowhere"}));
  EXPECT_EQ(outcome.output, "");
  EXPECT_NE(outcome.errors.find("No such file"), std::string::npos);
}

TEST(RunProcess, KillsAProcessThatTakesTooLong) {
  const auto began = std::chrono::steady_clock::now();
  const ProcessOutcome outcome = run_process(request({"/bin/sleep", "60"}, "", 100));
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_status, 128 + 9);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(RunProcess, StopsAtTheOutputThatWasAskedFor) {
  ProcessRequest endless = request({"/usr/bin/yes"});
  endless.output_bytes_max = 1000;
  const ProcessOutcome outcome = run_process(endless);
  EXPECT_TRUE(outcome.truncated);
  EXPECT_EQ(outcome.output.size(), 1000u);
}

TEST(RunProcess, ThrowsWhenThereIsNoSuchProgram) { EXPECT_THROW(run_process(request({"/no/such/program"})), SysError); }

}  // namespace
}  // namespace switchyard::agent
