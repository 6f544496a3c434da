#include "tests/simulation/machine.hpp"

#include <algorithm>
#include <array>

#include "common/base64.hpp"
#include "common/hex.hpp"
#include "protocol/configuration_box.hpp"

namespace switchyard::simulation {
namespace {

using agent::done;
using agent::failed;

std::string component_of(const std::string& unit) { return unit.substr(0, unit.find('@')); }
std::string unit_of(const std::string& component, const std::string& slot) {
  return component + "@" + slot + ".service";
}
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Whether the step changes the host; the others look.
bool has_effect(const protocol::Action& action) {
  return !std::holds_alternative<protocol::Probe>(action) && !std::holds_alternative<protocol::VerifyOld>(action) &&
         !std::holds_alternative<protocol::CheckSwitch>(action) && !std::holds_alternative<protocol::Drain>(action);
}

/// 64 digits behind `releases/`.
std::string release_in(const std::string& text) {
  constexpr std::size_t digits = 64;
  const std::size_t at = text.find("releases/");
  return at == std::string::npos ? "" : text.substr(at + 9, digits);
}

}  // namespace

/// Every kind of step is this machine's own to do.
class Machine::Hands final : public agent::Executor {
 public:
  explicit Hands(Machine& machine) : machine_(machine) {}
  protocol::StepResult run(const protocol::Action& action, const agent::StepContext& context) override {
    return machine_.act(action, context);
  }

 private:
  Machine& machine_;
};

Machine::Machine(std::string host, Dice& dice, FaultPoints& points, const MachineClock& clock)
    : host_(std::move(host)),
      dice_(dice),
      points_(points),
      clock_(clock),
      commands_(dice, points, clock, trouble.failing),
      hands_(std::make_unique<Hands>(*this)),
      executors_({*hands_, *hands_, *hands_, *hands_, *hands_, *hands_, *hands_, *hands_, *hands_, *hands_, *hands_,
                  *hands_, *hands_, *hands_, *hands_},
                 clock, mask_) {
  commands_.on_violation = [this](const std::string& text) { on_violation(text + " on " + host_); };
}

void Machine::boot() {
  running_.clear();
  commands_.boot();
  for (const std::string& unit : enabled_) {
    const std::string release = release_in_unit_file(unit);
    if (has_release(component_of(unit), release)) running_[unit] = release;
  }
}

std::string Machine::release_in_unit_file(const std::string& unit) const {
  const auto file = files_.find(unit);
  return file == files_.end() ? "" : release_in(file->second);
}

bool Machine::has_release(const std::string& component, const std::string& release) const {
  const auto found = releases_.find(component);
  return found != releases_.end() && found->second.contains(release);
}

std::string Machine::current(const std::string& component) const {
  const auto found = links_.find(component);
  return found == links_.end() ? "" : found->second;
}

std::size_t Machine::enabled_of(const std::string& component) const {
  return static_cast<std::size_t>(std::count_if(
      enabled_.begin(), enabled_.end(), [&](const std::string& unit) { return component_of(unit) == component; }));
}

std::string Machine::serving(const std::string& component) const {
  for (const char* slot : {"blue", "green"}) {
    const auto process = running_.find(unit_of(component, slot));
    if (process == running_.end()) continue;
    const auto live = live_slot_.find(component);
    if (!switched_.contains(component) || (live != live_slot_.end() && live->second == slot)) return process->second;
  }
  return "";
}

bool Machine::walled() const {
  if (trouble.walling_releases.empty()) return false;
  return std::any_of(running_.begin(), running_.end(), [this](const auto& process) {
    return trouble.walling_releases.contains(process.second) && serving(component_of(process.first)) == process.second;
  });
}

std::size_t Machine::idle_units_of(const std::string& component) const {
  const std::string serves = serving(component);
  std::size_t idle = 0;
  for (const char* slot : {"blue", "green"}) {
    const auto process = running_.find(unit_of(component, slot));
    if (process != running_.end() && process->second != serves) ++idle;
  }
  return idle;
}

// --- steps
// -------------------------------------------------------------------------------------------------------------

protocol::StepResult Machine::act(const protocol::Action& action, const agent::StepContext& context) {
  if (auto failure = misfortune(action, context)) {
    print_secrets(*failure);
    return *failure;
  }
  protocol::StepResult result = make(action, context);
  print_secrets(result);
  on_act((context.undo ? "undoes " : "does ") + std::string(protocol::action_name(action)));
  return result;
}

protocol::StepResult Machine::make(const protocol::Action& action, const agent::StepContext& context) {
  on_effect(context);
  if (protocol::runs_once(action)) return commands_.run(action, context);  // which has points of its own
  if (!has_effect(action)) return make_typed(action);
  points_.pass(FaultPoints::Where::effect);
  protocol::StepResult result = make_typed(action);
  points_.pass(FaultPoints::Where::effect);
  return result;
}

protocol::StepResult Machine::make_typed(const protocol::Action& action) {
  return std::visit(
      [this](const auto& wanted) {
        using Wanted = std::decay_t<decltype(wanted)>;
        if constexpr (std::is_same_v<Wanted, protocol::Run> || std::is_same_v<Wanted, protocol::Hook>) {
          return agent::failed("bad_request", "");
        } else {
          return make(wanted);
        }
      },
      action);
}

/// A step takes its time, and may not succeed. One that runs out of time may have had its effect all the same.
std::optional<protocol::StepResult> Machine::misfortune(const protocol::Action& action,
                                                        const agent::StepContext& context) {
  const bool slow = dice_.chance(trouble.slow);
  const std::int64_t takes = slow ? dice_.between(1'000, 20'000) : dice_.between(1, 150);
  const std::int64_t left = std::max<std::int64_t>(context.deadline_boot_ms - clock_.boot_ms(), 0);
  Process::job_took(clock_.world_ms(std::min(takes, left)));
  if (dice_.chance(context.undo ? trouble.failing_undo : trouble.failing)) return failed("planted", "by chance");
  if (takes <= left) return std::nullopt;
  if (left > 0 && dice_.chance(0.5)) make(action, context);
  return failed("timeout", "not done in time");
}

protocol::StepResult Machine::make(const protocol::EnsureUnit& wanted) {
  using protocol::UnitEnablement;
  using protocol::UnitState;
  if (wanted.state == UnitState::stopped) {
    const std::string component = component_of(wanted.unit);
    const auto live = live_slot_.find(component);
    if (live != live_slot_.end() && unit_of(component, live->second) == wanted.unit && running_.contains(wanted.unit)) {
      on_violation("the slot of " + component + " on " + host_ + " that serves was stopped");
    }
    running_.erase(wanted.unit);
  }
  if (wanted.state == UnitState::started && !running_.contains(wanted.unit)) {
    const std::string release = release_in_unit_file(wanted.unit);
    if (!has_release(component_of(wanted.unit), release)) return failed("unit_not_found", wanted.unit);
    running_[wanted.unit] = release;
  }
  // One order to systemd after the other.
  if (wanted.state != UnitState::unchanged && wanted.enablement != UnitEnablement::unchanged)
    points_.pass(FaultPoints::Where::effect);
  if (wanted.enablement == UnitEnablement::enabled) enabled_.insert(wanted.unit);
  if (wanted.enablement == UnitEnablement::disabled) enabled_.erase(wanted.unit);
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::SwitchTraffic& wanted) {
  switched_.insert(wanted.component);
  live_slot_.erase(wanted.component);
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (target.weight == 0) continue;
    live_slot_[wanted.component] = target.slot;
    if (!running_.contains(unit_of(wanted.component, target.slot))) {
      on_violation("the switch of " + wanted.component + " on " + host_ + " leads to a unit that does not run");
    }
  }
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::EnsureFile& wanted) {
  if (wanted.absent) {
    files_.erase(name_of(wanted.path));
  } else {
    files_[name_of(wanted.path)] = wanted.content;
  }
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::EnsureLink& wanted) {
  // <root>/<component>/current
  const std::string directory = wanted.path.substr(0, wanted.path.rfind('/'));
  const std::string component = name_of(directory);
  links_.erase(component);
  if (wanted.absent) return done(true, "");
  links_[component] = release_in(wanted.target);
  if (!has_release(component, links_[component])) {
    on_violation("I8: `current` of " + component + " on " + host_ + " leads to no complete release");
  }
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::EnsureRelease& wanted) {
  releases_[wanted.component].insert(wanted.artifact.release.str());
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::EnsureConfiguration& wanted) {
  if (secret_key.empty()) return done(true, "");
  const auto content = protocol::open_configuration(secret_key, wanted);
  if (!content) {
    on_violation("I11: " + host_ + " was sent what is sealed to another host");
    return failed("sealed_to_another", "");
  }
  secrets_ = content->secrets;
  if (masks) mask_.add(secrets_);
  return done(true, "");
}

/// A service that cannot log in says with what, in clear or in what it makes of it.
void Machine::print_secrets(protocol::StepResult& result) {
  if (secrets_.empty()) return;
  const std::string& secret = secrets_.front();
  const std::array shapes = {secret, base64(secret), to_hex(secret)};
  result.detail += " as " + dice_.pick(shapes);
  result.evidence["tried"] = "user=shop password=" + dice_.pick(shapes);
}

protocol::StepResult Machine::make(const protocol::Prune& wanted) {
  std::set<std::string> kept;
  for (const ReleaseId& release : wanted.protect) kept.insert(release.str());
  for (const char* slot : {"blue", "green"}) {
    const auto process = running_.find(unit_of(wanted.component, slot));
    if (process != running_.end()) kept.insert(process->second);
    kept.insert(release_in_unit_file(unit_of(wanted.component, slot)));
  }
  std::set<std::string>& all = releases_[wanted.component];
  std::erase_if(all, [&](const std::string& release) { return !kept.contains(release); });
  if (!current(wanted.component).empty() && !all.contains(current(wanted.component))) {
    on_violation("I8: `current` of " + wanted.component + " on " + host_ + " was pruned");
  }
  return done(true, "");
}

protocol::StepResult Machine::make(const protocol::Probe& wanted) {
  const auto* unit = std::get_if<protocol::UnitProbe>(&wanted.spec.kind);
  if (unit == nullptr) return done(false, "");
  const auto process = running_.find(unit->unit);
  if (process == running_.end()) return failed("probe_failed", unit->unit + " does not run");
  if (trouble.bad_releases.contains(process->second)) return failed("probe_failed", unit->unit + " is not healthy");
  return done(false, "");
}

protocol::StepResult Machine::make(const protocol::VerifyOld& wanted) {
  using protocol::OldKind;
  const std::string& component = wanted.component;
  const auto live = live_slot_.find(component);
  const bool release = wanted.expected.kind == OldKind::release;
  if (wanted.traffic.kind != protocol::SwitchKind::none &&
      (live == live_slot_.end() ? "" : live->second) != (release ? wanted.expected.slot : "")) {
    return failed("old_changed", "the switch leads elsewhere");
  }
  if (!release) return done(false, "");
  const std::string& unit = wanted.expected.unit;
  if (!unit.empty()) {
    const auto process = running_.find(unit);
    const std::string runs = process == running_.end() ? release_in_unit_file(unit) : process->second;
    if (runs != wanted.expected.release.str()) return failed("old_changed", unit + " is of another release");
  }
  if (!has_release(component, wanted.expected.release.str())) return failed("release_corrupt", "not there");
  return done(false, "");
}

// --- inventory
// ---------------------------------------------------------------------------------------------------------

protocol::OldState Machine::read_serving(const protocol::InventoryQuestion& question) const {
  using protocol::OldKind;
  const std::string& component = question.component;
  std::string slot;
  if (question.traffic.kind != protocol::SwitchKind::none) {
    const auto live = live_slot_.find(component);
    if (live != live_slot_.end()) slot = live->second;
  } else {
    for (const char* candidate : {"blue", "green"}) {
      if (slot.empty() && running_.contains(unit_of(component, candidate))) slot = candidate;
    }
    for (const char* candidate : {"blue", "green"}) {
      if (slot.empty() && enabled_.contains(unit_of(component, candidate))) slot = candidate;
    }
  }
  if (slot.empty()) return {};
  const std::string unit = unit_of(component, slot);
  const auto process = running_.find(unit);
  const std::string release = process == running_.end() ? release_in_unit_file(unit) : process->second;
  return {OldKind::release, slot, ReleaseId(release), unit};
}

protocol::InventoryReply Machine::answer(const protocol::Inventory& question) const {
  protocol::InventoryReply reply;
  reply.request = question.request;
  for (const protocol::InventoryQuestion& asked : question.questions) {
    protocol::ComponentFact fact;
    fact.component = asked.component;
    fact.serving = read_serving(asked);
    if (!fact.serving.unit.empty()) fact.unit_state = running_.contains(fact.serving.unit) ? "active" : "inactive";
    const auto releases = releases_.find(asked.component);
    if (releases != releases_.end()) {
      for (const std::string& release : releases->second) fact.releases.push_back({ReleaseId(release), true});
    }
    reply.components.push_back(std::move(fact));
  }
  return reply;
}

}  // namespace switchyard::simulation
