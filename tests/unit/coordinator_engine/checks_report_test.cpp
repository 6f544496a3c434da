// What is told of the health checks of a deployment that is over, of its row, its plan and its timeline.
#include "coordinator/model/checks_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "tests/support/plan_builder.hpp"

namespace switchyard::engine {
namespace {

using model::ChecksOutcome;
using model::DeploymentState;
using model::TierState;

model::HealthCheck http_check(const std::string& name, std::uint32_t tier, bool critical = true) {
  model::HealthCheck check;
  check.probe.name = name;
  check.probe.kind = protocol::HttpProbe{"http://127.0.0.1:${port}/", {}, {}, {}};
  check.probe.critical = critical;
  if (tier > 0) check.probe.tier = tier;
  return check;
}

/// A deployment with a check of each tier on two hosts, and what the hosts say of its steps.
struct ReportedDeployment {
  explicit ReportedDeployment(const model::DeploymentSettings& settings = {}, bool with_checks = true) {
    testing::PlanBuilderOptions options;
    options.settings = settings;
    model::Manifest manifest = testing::manifest_from_text("api@h1,h2", options);
    if (with_checks) {
      manifest.components[0].health_checks = {http_check("answers", 0), http_check("disk", 0, false),
                                              http_check("orders", 1), http_check("buys", 2)};
    }
    plan = planner::plan_deployment(manifest, testing::facts_for(manifest, options), {});
    row.id = plan.deployment;
    row.state = DeploymentState::done;
  }

  /// Every step whose title begins so ended on that host as `result` says.
  void step_ends(const std::string& host, const std::string& title, const protocol::StepResult& result,
                 bool undo = false) {
    for (const auto& component : plan.slices.at(HostId(host)).components) {
      for (const auto& step : component.steps) {
        if (!step.title.starts_with(title)) continue;
        note_step_end(step_entry(plan, HostId(host), {row.id, step.id, component.name, result, undo}), ends);
      }
    }
  }
  void all_checks_pass(const std::string& host) { step_ends(host, "check ", {.state = protocol::StepState::done}); }
  void goes_back(std::string code, model::RollbackTrigger trigger) {
    row.state = DeploymentState::rolled_back;
    model::Failure failure;
    failure.code = std::move(code);
    failure.trigger = trigger;
    row.failures.push_back(std::move(failure));
  }
  model::ChecksReport report() const { return model::report_checks(row, plan, ends).value(); }
  std::vector<TierState> tier_states() const {
    std::vector<TierState> states;
    for (const model::TierReport& tier : report().tiers) states.push_back(tier.state);
    return states;
  }

  model::Plan plan;
  model::DeploymentRow row;
  model::StepEnds ends;
};

protocol::StepResult failed_with(const std::string& code) {
  return {.state = protocol::StepState::failed, .code = code, .detail = "500"};
}

TEST(ChecksReport, OfOneThatIsDoneEveryCheckPassedThatItsPlanAsks) {
  const ReportedDeployment done;
  const model::ChecksReport report = done.report();
  EXPECT_EQ(report.outcome, ChecksOutcome::passed);
  EXPECT_EQ(report.run_tests, model::RunTests::full);
  EXPECT_EQ(report.tiers, (std::vector<model::TierReport>{{0, TierState::passed, 4, 4, 0, 0},
                                                          {1, TierState::passed, 2, 2, 0, 0},
                                                          {2, TierState::passed, 2, 2, 0, 0}}));
  EXPECT_TRUE(report.warnings.empty());
}

TEST(ChecksReport, ATierThatRunTestsLeavesOutWasNotAsked) {
  model::DeploymentSettings settings;
  settings.run_tests = model::RunTests::smoke;
  const ReportedDeployment done(settings);
  EXPECT_EQ(done.tier_states(), (std::vector{TierState::passed, TierState::passed, TierState::not_asked}));
  EXPECT_EQ(done.report().run_tests, model::RunTests::smoke);
}

TEST(ChecksReport, ATierOfWhichNothingIsDefinedHasNone) {
  const ReportedDeployment done({}, false);
  EXPECT_EQ(done.report().outcome, ChecksOutcome::passed) << "that its port answers was asked";
  EXPECT_EQ(done.tier_states(), (std::vector{TierState::passed, TierState::none, TierState::none}));
}

TEST(ChecksReport, ChecksThatAreOffNeverPass) {
  model::DeploymentSettings settings;
  settings.health_checks_enabled = false;
  ReportedDeployment done(settings);
  done.all_checks_pass("h1");
  EXPECT_EQ(done.report().outcome, ChecksOutcome::off);
  EXPECT_EQ(done.tier_states(), std::vector(3, TierState::off));
  EXPECT_EQ(done.report().warnings,
            std::vector<std::string>{
                "health checks are off (health_checks_enabled: false): only whether the units run was asked"});
  done.goes_back("unhealthy", model::RollbackTrigger::integrity_check);
  EXPECT_EQ(done.report().outcome, ChecksOutcome::off) << "its unit ended; no check failed";
}

TEST(ChecksReport, APlanOfAnOlderVersionSaysThatNoneWasAskedAndNotWhy) {
  model::DeploymentSettings settings;
  settings.health_checks_enabled = false;
  ReportedDeployment done(settings);
  done.plan.settings.checks.reset();
  EXPECT_EQ(done.report().outcome, ChecksOutcome::off);
  EXPECT_EQ(done.report().run_tests, std::nullopt);
  EXPECT_EQ(done.tier_states(), std::vector(3, TierState::none));
  EXPECT_EQ(done.report().warnings,
            std::vector<std::string>{"no health check was asked: only whether the units run was asked"});
}

TEST(ChecksReport, AComponentWithoutAnyCheckIsNamedBesideOthersThatPassed) {
  model::Manifest manifest = testing::manifest_from_text("api@h1 + worker@h1");
  manifest.components[1].ports = {};
  manifest.components[1].traffic = model::TrafficKind::none;
  manifest.components[1].strategy = model::Strategy::recreate;
  const model::Plan plan = planner::plan_deployment(manifest, testing::facts_for(manifest, {.first = true}), {});
  model::DeploymentRow row;
  row.state = DeploymentState::done;
  const auto report = model::report_checks(row, plan, {});
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->outcome, ChecksOutcome::passed);
  EXPECT_EQ(report->warnings,
            std::vector<std::string>{"no health check was asked of worker, only whether its unit runs"});
}

TEST(ChecksReport, WhatIsNotCriticalWarnsAndIsNotCountedAsPassed) {
  ReportedDeployment done;
  protocol::StepResult warned{.state = protocol::StepState::done, .detail = "warning: nearly full"};
  warned.evidence["warning"] = "nearly full";
  done.step_ends("h2", "check disk", warned);
  EXPECT_EQ(done.report().outcome, ChecksOutcome::passed);
  EXPECT_EQ(done.report().tiers[0], (model::TierReport{0, TierState::passed, 4, 3, 1, 0}));
  ASSERT_FALSE(done.report().warnings.empty());
  EXPECT_EQ(done.report().warnings[0], "api on h2: check disk: nearly full");
}

TEST(ChecksReport, NotMoreWarningsAreToldThanSomebodyReads) {
  ReportedDeployment done;
  protocol::StepResult warned{.state = protocol::StepState::done, .detail = "warning: slow"};
  warned.evidence["warning"] = "slow";
  protocol::SliceComponent& component = done.plan.slices.at(HostId("h1")).components[0];
  component.steps.resize(1);
  for (std::size_t i = 0; i < limits::deployment_warnings_max + 3; ++i) {
    protocol::Step step = component.steps.front();
    step.id = StepId("hook-" + std::to_string(i));
    step.title = "hook";
    component.steps.push_back(step);
  }
  done.step_ends("h1", "hook", warned);
  const std::vector<std::string> warnings = done.report().warnings;
  ASSERT_EQ(warnings.size(), limits::deployment_warnings_max + 1);
  EXPECT_EQ(warnings.back(), "and 3 more, which the timeline has");
}

TEST(ChecksReport, OfOneThatWentBackOnlyWhatIsKnownToHavePassedHas) {
  ReportedDeployment back;
  back.all_checks_pass("h1");
  back.step_ends("h2", "check answers", {.state = protocol::StepState::done});
  back.step_ends("h2", "check orders", failed_with("probe_failed"));
  back.step_ends("h2", "check buys", failed_with("cancelled"));
  back.goes_back("probe_failed", model::RollbackTrigger::smoke_tests);
  EXPECT_EQ(back.report().outcome, ChecksOutcome::failed);
  EXPECT_EQ(back.report().tiers, (std::vector<model::TierReport>{{0, TierState::incomplete, 4, 3, 0, 0},
                                                                 {1, TierState::failed, 2, 1, 0, 1},
                                                                 {2, TierState::incomplete, 2, 1, 0, 0}}))
      << "what was cut off has not failed";
}

TEST(ChecksReport, WhatFailsInTheWatchWindowFailsThoughEveryStepHadPassed) {
  ReportedDeployment back;
  back.all_checks_pass("h1");
  back.all_checks_pass("h2");
  back.goes_back("unhealthy", model::RollbackTrigger::integrity_check);
  EXPECT_EQ(back.report().outcome, ChecksOutcome::failed);
  EXPECT_EQ(back.tier_states(), (std::vector{TierState::failed, TierState::passed, TierState::passed}));
}

TEST(ChecksReport, AServiceThatEndsInTheWatchWindowFailsItWhateverItsTriggerIsCalled) {
  ReportedDeployment back;
  back.all_checks_pass("h1");
  back.all_checks_pass("h2");
  back.goes_back("unhealthy", model::RollbackTrigger::service_start);
  EXPECT_EQ(back.report().outcome, ChecksOutcome::failed);
  EXPECT_EQ(back.tier_states()[0], TierState::failed);
}

TEST(ChecksReport, AServiceThatDoesNotStayFailsThoughNoCheckWasAskedYet) {
  ReportedDeployment back;
  back.step_ends("h1", "check unit_active", failed_with("probe_failed"));
  back.goes_back("probe_failed", model::RollbackTrigger::service_start);
  EXPECT_EQ(back.report().outcome, ChecksOutcome::failed);
  EXPECT_EQ(back.tier_states(), (std::vector{TierState::failed, TierState::incomplete, TierState::incomplete}));
}

TEST(ChecksReport, WhatWentBackForAnotherReasonIsInconclusive) {
  ReportedDeployment cancelled;
  cancelled.all_checks_pass("h1");
  cancelled.row.state = DeploymentState::rolled_back;
  EXPECT_EQ(cancelled.report().outcome, ChecksOutcome::inconclusive);
  cancelled.all_checks_pass("h2");
  EXPECT_EQ(cancelled.report().outcome, ChecksOutcome::inconclusive) << "it was not watched to the end";
}

TEST(ChecksReport, WhatWasTriedAgainCountsAsItEndedLastAndAnUndoIsNoEnd) {
  ReportedDeployment done;
  done.step_ends("h1", "check orders", failed_with("probe_failed"));
  done.all_checks_pass("h1");
  done.step_ends("h1", "check ", failed_with("probe_failed"), true);
  EXPECT_EQ(done.report().tiers[1], (model::TierReport{1, TierState::passed, 2, 2, 0, 0}));
}

const model::CheckFinding& finding_of(const model::ChecksReport& report, const std::string& host,
                                      const std::string& check) {
  const auto found = std::find_if(report.findings.begin(), report.findings.end(), [&](const auto& finding) {
    return finding.host.str() == host && finding.check == check;
  });
  if (found != report.findings.end()) return *found;
  ADD_FAILURE() << "nothing is said of " << check << " on " << host;
  static const model::CheckFinding none;
  return none;
}

TEST(ChecksReport, ListsEveryCheckThatItCountsAsItsEvidence) {
  ReportedDeployment done;
  done.all_checks_pass("h1");
  const model::ChecksReport report = done.report();
  std::size_t counted = 0;
  for (const model::TierReport& tier : report.tiers) counted += tier.checks;
  EXPECT_EQ(report.findings.size(), counted);
  EXPECT_EQ(report.findings_left_out, 0u);
  const model::CheckFinding& orders = finding_of(report, "h1", "orders");
  EXPECT_EQ(orders.component, "api");
  EXPECT_EQ(orders.tier, 1u);
  EXPECT_TRUE(orders.critical);
  EXPECT_EQ(orders.status, model::CheckStatus::pass);
  EXPECT_FALSE(finding_of(report, "h1", "disk").critical);
}

TEST(ChecksReport, AFindingSaysWhatWasSeenHowLongItTookAndWhen) {
  ReportedDeployment back;
  back.goes_back("probe_failed", model::RollbackTrigger::smoke_tests);
  for (const auto& step : back.plan.slices.at(HostId("h1")).components[0].steps) {
    if (!step.title.starts_with("check orders")) continue;
    protocol::StepResult result{.state = protocol::StepState::failed, .duration_ms = 1'234, .code = "probe_failed"};
    result.detail = "status 500\n" + std::string(2 * limits::check_message_bytes_max, 'x');
    auto entry = step_entry(back.plan, HostId("h1"), {back.row.id, step.id, "api", result, false});
    entry.wall_ms = 77;
    note_step_end(entry, back.ends);
  }
  const model::ChecksReport report = back.report();
  const model::CheckFinding& orders = finding_of(report, "h1", "orders");
  EXPECT_EQ(orders.status, model::CheckStatus::fail);
  EXPECT_TRUE(orders.message.starts_with("status 500")) << orders.message;
  EXPECT_EQ(orders.message.size(), limits::check_message_bytes_max);
  EXPECT_EQ(orders.duration_ms, 1'234);
  EXPECT_EQ(orders.wall_ms, 77);
  EXPECT_EQ(&orders, &report.findings.front()) << "what failed comes first";
}

TEST(ChecksReport, WhatIsNotKnownIsInconclusiveAndNoPass) {
  ReportedDeployment back;
  back.goes_back("probe_failed", model::RollbackTrigger::integrity_check);
  protocol::StepResult unknown = failed_with("probe_failed");
  unknown.evidence["unknown"] = "true";
  back.step_ends("h1", "check answers", unknown);
  back.step_ends("h1", "check orders", failed_with("cancelled"));
  const model::ChecksReport report = back.report();
  EXPECT_EQ(report.outcome, ChecksOutcome::failed) << "for a deployment only a pass is a pass";
  for (const char* check : {"answers", "orders", "buys"}) {
    EXPECT_EQ(finding_of(report, "h1", check).status, model::CheckStatus::inconclusive) << check;
  }
  EXPECT_EQ(finding_of(report, "h1", "answers").message, "500");
  EXPECT_EQ(finding_of(report, "h1", "buys").message, "was not asked to its end before the deployment went back");
  EXPECT_EQ(finding_of(report, "h1", "buys").duration_ms, std::nullopt);
}

TEST(ChecksReport, OfOneThatIsDoneALineThatDidNotComeIsNotMadeUp) {
  ReportedDeployment done;
  done.step_ends("h1", "check orders", failed_with("probe_failed"));  // it was tried again, and the second line is lost
  const model::ChecksReport report = done.report();
  for (const char* host : {"h1", "h2"}) {
    const model::CheckFinding& orders = finding_of(report, host, "orders");
    EXPECT_EQ(orders.status, model::CheckStatus::pass) << "its host said so with the vote";
    EXPECT_EQ(orders.message, "");
    EXPECT_EQ(orders.duration_ms, std::nullopt);
    EXPECT_EQ(orders.wall_ms, 0);
  }
}

TEST(ChecksReport, WhatFailedInTheWatchWindowIsAmongTheFindings) {
  ReportedDeployment back;
  back.all_checks_pass("h1");
  back.all_checks_pass("h2");
  for (const char* check : {"answers", "unit_active", "of another version"}) {
    back.goes_back("unhealthy", model::RollbackTrigger::integrity_check);
    model::Failure& failure = back.row.failures.back();
    failure.host = HostId("h2");
    failure.component = "api";
    failure.check = check;
    failure.message = "api became unhealthy";
  }
  const model::ChecksReport report = back.report();
  EXPECT_EQ(finding_of(report, "h2", "answers").status, model::CheckStatus::fail) << "though its step had passed";
  EXPECT_EQ(finding_of(report, "h2", "answers").message, "api became unhealthy");
  EXPECT_EQ(finding_of(report, "h2", "answers").wall_ms, 0);
  EXPECT_EQ(finding_of(report, "h2", "unit_active").status, model::CheckStatus::fail);
  EXPECT_EQ(finding_of(report, "h1", "answers").status, model::CheckStatus::pass);
  EXPECT_EQ(report.findings.size(), 9u) << "four checks on each host, and one unit";
  back.row.gone = {HostId("h2")};
  EXPECT_EQ(back.report().findings.size(), 4u) << "nothing of a host that is not counted";
}

TEST(ChecksReport, AUnitThatDidNotStayIsAmongTheFindings) {
  ReportedDeployment back;
  back.step_ends("h1", "check unit_active", failed_with("probe_failed"));
  back.goes_back("probe_failed", model::RollbackTrigger::service_start);
  EXPECT_EQ(finding_of(back.report(), "h1", "unit_active").status, model::CheckStatus::fail);
}

TEST(ChecksReport, NotMoreFindingsAreToldThanALimitAndWhatDidNotPassIsAmongThem) {
  ReportedDeployment back;
  back.goes_back("probe_failed", model::RollbackTrigger::smoke_tests);
  protocol::SliceComponent& component = back.plan.slices.at(HostId("h2")).components[0];
  for (std::size_t i = 0; i < limits::check_results_max; ++i) {
    protocol::Step step = component.steps.front();
    step.id = StepId("check-" + std::to_string(i));
    step.title = "check more";
    step.phase = protocol::Phase::prepare;
    protocol::ProbeSpec spec = http_check("more-" + std::to_string(i), 0).probe;
    step.action = protocol::Probe{spec};
    component.steps.push_back(step);
  }
  back.all_checks_pass("h1");
  back.all_checks_pass("h2");
  back.step_ends("h2", "check orders", failed_with("probe_failed"));
  const model::ChecksReport report = back.report();
  EXPECT_EQ(report.findings.size(), limits::check_results_max);
  EXPECT_EQ(report.findings_left_out, 8u);
  EXPECT_EQ(report.findings.front().check, "orders");
}

TEST(ChecksReport, ASuiteThatPassedThoughSomeOfItsRequestsFailedWarns) {
  ReportedDeployment done;
  protocol::StepResult partly{.state = protocol::StepState::done, .detail = "1 of 2 requests passed; statistics: 500"};
  partly.evidence["forgiven"] = "1";
  done.step_ends("h1", "check orders", partly);
  const model::ChecksReport report = done.report();
  EXPECT_EQ(report.warnings,
            std::vector<std::string>{"api on h1: check orders: 1 of 2 requests passed; statistics: 500"});
  EXPECT_EQ(report.tiers[1], (model::TierReport{1, TierState::passed, 2, 2, 0, 0})) << "it has passed all the same";
  EXPECT_EQ(finding_of(report, "h1", "orders").status, model::CheckStatus::pass);
  EXPECT_EQ(finding_of(report, "h1", "orders").message, "1 of 2 requests passed; statistics: 500");
}

TEST(ChecksReport, AHostSpeaksForItsOwnStepsAlone) {
  ReportedDeployment back;
  back.row.state = DeploymentState::rolled_back;
  for (const auto& step : back.plan.slices.at(HostId("h2")).components[0].steps) {
    const protocol::StepResult done{.state = protocol::StepState::done};
    note_step_end(step_entry(back.plan, HostId("h1"), {back.row.id, step.id, "api", done, false}), back.ends);
  }
  EXPECT_EQ(back.report().tiers[0], (model::TierReport{0, TierState::incomplete, 4, 0, 0, 0}));
}

TEST(ChecksReport, HostsThatWereDeclaredGoneAreNotCounted) {
  ReportedDeployment done;
  done.row.gone = {HostId("h2")};
  EXPECT_EQ(done.report().tiers[0].checks, 2U);
  done.row.gone.emplace_back("h1");
  EXPECT_FALSE(model::report_checks(done.row, done.plan, done.ends).has_value());
}

TEST(ChecksReport, NothingIsSaidOfWhatIsNotOverOrBroughtNothing) {
  ReportedDeployment deployment;
  for (const DeploymentState state :
       {DeploymentState::draft, DeploymentState::watching, DeploymentState::stuck, DeploymentState::rejected}) {
    deployment.row.state = state;
    EXPECT_FALSE(model::report_checks(deployment.row, deployment.plan, {}).has_value());
  }
  deployment.row.state = DeploymentState::done;
  EXPECT_FALSE(model::report_checks(deployment.row, model::Plan(), {}).has_value());
}

}  // namespace
}  // namespace switchyard::engine
