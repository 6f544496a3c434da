#include "coordinator/engine/failures.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "common/utf8.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/coordinator_engine/engine_double.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;
using model::ErrorAction;
using model::ErrorPhase;
using model::Severity;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}
const std::filesystem::path root = testing::source_tree();

TEST(Failures, WhatIsDoneFollowsFromATable) {
  struct Row {
    model::Plight plight;
    ErrorAction action;
  };
  const Row rows[] = {
      {{.decided = false, .dispensable = false, .automatic = true, .may_stand = true}, ErrorAction::rollback},
      {{.decided = false, .dispensable = false, .automatic = true, .may_stand = false}, ErrorAction::rollback},
      {{.decided = false, .dispensable = false, .automatic = false, .may_stand = true}, ErrorAction::abort},
      {{.decided = false, .dispensable = false, .automatic = false, .may_stand = false}, ErrorAction::rollback},
      {{.decided = true, .dispensable = false, .automatic = true, .may_stand = true}, ErrorAction::retry},
      {{.decided = true, .dispensable = false, .automatic = false, .may_stand = true}, ErrorAction::retry},
      {{.decided = true, .dispensable = false, .automatic = true, .may_stand = false}, ErrorAction::retry},
      {{.decided = true, .dispensable = false, .automatic = false, .may_stand = false}, ErrorAction::retry},
      {{.decided = true, .dispensable = true, .automatic = true, .may_stand = true}, ErrorAction::continue_},
      {{.decided = false, .dispensable = true, .automatic = false, .may_stand = false}, ErrorAction::continue_},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(model::action_upon(row.plight), row.action)
        << row.plight.decided << row.plight.dispensable << row.plight.automatic << row.plight.may_stand;
  }
}

TEST(Failures, ThePhaseFollowsFromTheStateAndTheStep) {
  protocol::Step verify{.phase = protocol::Phase::prepare, .action = protocol::VerifyOld{}};
  protocol::Step check{.phase = protocol::Phase::prepare, .action = protocol::CheckSwitch{}};
  protocol::Step fetch{.phase = protocol::Phase::prepare, .action = protocol::EnsureRelease{}};
  protocol::Step flip{.phase = protocol::Phase::swap, .action = protocol::SwitchTraffic{}};
  protocol::Step probe{.phase = protocol::Phase::swap, .action = protocol::Probe{}};
  const auto hook_in = [](protocol::Phase phase, protocol::HookPhase when) {
    protocol::Hook hook;
    hook.phase = when;
    return protocol::Step{.phase = phase, .action = hook};
  };
  const protocol::Step validates = hook_in(protocol::Phase::prepare, protocol::HookPhase::pre_validation);
  const protocol::Step prepares = hook_in(protocol::Phase::prepare, protocol::HookPhase::post_prepare);
  const protocol::Step asks = hook_in(protocol::Phase::swap, protocol::HookPhase::pre_switch);
  const protocol::Step judges = hook_in(protocol::Phase::swap, protocol::HookPhase::post_verify);
  EXPECT_EQ(phase_of(DeploymentState::preparing, &validates), ErrorPhase::preflight);
  EXPECT_EQ(phase_of(DeploymentState::preparing, &prepares), ErrorPhase::deployment);
  EXPECT_EQ(phase_of(DeploymentState::swapping, &asks), ErrorPhase::deployment);
  EXPECT_EQ(phase_of(DeploymentState::swapping, &judges), ErrorPhase::postdeployment);
  EXPECT_EQ(phase_of(DeploymentState::preparing, &verify), ErrorPhase::preflight);
  EXPECT_EQ(phase_of(DeploymentState::preparing, &check), ErrorPhase::preflight);
  EXPECT_EQ(phase_of(DeploymentState::preparing, &fetch), ErrorPhase::deployment);
  EXPECT_EQ(phase_of(DeploymentState::preparing, nullptr), ErrorPhase::deployment);
  EXPECT_EQ(phase_of(DeploymentState::swapping, &flip), ErrorPhase::deployment);
  EXPECT_EQ(phase_of(DeploymentState::swapping, &probe), ErrorPhase::postdeployment);
  EXPECT_EQ(phase_of(DeploymentState::swapping, nullptr), ErrorPhase::postdeployment);
  EXPECT_EQ(phase_of(DeploymentState::watching, nullptr), ErrorPhase::postdeployment);
  EXPECT_EQ(phase_of(DeploymentState::committing, &flip), ErrorPhase::postdeployment);
}

TEST(Failures, TheSeverityFollowsFromWhatClientsMayHaveMet) {
  const auto rollback = ErrorAction::rollback;
  EXPECT_EQ(severity_of(DeploymentState::preparing, ErrorPhase::preflight, rollback), Severity::medium);
  EXPECT_EQ(severity_of(DeploymentState::preparing, ErrorPhase::deployment, rollback), Severity::high);
  EXPECT_EQ(severity_of(DeploymentState::swapping, ErrorPhase::deployment, rollback), Severity::critical);
  EXPECT_EQ(severity_of(DeploymentState::watching, ErrorPhase::postdeployment, rollback), Severity::critical);
  EXPECT_EQ(severity_of(DeploymentState::committing, ErrorPhase::postdeployment, ErrorAction::retry), Severity::medium);
  EXPECT_EQ(severity_of(DeploymentState::committing, ErrorPhase::postdeployment, ErrorAction::continue_),
            Severity::low);
}

/// The step of h1 with this action, by its kind.
template <class Action>
const protocol::Step& step_with(const Coordinator& coordinator, protocol::Phase phase) {
  for (const auto& component : coordinator.run.plan.slices.at(HostId("h1")).components) {
    for (const protocol::Step& step : component.steps) {
      if (step.phase == phase && std::holds_alternative<Action>(step.action)) return step;
    }
  }
  throw std::logic_error("no such step");
}

TEST(Failures, AFailedStepIsInTheRowWithWhatWasDone) {
  Coordinator coordinator("app@h1,h2");
  coordinator.stage("h1");
  coordinator.stage("h2");
  const StepId probe = step_with<protocol::Probe>(coordinator, protocol::Phase::swap).id;
  coordinator.say("h1", protocol::Failed{coordinator.run.row.id, probe, "app", "probe_failed", "check: 500"});
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  const model::Failure& failure = coordinator.run.row.failures.front();
  EXPECT_EQ(failure.phase, ErrorPhase::postdeployment);
  EXPECT_EQ(failure.severity, Severity::critical);
  EXPECT_EQ(failure.action, ErrorAction::rollback);
  EXPECT_EQ(failure.code, "probe_failed");
  EXPECT_EQ(failure.host, HostId("h1"));
  EXPECT_EQ(failure.component, "app");
  EXPECT_EQ(model::error_kind(failure.code).category, "health_check");
}

TEST(Failures, WhatFailsBeforeAnythingIsChangedIsOfThePreflight) {
  Coordinator coordinator("app@h1");
  coordinator.connect("h1");
  coordinator.say("h1", protocol::PlanAck{});
  const StepId verify = step_with<protocol::VerifyOld>(coordinator, protocol::Phase::prepare).id;
  coordinator.say("h1", protocol::Failed{coordinator.run.row.id, verify, "app", "old_changed", "another release"});
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  EXPECT_EQ(coordinator.run.row.failures.front().phase, ErrorPhase::preflight);
  EXPECT_EQ(coordinator.run.row.failures.front().severity, Severity::medium);
}

TEST(Failures, WithoutRollbackItSaysThatItStandsStill) {
  model::PlanSettings settings;
  settings.rollback_on_failure = false;
  Coordinator coordinator("app@h1", settings);
  coordinator.stage("h1");
  coordinator.say("h1", protocol::Failed{coordinator.run.row.id, {}, "app", "start_failed", "no"});
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  EXPECT_EQ(coordinator.run.row.failures.front().action, ErrorAction::abort);
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
}

TEST(Failures, AStepOfTheWayBackThatFailsIsTriedAgainAndSaid) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.happen(CancelRequested{"no more"});
  EXPECT_TRUE(coordinator.run.row.failures.empty()) << "what a person cancels is no failure";
  protocol::StepEvent event;
  event.deployment = coordinator.run.row.id;
  event.step = step_with<protocol::SwitchTraffic>(coordinator, protocol::Phase::swap).id;
  event.component = "app";
  event.undo = true;
  event.result.state = protocol::StepState::failed;
  event.result.code = "switch_not_as_asked";
  for (int again = 0; again < 3; ++again) coordinator.say("h1", event);
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u) << "once, however often it is tried";
  EXPECT_EQ(coordinator.run.row.failures.front().action, ErrorAction::retry);
}

TEST(Failures, AnUndoWhoseOutcomeIsLostIsSaidWithWhatToDo) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.happen(CancelRequested{"no more"});
  protocol::StepEvent event;
  event.deployment = coordinator.run.row.id;
  event.step = step_with<protocol::SwitchTraffic>(coordinator, protocol::Phase::swap).id;
  event.component = "app";
  event.undo = true;
  event.result.state = protocol::StepState::unknown;
  event.result.code = "cancelled";
  coordinator.say("h1", event);
  EXPECT_TRUE(coordinator.run.row.failures.empty()) << "nobody wanted to know it";
  event.result.code = "outcome_lost";
  event.result.detail = "nothing tells how it ended";
  coordinator.say("h1", event);
  coordinator.say("h1", protocol::Stuck{coordinator.run.row.id, event.step, "outcome_lost", "app: it is lost"});
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  const model::Failure& failure = coordinator.run.row.failures.front();
  EXPECT_EQ(failure.code, "outcome_lost");
  EXPECT_EQ(failure.host, HostId("h1"));
  EXPECT_EQ(failure.component, "app");
  EXPECT_EQ(failure.action, ErrorAction::retry);
  EXPECT_EQ(failure.severity, Severity::medium);
  EXPECT_NE(failure.message.find("undo: "), std::string::npos) << failure.message;
  EXPECT_FALSE(model::error_kind(failure.code).suggested.empty());
}

TEST(Failures, TheEndOfAnOldSlotThatFailsLateIsSaidAndChangesNothingElse) {
  Coordinator coordinator("app@h1");
  model::DeploymentRow row = coordinator.run.row;
  row.state = DeploymentState::done;
  row.finished_wall_ms = 1'000;
  const model::DeploymentRow before = row;
  const auto& component = coordinator.run.plan.slices.at(HostId("h1")).components.front();
  protocol::StepEvent event;
  event.deployment = row.id;
  event.component = "app";
  event.result.state = protocol::StepState::failed;
  event.result.code = "stop_failed";
  event.result.detail = "it does not stop";
  const auto note = [&] { return note_late_failure(row, coordinator.run.plan, HostId("h1"), event); };
  for (const protocol::Step& step : component.steps) {
    event.step = step.id;
    const bool noted = step.phase != protocol::Phase::retire && note();
    EXPECT_FALSE(noted) << step.title;
  }
  EXPECT_EQ(row, before);
  event.step = step_with<protocol::EnsureUnit>(coordinator, protocol::Phase::retire).id;
  EXPECT_TRUE(note());
  EXPECT_FALSE(note()) << "once, however often it is tried";
  event.result.state = protocol::StepState::done;
  EXPECT_FALSE(note());
  ASSERT_EQ(row.failures.size(), 1u);
  const model::Failure failure = row.failures.front();
  EXPECT_EQ(failure.phase, ErrorPhase::postdeployment);
  EXPECT_EQ(failure.severity, Severity::low);
  EXPECT_EQ(failure.action, ErrorAction::continue_);
  EXPECT_EQ(failure.trigger, std::nullopt);
  EXPECT_EQ(failure.code, "stop_failed");
  EXPECT_TRUE(model::error_kind(failure.code).recoverable);
  EXPECT_NE(failure.message.find(": it does not stop"), std::string::npos) << failure.message;
  row.failures.clear();
  EXPECT_EQ(row, before) << "nothing but the entry";
}

TEST(Failures, AThousandHostsThatFailAlikeDoNotSwellTheRow) {
  std::string text = "app@h1";
  for (int i = 2; i <= 40; ++i) text += ",h" + std::to_string(i);
  Coordinator coordinator(text, {.rollback_on_failure = false});
  for (int i = 1; i <= 40; ++i) {
    const std::string host = "h" + std::to_string(i);
    coordinator.connect(host);
    coordinator.run.row.state = DeploymentState::preparing;  // a person has it go on
    coordinator.say(host, protocol::Failed{coordinator.run.row.id, {}, "app", "disk_full", "no room"});
  }
  EXPECT_EQ(coordinator.run.row.failures.size(), 16u);
  EXPECT_EQ(coordinator.run.row.failures.front().host, HostId("h1")) << "the first ones tell why";
}

TEST(Failures, ALongMessageIsCutBetweenTwoCharacters) {
  Coordinator coordinator("app@h1", {.rollback_on_failure = false});
  coordinator.connect("h1");
  std::string detail = "x";  // so that the bound falls into a character
  while (detail.size() < 3'000) detail += "\u00e4";
  coordinator.say("h1", protocol::Failed{coordinator.run.row.id, {}, "app", "disk_full", detail});
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  EXPECT_TRUE(is_text(coordinator.run.row.failures.front().message));
  EXPECT_LE(coordinator.run.row.failures.front().message.size(), 2'000u);
}

TEST(ErrorTable, HasEveryCodeOnce) {
  std::set<std::string_view> codes;
  for (const model::ErrorKind& kind : model::error_table()) {
    EXPECT_TRUE(codes.insert(kind.code).second) << kind.code;
    EXPECT_FALSE(kind.category.empty() || kind.suggested.empty()) << kind.code;
  }
  EXPECT_EQ(model::error_kind("of_a_newer_agent").category, "unknown");
}

TEST(ErrorTable, KnowsEveryCodeThatAnAgentAndTheEngineSay) {
  std::set<std::string> found;
  for (const char* folder : {"agent/executors", "agent/system", "coordinator/engine"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = text_of(entry.path());
      const std::regex call(R"re((?:failed\(|unknown\(|SwitchRefusal\{|fail\(\w*(?:\{\})?, \{|)re"
                            R"re(note_failure\(turn, \w*(?:\{\})?, \{|cause\.code = |cause = \{)\s*"([a-z_]+)")re");
      for (std::sregex_iterator match(text.begin(), text.end(), call), end; match != end; ++match) {
        found.insert((*match)[1]);
      }
    }
  }
  EXPECT_GT(found.size(), 35u) << "the places where codes are said are not found any more";
  for (const std::string& code : found) {
    EXPECT_NE(model::error_kind(code).category, "unknown") << code << " is not in the table of errors";
  }
}

TEST(ErrorTable, IsTheOneOfTheDocumentation) {
  const std::string page = text_of(root / "docs/errors.md");
  std::string table;
  for (const model::ErrorKind& kind : model::error_table()) {
    table += "| `" + std::string(kind.code) + "` | " + std::string(kind.category) + " | " +
             (kind.recoverable ? "yes" : "no") + " | " + std::string(kind.suggested) + " |\n";
  }
  EXPECT_NE(page.find(table), std::string::npos) << "docs/errors.md should hold:\n" << table;
}

}  // namespace
}  // namespace switchyard::engine
