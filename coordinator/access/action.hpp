#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "coordinator/access/role.hpp"

/// Everything that can be asked of the coordinator, and the right that it takes. Each operation of
/// coordinator/fleet/operations.hpp is exactly one action. Pure values.
namespace switchyard::access {

enum class Action : std::uint8_t {
  // looking
  list_artifacts,
  list_deployments,
  list_rollback_targets,
  show_deployment,
  watch_deployment,
  list_hosts,
  list_serving,
  list_environments,
  show_recovery,
  show_keys,
  read_audit,
  list_approvals,
  show_approval,
  list_checks,
  list_secrets,
  list_snapshots,
  show_snapshot,
  enrol_totp,
  // operating
  upload_artifact,
  plan_deployment,
  simulate_deployment,
  start_deployment,
  start_rollback,
  cancel_deployment,
  hold_deployment,
  resume_deployment,
  promote_deployment,
  resolve_deployment,
  register_checks,
  remove_check,
  run_checks,
  create_snapshot,
  restore_snapshot,
  remove_snapshot,
  // approving
  decide_approval,
  // administering
  add_host,
  remove_host,
  replace_host,
  create_enrolment,
  revoke_agent,
  recover,
  renew_keys,
  list_api_tokens,
  create_api_token,
  revoke_api_token,
  reset_totp,
  set_secret,
  remove_secret,
  override_freeze,
  register_programs,
};

/// Where the right must be held.
enum class Scope : std::uint8_t {
  environment,  ///< in the environment that is acted on
  somewhere,    ///< in any environment; what is shown is what the caller may see
  fleet,        ///< in all of them: it belongs to none
};

struct ActionRule {
  Action action;
  std::string_view name;  ///< in refusals, the audit and docs/access.md: deployment.start
  Right right;
  Scope scope;
  bool persons_only = false;  ///< a judgement that no machine makes, whatever it holds
};

/// All of them, in the order of Action.
std::span<const ActionRule> action_rules();
const ActionRule& rule_of(Action action);

}  // namespace switchyard::access
