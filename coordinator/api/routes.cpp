#include <array>

#include "common/limits.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/router.hpp"

namespace switchyard::api {
namespace {

constexpr std::size_t small = limits::api_small_body_bytes_max;
constexpr std::size_t manifest = limits::api_manifest_body_bytes_max;
constexpr auto json_body = BodyKind::json;
constexpr auto octets = BodyKind::octets;

// GET never changes anything; whatever changes something is PUT, POST or DELETE and carries a content type that a web
// page cannot send to another site unasked.
constexpr std::array table = {
    Route{Method::get, "/v1/health", get_health, BodyKind::none, 0, Access::open},
    Route{Method::get, "/v1/version", get_version},
    Route{Method::get, "/v1/audit", get_audit},
    Route{Method::get, "/v1/audit/witnesses", get_witnesses},

    Route{Method::put, "/v1/artifacts/{release}/manifest", put_artifact_manifest, octets,
          limits::api_artifact_manifest_bytes_max},
    Route{Method::put, "/v1/artifacts/{release}/chunks/{index}", put_artifact_chunk, octets, limits::chunk_bytes_max},
    Route{Method::post, "/v1/artifacts/{release}/complete", complete_artifact, json_body, small},
    Route{Method::get, "/v1/artifacts", get_artifacts},

    Route{Method::post, "/v1/plans", make_plan, json_body, manifest},
    Route{Method::post, "/v1/simulations", simulate_deployment, json_body, manifest},
    Route{Method::post, "/v1/deployments", start_deployment, json_body, manifest},
    Route{Method::get, "/v1/deployments", get_deployments},
    Route{Method::get, "/v1/deployments/{id}", get_deployment},
    Route{Method::get, "/v1/deployments/{id}/timeline", get_timeline},
    Route{Method::post, "/v1/deployments/{id}/cancel", cancel_deployment, json_body, small},
    Route{Method::post, "/v1/deployments/{id}/hold", hold_deployment, json_body, small},
    Route{Method::post, "/v1/deployments/{id}/resume", resume_deployment, json_body, small},
    Route{Method::post, "/v1/deployments/{id}/promote", promote_deployment, json_body, small},
    Route{Method::post, "/v1/deployments/{id}/resolve", resolve_deployment, json_body, small},
    Route{Method::post, "/v1/rollbacks", start_rollback, json_body, small},
    Route{Method::get, "/v1/rollback-targets", get_rollback_targets},
    Route{Method::get, "/v1/rollbacks", get_rollbacks},
    Route{Method::get, "/v1/rollbacks/{id}", get_rollback},

    Route{Method::post, "/v1/snapshots", create_snapshot, json_body, small},
    Route{Method::get, "/v1/snapshots", get_snapshots},
    Route{Method::get, "/v1/snapshots/{id}", get_snapshot},
    Route{Method::post, "/v1/snapshots/{id}/restore", restore_snapshot, json_body, small},
    Route{Method::delete_, "/v1/snapshots/{id}", remove_snapshot},

    Route{Method::get, "/v1/agents", get_agents},
    Route{Method::post, "/v1/agents/tokens", create_token, json_body, small},
    Route{Method::post, "/v1/agents/{host}/revoke", revoke_agent, json_body, small},
    Route{Method::get, "/v1/hosts", get_hosts},
    Route{Method::post, "/v1/hosts", add_host, json_body, small},
    Route{Method::delete_, "/v1/hosts/{host}", remove_host},
    Route{Method::post, "/v1/hosts/{host}/replace", replace_host, json_body, small},
    Route{Method::get, "/v1/serving", get_serving},
    Route{Method::get, "/v1/environments", get_environments},

    Route{Method::get, "/v1/approvals", get_approvals},
    Route{Method::get, "/v1/approvals/{id}", get_approval},
    Route{Method::post, "/v1/approvals/{id}/approve", approve, json_body, small},
    Route{Method::post, "/v1/approvals/{id}/reject", reject, json_body, small},

    Route{Method::post, "/v1/tokens", create_api_token, json_body, small},
    Route{Method::get, "/v1/tokens", get_api_tokens},
    Route{Method::post, "/v1/tokens/{token}/revoke", revoke_api_token, json_body, small},
    Route{Method::post, "/v1/totp", enrol_totp, json_body, small},
    Route{Method::post, "/v1/totp/{person}/reset", reset_totp, json_body, small},

    Route{Method::get, "/v1/health-checks", get_checks},
    Route{Method::post, "/v1/health-checks", register_checks, json_body, manifest},
    Route{Method::post, "/v1/health-checks/run", run_checks, json_body, small},
    Route{Method::delete_, "/v1/health-checks/{environment}/{check}", remove_check},
    Route{Method::post, "/v1/secrets", set_secret, json_body, limits::api_secret_body_bytes_max},
    Route{Method::get, "/v1/secrets", get_secrets},
    Route{Method::delete_, "/v1/secrets/{environment}/{name}", remove_secret},

    Route{Method::get, "/v1/keys", get_keys},
    Route{Method::post, "/v1/keys/renew", renew_keys, json_body, small},

    Route{Method::get, "/v1/recovery", get_recovery},
    Route{Method::post, "/v1/recovery", recover, json_body, small},
};

}  // namespace

std::span<const Route> routes() { return table; }

}  // namespace switchyard::api
