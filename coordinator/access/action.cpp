#include "coordinator/access/action.hpp"

#include <array>

#include "common/ensure.hpp"

namespace switchyard::access {
namespace {

constexpr bool persons_only = true;

constexpr std::array rules = {
    ActionRule{Action::list_artifacts, "artifact.list", Right::look, Scope::somewhere},
    ActionRule{Action::list_deployments, "deployment.list", Right::look, Scope::somewhere},
    ActionRule{Action::list_rollback_targets, "rollback.targets", Right::look, Scope::somewhere},
    ActionRule{Action::show_deployment, "deployment.show", Right::look, Scope::environment},
    ActionRule{Action::watch_deployment, "deployment.watch", Right::look, Scope::environment},
    ActionRule{Action::list_hosts, "host.list", Right::look, Scope::somewhere},
    ActionRule{Action::list_serving, "serving.list", Right::look, Scope::somewhere},
    ActionRule{Action::list_environments, "environment.list", Right::look, Scope::somewhere},
    ActionRule{Action::show_recovery, "recovery.show", Right::look, Scope::somewhere},
    ActionRule{Action::show_keys, "keys.show", Right::look, Scope::fleet},
    ActionRule{Action::read_audit, "audit.read", Right::look, Scope::fleet},
    ActionRule{Action::list_approvals, "approval.list", Right::look, Scope::somewhere},
    ActionRule{Action::show_approval, "approval.show", Right::look, Scope::environment},
    ActionRule{Action::list_checks, "health.list", Right::look, Scope::somewhere},
    // Names and versions; nobody is ever shown a value.
    ActionRule{Action::list_secrets, "secret.list", Right::look, Scope::somewhere},
    ActionRule{Action::list_snapshots, "snapshot.list", Right::look, Scope::somewhere},
    ActionRule{Action::show_snapshot, "snapshot.show", Right::look, Scope::environment},
    // For himself: nobody gets more by it than he has.
    ActionRule{Action::enrol_totp, "totp.enrol", Right::look, Scope::somewhere, persons_only},

    ActionRule{Action::upload_artifact, "artifact.upload", Right::operate, Scope::somewhere},
    ActionRule{Action::plan_deployment, "deployment.plan", Right::operate, Scope::environment},
    ActionRule{Action::simulate_deployment, "deployment.simulate", Right::operate, Scope::environment},
    ActionRule{Action::start_deployment, "deployment.start", Right::operate, Scope::environment},
    ActionRule{Action::start_rollback, "rollback.start", Right::operate, Scope::environment},
    ActionRule{Action::cancel_deployment, "deployment.cancel", Right::operate, Scope::environment},
    ActionRule{Action::hold_deployment, "deployment.hold", Right::operate, Scope::environment},
    ActionRule{Action::resume_deployment, "deployment.resume", Right::operate, Scope::environment},
    ActionRule{Action::promote_deployment, "deployment.promote", Right::operate, Scope::environment},
    // What was promised of all hosts then holds for the others only.
    ActionRule{Action::resolve_deployment, "deployment.resolve", Right::operate, Scope::environment, persons_only},

    ActionRule{Action::register_checks, "health.register", Right::operate, Scope::environment},
    ActionRule{Action::remove_check, "health.remove", Right::operate, Scope::environment},
    ActionRule{Action::run_checks, "health.run", Right::operate, Scope::environment},

    ActionRule{Action::create_snapshot, "snapshot.create", Right::operate, Scope::environment},
    ActionRule{Action::restore_snapshot, "snapshot.restore", Right::operate, Scope::environment},
    ActionRule{Action::remove_snapshot, "snapshot.remove", Right::operate, Scope::environment},

    ActionRule{Action::decide_approval, "approval.decide", Right::approve, Scope::environment, persons_only},

    ActionRule{Action::add_host, "host.add", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::remove_host, "host.remove", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::replace_host, "host.replace", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::create_enrolment, "token.create", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::revoke_agent, "agent.revoke", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::recover, "recovery.run", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::renew_keys, "keys.renew", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::list_api_tokens, "api_token.list", Right::administer, Scope::somewhere, persons_only},
    ActionRule{Action::create_api_token, "api_token.create", Right::administer, Scope::environment, persons_only},
    ActionRule{Action::revoke_api_token, "api_token.revoke", Right::administer, Scope::environment, persons_only},
    ActionRule{Action::reset_totp, "totp.reset", Right::administer, Scope::fleet, persons_only},
    ActionRule{Action::set_secret, "secret.set", Right::administer, Scope::environment, persons_only},
    ActionRule{Action::remove_secret, "secret.remove", Right::administer, Scope::environment, persons_only},
    // Beside the start itself, of which it is a part.
    ActionRule{Action::override_freeze, "freeze.override", Right::administer, Scope::environment, persons_only},
    // Beside the registration, of which it is a part: what runs programs on hosts is approved by nobody else.
    ActionRule{Action::register_programs, "health.register_programs", Right::administer, Scope::environment,
               persons_only},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (static_cast<std::size_t>(rules[i].action) != i) return false;
  }
  return static_cast<std::size_t>(Action::register_programs) + 1 == rules.size();
}
static_assert(in_order(), "one rule for each action, in the order of the actions");

}  // namespace

std::span<const ActionRule> action_rules() { return rules; }

const ActionRule& rule_of(Action action) {
  const auto index = static_cast<std::size_t>(action);
  ENSURE(index < rules.size());
  return rules[index];
}

}  // namespace switchyard::access
