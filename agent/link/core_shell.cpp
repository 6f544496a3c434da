#include "agent/link/core_shell.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {
namespace {

/// What the record of a plan holds beside the plan, and the records that go with it.
constexpr std::uint64_t plan_record_bytes = 8 * 1024;

}  // namespace

CoreShell::CoreShell(const CoreIdentity& identity, Role role, JournalFile& journal, Scheduler& loop, const Clock& clock,
                     StepRunner& steps, Hands hands)
    : core_(identity, role, journal.records()),
      journal_(journal),
      loop_(loop),
      clock_(clock),
      steps_(steps),
      hands_(std::move(hands)) {}

void CoreShell::handle(const Event& event) {
  std::vector<Effects> work;
  {
    JournalFile::Turn turn(journal_);
    take_foreign(turn, work);
    if (!refuse_plan(event)) take(turn, event, work);
  }
  for (Effects& effects : work) carry_out(std::move(effects));
  if (hands_.after_event) hands_.after_event();
}

/// For what the core cannot see, since it reads neither clock nor disk.
bool CoreShell::refuse_plan(const Event& event) {
  const auto* arrived = std::get_if<MessageArrived>(&event);
  const auto* plan = arrived != nullptr ? std::get_if<protocol::Plan>(&arrived->message) : nullptr;
  if (plan == nullptr || arrived->epoch < core_.max_epoch()) return false;
  try {
    const auto trouble = plan_trouble(*plan);
    if (trouble && hands_.send) hands_.send(*trouble);
    return trouble.has_value();
  } catch (const DecodeError&) {
    return false;  // refused for that
  }
}

/// A plan that this host has taken already is not refused any more. A new one is refused when somebody has kept it back
/// until its time was over, or when, with a full disk, what is reserved in the journal is for deployments that are
/// under way, and their reverts.
std::optional<protocol::Failed> CoreShell::plan_trouble(const protocol::Plan& plan) {
  const protocol::PlanHeader header = protocol::decode_header(plan.plan.header);
  const DeploymentId& id = header.deployment;
  const auto reports = core_.reports(clock_.boot_ms());
  if (std::any_of(reports.begin(), reports.end(), [&](const auto& known) { return known.deployment == id; })) return {};
  const std::int64_t late_ms = clock_.wall_ms() - header.not_after_wall_ms;
  if (late_ms > limits::plan_expiry_slack_ms) {
    return protocol::Failed{
        id,
        {},
        {},
        "plan_expired",
        "the plan was good until " + std::to_string(late_ms / 1000) +
            " s ago by this host's clock; compare the clocks of coordinator and host, and plan again"};
  }
  const std::uint64_t bytes = plan.plan.header.size() + plan.plan.slice.size() + plan_record_bytes;
  if (!journal_.has_room(bytes) && !PLANTED(room_for_reverts_is_not_kept)) {
    return protocol::Failed{id, {}, {}, "disk_full", "no room for the journal of this host"};
  }
  return {};
}

void CoreShell::take(JournalFile::Turn& turn, const Event& event, std::vector<Effects>& work) {
  Effects effects = core_.apply(event, clock_.boot_ms());
  if (PLANTED(speaks_before_it_writes) && hands_.send) {
    for (const protocol::Message& message : std::exchange(effects.sends, {})) hands_.send(message);
  }
  turn.append(effects.writes);
  work.push_back(std::move(effects));
}

/// What a turn has read is read by no later one.
void CoreShell::take_foreign(JournalFile::Turn& turn, std::vector<Effects>& work) {
  if (!turn.foreign().empty()) take(turn, JournalGrew{turn.foreign(), turn.rewritten()}, work);
}

void CoreShell::carry_out(Effects effects) {
  for (const JournalRecord& record : effects.writes) {
    log::debug("journal written", {{"record", record_name(record.kind)},
                                   {"deployment", record.deployment.str()},
                                   {"component", record.component},
                                   {"step", record.step.str()}});
  }
  bool guarded = true;
  if (effects.arm_dead_man && !PLANTED(dead_man_is_not_started)) {
    try {
      hands_.arm_dead_man();
    } catch (const Error& error) {
      // Without the dead-man nothing provisional may begin: the steps fail, the coordinator hears why.
      log::error("dead-man could not be started", {{"why", error.what()}});
      guarded = false;
    }
  }
  for (const RunStep& order : effects.runs) {
    log::info("step started", {{"deployment", order.deployment.str()},
                               {"component", order.component},
                               {"step", order.step.str()},
                               {"title", order.title}});
    if (guarded) {
      steps_.run(order);
    } else {
      StepFinished refused{order.deployment, order.step, order.undo,
                           failed("no_dead_man", "switchyard-deadman.service could not be started on this host")};
      loop_.post([this, refused] { handle(refused); });
    }
  }
  for (const StepRef& step : effects.cancels) steps_.cancel(step);
  for (const SetTimer& timer : effects.timers) set_timer(timer);
  for (const StartWatch& watch : effects.start_watches) {
    if (hands_.start_watch) hands_.start_watch(watch);
  }
  for (const StopWatch& watch : effects.stop_watches) {
    if (hands_.stop_watch) hands_.stop_watch(watch);
  }
  for (protocol::Message& message : effects.sends) {
    if (hands_.send) hands_.send(std::move(message));
  }
  if (effects.redial && hands_.redial) hands_.redial();
}

void CoreShell::set_timer(const SetTimer& timer) {
  if (timer.ms < 0) {
    timers_.erase(timer.timer);
    return;
  }
  timers_[timer.timer] = loop_.after(timer.ms, [this, name = timer.timer] {
    // Taken out first: handling may set it anew.
    const Scheduler::Timer fired = std::move(timers_[name]);
    timers_.erase(name);
    handle(TimerFired{name});
  });
}

void CoreShell::compact_if_large(std::uint64_t bytes) {
  // What has to be kept may be as large by itself: it is not written anew at every look.
  if (journal_.size() < std::max(bytes, 2 * compacted_bytes_) || !core_.idle()) return;
  std::vector<Effects> work;
  {
    JournalFile::Turn turn(journal_);
    take_foreign(turn, work);
    if (core_.idle()) {
      const bool compacted = turn.replace(core_.snapshot());
      compacted_bytes_ = journal_.size();
      if (compacted) log::info("journal compacted", {{"bytes", journal_.size()}});
    }
  }
  for (Effects& effects : work) carry_out(std::move(effects));
}

}  // namespace switchyard::agent
