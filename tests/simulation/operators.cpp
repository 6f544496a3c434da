#include "tests/simulation/operators.hpp"

#include <set>
#include <utility>

#include "common/error.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::int64_t look_ms = 2'000;
/// The newest rows of the list: more are never open, or just ended, at a time.
constexpr std::size_t rows_looked_at = 12;
constexpr std::int64_t answer_ms_max = 20'000;
/// While things go wrong, a wish that is not granted is given up after this time.
constexpr std::int64_t give_up_ms = 120'000;
/// When nothing goes wrong any more, it must have been granted by then: hosts that were lost are known to be back.
constexpr std::int64_t granted_ms_max = 90'000;

const fleet::Caller first_operator{"local:root", "simulated"};
const fleet::Caller other_operator{"token:other", "simulated"};

/// The one host of a converge deployment. Its reason names it too, but that changes on the way.
std::string only_host(const model::Plan& plan) {
  return plan.slices.empty() ? std::string() : plan.slices.begin()->first.str();
}

std::optional<model::Plan> plan_of(const fleet::Operations& operations, const DeploymentId& id) {
  const fleet::Answer<fleet::DeploymentView> answer = operations.deployment(first_operator, id);
  const auto* view = std::get_if<fleet::DeploymentView>(&answer);
  return view == nullptr ? std::nullopt : view->plan;
}

void add_deferred(const model::DeploymentRow& row, std::set<std::string>& hosts) {
  for (const HostId& host : row.deferred) hosts.insert(host.str());
}

}  // namespace

Operators::Operators(Surroundings& world, const FleetPlan& plan, const Artifacts& artifacts, ReferenceModel& model,
                     Ask ask)
    : world_(world), plan_(plan), artifacts_(artifacts), model_(model), ask_(std::move(ask)) {}

void Operators::look() {
  if (!busy_ && !wishes_.empty()) {
    now_ = wishes_.front();
    wishes_.pop_front();
    if (now_.rollback && !model_.can_be_rolled_back(last_done_.str())) {
      now_.rollback = false;
      now_.version = 1 + now_.version % Artifacts::versions;
    }
    busy_ = true;
    key_ = "wish-" + std::to_string(++keys_);
    current_ = {};
    began_at_ = world_.events.now();
    asked_at_ = -1;
  }
  follow();
  if (busy_ && current_.empty() && !recovering_) ask_for_it();
  world_.events.at(look_ms, [this] { look(); });
}

void Operators::ask_for_it() {
  const std::int64_t now = world_.events.now();
  if (asked_at_ >= 0 && now < asked_at_ + answer_ms_max) return;
  if (!calm && now > began_at_ + give_up_ms) {
    ++given_up;
    // The answer may have been lost on its way: then the deployment runs all the same, and follow() finds it.
    busy_ = false;
    return;
  }
  if (ask_([this](fleet::Operations& operations) { start(operations); })) asked_at_ = now;
}

/// Set once, before anything is deployed with it. False: it is not there yet, and nothing can be deployed.
bool Operators::provide_secret(fleet::Operations& operations) const {
  if (plan_.secret.empty() || !operations.secrets(first_operator).empty()) return true;
  try {
    operations.set_secret(first_operator, {"test", FleetPlan::secret_name, SecretText(plan_.secret)});
  } catch (const StoreError&) {
    return false;
  }
  return true;
}

fleet::DeployRequest Operators::request() const {
  fleet::DeployRequest request;
  request.manifest = plan_.manifest(now_.version);
  request.artifacts = plan_.releases(artifacts_, now_.version);
  request.configuration = plan_.configuration();
  return request;
}

void Operators::start(fleet::Operations& operations) {
  if (!provide_secret(operations)) return;
  const auto reply = [this, key = key_](fleet::Answer<fleet::DeploymentView> answer) { answered(key, answer); };
  if (now_.rollback) {
    fleet::RollbackRequest request;
    request.deployment = last_done_;
    request.reason = "simulated";
    request.to_nothing = true;
    request.idempotency_key = key_;
    // The same request again is to be the same: the way follows from its key.
    const auto way = keys_ % (model::rollback_strategies.size() + 1);
    if (way > 0) request.strategy = static_cast<model::RollbackStrategy>(way - 1);
    request.verify_after_rollback = keys_ % 4 == 1;
    operations.start_rollback(first_operator, request, reply);
    return;
  }
  fleet::DeployRequest wish = request();
  wish.file_name = "deploy.yaml";
  wish.idempotency_key = key_;
  operations.start(first_operator, wish, reply);
}

void Operators::answered(const std::string& key, const fleet::Answer<fleet::DeploymentView>& answer) {
  if (key != key_ || !busy_ || !current_.empty()) return;  // too late: asked again meanwhile
  if (const auto* refusal = std::get_if<fleet::Refusal>(&answer)) return refused_with(*refusal);
  current_ = std::get<fleet::DeploymentView>(answer).row.id;  // the list tells the rest, older ones first
}

void Operators::refused_with(const fleet::Refusal& refusal) {
  ++refused;
  world_.trace.note(world_.events.now(), "operator", "refused: " + refusal.code + " " + refusal.message);
  if (calm && world_.events.now() > began_at_ + granted_ms_max) {
    world_.watchman.violation("I13: refused though nothing goes wrong any more: " + refusal.message);
  }
  asked_at_ = world_.events.now() - answer_ms_max + 3'000;  // again in a moment
}

void Operators::store_was_restored(const store::MemoryDisk& lost) {
  // What was begun since anybody looked is the model's to know, or nobody could tell what hosts should serve.
  std::set<std::string> behind;
  for (const DeploymentId& id : lost.order) add_deferred(lost.deployments.at(id), behind);
  for (const DeploymentId& id : lost.order)
    learn(
        lost.deployments.at(id), [&] { return lost.plans.at(id); }, behind);
  model_.store_was_restored();
  recovering_ = true;
  if (now_.rollback) {
    // Of what, nobody is sure any more.
    now_.rollback = false;
    now_.version = 1 + now_.version % Artifacts::versions;
  }
  key_ = "wish-" + std::to_string(++keys_);
  current_ = {};
  asked_at_ = -1;
}

void Operators::recover(fleet::Operations& operations) {
  if (operations.recovery(first_operator)) {
    operations.recover(first_operator, {{}, "simulated"});
    return;
  }
  recovering_ = false;
  std::set<std::string> known;
  for (const model::DeploymentRow& row : operations.deployments(first_operator, 1'000)) known.insert(row.id.str());
  model_.forgotten_but(known);
}

void Operators::follow() {
  ask_([this](fleet::Operations& operations) {
    if (recovering_ || operations.recovery(first_operator)) return recover(operations);
    const auto rows = operations.deployments(first_operator, rows_looked_at);
    read_rows(operations, rows);
    for (const model::DeploymentRow& row : rows) help(operations, row);
  });
}

void Operators::read_rows(const fleet::Operations& operations, const std::vector<model::DeploymentRow>& rows) {
  std::set<std::string> behind;
  for (const model::DeploymentRow& row : rows) add_deferred(row, behind);
  // In the order in which they were started.
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) read_row(operations, *row, behind);
  model_.know_behind(hosts_behind(operations, rows));
}

/// Who was left out, and has been part of nothing since that was done. A rollback does not make up for it: it leads to
/// what was before, for which somebody may have been left out too.
std::set<std::string> Operators::hosts_behind(const fleet::Operations& operations,
                                              const std::vector<model::DeploymentRow>& rows) {
  std::set<std::string> behind;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const bool undone = row->state == model::DeploymentState::rolled_back;
    const bool leads_on = row->state == model::DeploymentState::done && row->kind != model::DeploymentKind::rollback;
    if (leads_on && !behind.empty()) {
      for (const std::string& host : hosts_of(operations, row->id)) behind.erase(host);
    }
    if (!undone) add_deferred(*row, behind);
  }
  return behind;
}

const std::set<std::string>& Operators::hosts_of(const fleet::Operations& operations, const DeploymentId& id) {
  const auto [found, added] = hosts_of_.try_emplace(id.str());
  if (added) {
    if (const std::optional<model::Plan> plan = plan_of(operations, id)) {
      for (const auto& [host, slice] : plan->slices) found->second.insert(host.str());
    }
  }
  return found->second;
}

void Operators::learn(const model::DeploymentRow& row, const std::function<std::optional<model::Plan>()>& plan_of,
                      const std::set<std::string>& behind) {
  using model::DeploymentKind;
  const std::string& id = row.id.str();
  if (model_.knows(id)) return;
  const std::optional<model::Plan> plan = plan_of();
  std::set<std::string> left_out;
  add_deferred(row, left_out);
  // A newer deployment may have taken the debt over before anybody looked: of such a host it is in the plan, or not.
  for (const std::string& host : behind) {
    if (plan && !plan->slices.contains(HostId(host))) left_out.insert(host);
  }
  if (row.kind == DeploymentKind::converge) {
    const std::string host = plan ? only_host(*plan) : std::string();
    if (!host.empty()) model_.converge_started(id, row.rollback_of.str(), host);
  } else if (row.kind == DeploymentKind::rollback) {
    model_.rollback_started(id, row.rollback_of.str(), calm);
  } else {
    model_.started(id, plan_.wanted(artifacts_, std::stoi(row.version)), left_out, calm);
  }
}

void Operators::read_row(const fleet::Operations& operations, const model::DeploymentRow& row,
                         const std::set<std::string>& behind) {
  const std::string& id = row.id.str();
  learn(
      row, [&] { return plan_of(operations, row.id); }, behind);
  if (row.id == current_) {
    last_state_ = model::state_name(row.state);
    last_reason_ = row.reason;
  }
  if (!model::is_final(row.state) || !model_.knows(id)) return;
  const bool all_new = row.state == model::DeploymentState::done;
  model_.ended(id, all_new ? ReferenceModel::End::all_new : ReferenceModel::End::all_old);
  if (row.id != current_ || !busy_) return;
  world_.trace.note(world_.events.now(), "operator", id + " ended " + last_state_ + ": " + row.reason);
  if (all_new && row.kind == model::DeploymentKind::deploy) last_done_ = row.id;
  if (all_new) ++done;
  if (!all_new) ++rolled_back;
  if (now_.must_succeed && !all_new) world_.watchman.violation("rolled back though nothing went wrong: " + row.reason);
  finish();
}

void Operators::finish() {
  busy_ = false;
  current_ = {};
}

/// A deployment that has paused, or a canary that is to be promoted, waits for a person.
void Operators::help(fleet::Operations& operations, const model::DeploymentRow& row) {
  if (row.state == model::DeploymentState::swapping && world_.dice.chance(0.3))
    operations.promote(first_operator, row.id, std::nullopt);
  if (row.state != model::DeploymentState::paused) return;
  if (world_.dice.chance(0.3)) {
    operations.resume(first_operator, row.id);
  } else if (world_.dice.chance(0.3)) {
    model_.disturbed();
    operations.cancel(first_operator, row.id, "paused too long");
  }
}

void Operators::second_operator() {
  ask_([this](fleet::Operations& operations) {
    fleet::DeployRequest wish = request();
    wish.file_name = "other.yaml";
    // Between two deployments the second operator is the first; the list and the model tell whether that was so.
    operations.start(other_operator, wish, [](const fleet::Answer<fleet::DeploymentView>&) {});
  });
}

void Operators::cancel() {
  if (!busy_ || current_.empty()) return;
  ask_([this](fleet::Operations& operations) {
    const auto answer = operations.cancel(first_operator, current_, "simulated");
    if (std::holds_alternative<bool>(answer)) model_.cancelled(current_.str());
  });
}

/// That it stands still, help() finds, and has it go on or undone.
void Operators::hold() {
  if (!busy_ || current_.empty()) return;
  ask_([this](fleet::Operations& operations) { operations.hold(first_operator, current_, "simulated"); });
}

}  // namespace switchyard::simulation
