#pragma once

#include "coordinator/api/http_message.hpp"

/// One function per route: the request's values in, one operation asked, its answer as JSON out. They decide nothing.
namespace switchyard::api {

// system_handlers.cpp
void get_health(fleet::Operations& operations, const Request& request, Respond respond);
void get_version(fleet::Operations& operations, const Request& request, Respond respond);
void get_audit(fleet::Operations& operations, const Request& request, Respond respond);
void get_witnesses(fleet::Operations& operations, const Request& request, Respond respond);

// artifact_handlers.cpp
void put_artifact_manifest(fleet::Operations& operations, const Request& request, Respond respond);
void put_artifact_chunk(fleet::Operations& operations, const Request& request, Respond respond);
void complete_artifact(fleet::Operations& operations, const Request& request, Respond respond);
void get_artifacts(fleet::Operations& operations, const Request& request, Respond respond);

// deployment_handlers.cpp
void make_plan(fleet::Operations& operations, const Request& request, Respond respond);
void simulate_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void start_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void get_deployments(fleet::Operations& operations, const Request& request, Respond respond);
void get_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void get_timeline(fleet::Operations& operations, const Request& request, Respond respond);
void cancel_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void hold_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void resume_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void promote_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void resolve_deployment(fleet::Operations& operations, const Request& request, Respond respond);
void start_rollback(fleet::Operations& operations, const Request& request, Respond respond);
void get_rollback_targets(fleet::Operations& operations, const Request& request, Respond respond);
void get_rollbacks(fleet::Operations& operations, const Request& request, Respond respond);
void get_rollback(fleet::Operations& operations, const Request& request, Respond respond);

// fleet_handlers.cpp
void get_agents(fleet::Operations& operations, const Request& request, Respond respond);
void create_token(fleet::Operations& operations, const Request& request, Respond respond);
void revoke_agent(fleet::Operations& operations, const Request& request, Respond respond);
void get_hosts(fleet::Operations& operations, const Request& request, Respond respond);
void add_host(fleet::Operations& operations, const Request& request, Respond respond);
void remove_host(fleet::Operations& operations, const Request& request, Respond respond);
void replace_host(fleet::Operations& operations, const Request& request, Respond respond);
void get_serving(fleet::Operations& operations, const Request& request, Respond respond);
void get_environments(fleet::Operations& operations, const Request& request, Respond respond);

// access_handlers.cpp
void create_api_token(fleet::Operations& operations, const Request& request, Respond respond);
void get_api_tokens(fleet::Operations& operations, const Request& request, Respond respond);
void revoke_api_token(fleet::Operations& operations, const Request& request, Respond respond);
void enrol_totp(fleet::Operations& operations, const Request& request, Respond respond);
void reset_totp(fleet::Operations& operations, const Request& request, Respond respond);

// secret_handlers.cpp
void set_secret(fleet::Operations& operations, const Request& request, Respond respond);
void get_secrets(fleet::Operations& operations, const Request& request, Respond respond);
void remove_secret(fleet::Operations& operations, const Request& request, Respond respond);

// snapshot_handlers.cpp
void create_snapshot(fleet::Operations& operations, const Request& request, Respond respond);
void get_snapshots(fleet::Operations& operations, const Request& request, Respond respond);
void get_snapshot(fleet::Operations& operations, const Request& request, Respond respond);
void restore_snapshot(fleet::Operations& operations, const Request& request, Respond respond);
void remove_snapshot(fleet::Operations& operations, const Request& request, Respond respond);

// approval_handlers.cpp
void get_approvals(fleet::Operations& operations, const Request& request, Respond respond);
void get_approval(fleet::Operations& operations, const Request& request, Respond respond);
void approve(fleet::Operations& operations, const Request& request, Respond respond);
void reject(fleet::Operations& operations, const Request& request, Respond respond);

// check_handlers.cpp
void get_checks(fleet::Operations& operations, const Request& request, Respond respond);
void register_checks(fleet::Operations& operations, const Request& request, Respond respond);
void remove_check(fleet::Operations& operations, const Request& request, Respond respond);
void run_checks(fleet::Operations& operations, const Request& request, Respond respond);

// key_handlers.cpp
void get_keys(fleet::Operations& operations, const Request& request, Respond respond);
void renew_keys(fleet::Operations& operations, const Request& request, Respond respond);

// recovery_handlers.cpp
void get_recovery(fleet::Operations& operations, const Request& request, Respond respond);
void recover(fleet::Operations& operations, const Request& request, Respond respond);

}  // namespace switchyard::api
