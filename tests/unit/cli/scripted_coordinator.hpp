#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/errors.hpp"
#include "cli/run.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::testing {

/// Ctrl-C by plan; waiting moves the clock instead of taking time.
class FakeInterrupt final : public cli::Interrupt {
 public:
  explicit FakeInterrupt(FakeClock& clock) : clock_(clock) {}
  bool pressed_within(std::int64_t ms) override {
    clock_.advance(ms);
    return is_pressed;
  }
  bool is_pressed = false;

 private:
  FakeClock& clock_;
};

/// A coordinator that gives the answers of a list, in order, and remembers what it was asked.
class ScriptedCoordinator final : public cli::HttpTransport {
 public:
  using Answer = std::function<cli::HttpReply(const cli::HttpCall&)>;

  void answer(int status, std::string body) {
    answers_.push_back([status, body](const cli::HttpCall&) { return cli::HttpReply{status, body}; });
  }
  void answer(std::string body) { answer(200, std::move(body)); }
  void answer(Answer with) { answers_.push_back(std::move(with)); }
  void be_away(bool asked = false) {
    answers_.push_back([asked](const cli::HttpCall&) -> cli::HttpReply {
      throw cli::UnreachableError("the coordinator cannot be reached", asked);
    });
  }
  /// Gives this answer to whatever is asked when the list is at its end.
  void always(Answer with) { always_ = std::move(with); }
  /// From here on every further request is not answered.
  void go_away() { away_ = true; }

  cli::HttpReply perform(const cli::HttpCall& call) override {
    calls.push_back(call);
    if (answers_.empty() && always_) return always_(call);
    if (answers_.empty()) {
      if (!away_) ADD_FAILURE() << "unexpected request: " << call.method << " " << call.path;
      throw cli::UnreachableError("the coordinator cannot be reached", false);
    }
    const Answer next = std::move(answers_.front());
    answers_.pop_front();
    return next(call);
  }
  bool all_answers_given() const { return answers_.empty(); }

  std::vector<cli::HttpCall> calls;

 private:
  std::deque<Answer> answers_;
  Answer always_;
  bool away_ = false;
};

/// Runs command lines against a scripted coordinator, on a console that is no terminal.
class CommandTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    const auto parsed = cli::parse_command_line(std::move(arguments));
    if (const auto* usage = std::get_if<cli::Usage>(&parsed)) {
      notes << usage->text;
      return static_cast<int>(usage->status);
    }
    const auto& invocation = std::get<cli::Invocation>(parsed);
    console.json = invocation.global.json;
    console.verbose = invocation.global.verbose;
    const auto status = cli::run_with(coordinator, invocation, console, interrupt, clock);
    EXPECT_TRUE(coordinator.all_answers_given());
    return static_cast<int>(status);
  }
  std::string asked(std::size_t i = 0) const {
    return coordinator.calls.at(i).method + " " + coordinator.calls.at(i).path;
  }

  FakeClock clock;
  FakeInterrupt interrupt{clock};
  ScriptedCoordinator coordinator;
  std::ostringstream out, notes;
  cli::Console console{out, notes};
};

/// A deployment as the API shows it.
inline std::string deployment_json(const std::string& state, const std::string& more = "") {
  const bool final = state == "done" || state == "rolled_back" || state == "rejected";
  return R"({"id":"d-1","kind":"deploy","rollback_of":null,"name":"shop","environment":"production","version":"1.2",)"
         R"("state":")" +
         state + R"(","final":)" + (final ? "true" : "false") +
         R"(,"reason":"probe failed on web-2","author":"local:root","plan_hash":"abc","created_ms":1000,)"
         R"("updated_ms":2000,"finished_ms":)" +
         (final ? "43000" : "null") +
         R"(,"deferred":[],"gone":[],"resumed":0,"progress":[)"
         R"({"host":"web-1","component":"api","state":"swapped","step":"verify port 5000","detail":""},)"
         R"({"host":"web-2","component":"api","state":"staged","step":"","detail":""}])" +
         more + "}";
}
inline std::string entry_json(const std::string& text, const std::string& what = "state",
                              const std::string& state = "") {
  return R"({"wall_ms":1790000000000,"host":"web-1","component":"api","what":")" + what + R"(","state":")" + state +
         R"(","text":")" + text + R"(","fields":{}})";
}
inline std::string timeline_json(const std::string& entries, std::size_t next, const std::string& state) {
  return R"({"entries":[)" + entries + R"(],"next":)" + std::to_string(next) + R"(,"deployment":)" +
         deployment_json(state) + "}";
}
inline std::string error_json(const std::string& code, const std::string& message) {
  return R"({"error":{"code":")" + code + R"(","message":")" + message + R"(","details":{}}})";
}

}  // namespace switchyard::testing
