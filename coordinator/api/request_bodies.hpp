#pragma once

#include <map>
#include <string>
#include <string_view>

#include "coordinator/fleet/operations.hpp"

/// The request bodies, from JSON text to values. Every function throws InputError that names the member that is
/// missing, unknown or of another type. Nothing is guessed. Pure.
namespace switchyard::api::bodies {

/// {manifest, file, environment?, artifacts{component: release}?, artifact_sizes?, components?, no_rollback? or
/// auto_rollback?, sequential?, no_monitoring?, run_tests?, run_migrations?, plan_hash?, configuration?, defaults?,
/// override_freeze?}
fleet::DeployRequest deploy_request(const std::string& text);
/// The same, but what is for a start alone, and the step that fails.
struct SimulationBody {
  fleet::DeployRequest request;
  std::string fail;
};
SimulationBody simulation_request(const std::string& text);
/// {environment, file?, definitions}
fleet::RegisterChecksRequest register_checks_request(const std::string& text);
/// {environment, names?, tags?, all?, hosts?, cached_ms?}
fleet::RunChecksRequest run_checks_request(const std::string& text);
/// {deployment, components[]?, without[]?, to_nothing?, strategy?, verify_after_rollback?, target_version?, reason?}
fleet::SnapshotRequest snapshot_request(const std::string& text);
fleet::RollbackRequest rollback_request(const std::string& text);

struct ArtifactLabel {
  std::string component, version;
};
/// {component, version}
ArtifactLabel artifact_label(const std::string& text);
/// {reason?}
std::string only_reason(const std::string& text);
/// {share?}: percent.
std::optional<std::uint32_t> promoted_share(const std::string& text);
/// {}
void nothing(const std::string& text);

struct Resolution {
  HostId host;
  std::string reason;
};
/// {host, gone: true, reason}
Resolution resolution(const std::string& text);
/// {without[]?, reason}
fleet::RecoverRequest recover_request(const std::string& text);
/// {without[]?, reason}
fleet::RenewKeysRequest renew_keys_request(const std::string& text);
/// {host_pattern?}: a name, `prefix-*`, empty for any host, or `=name`: a new key for that one.
std::string token_pattern(const std::string& text);

/// {plan_hash, reason?, totp?}: all of a wish but the deployment, and whether it is a yes.
fleet::ApprovalWish approval_wish(const std::string& text);
/// {totp?}: of the app that is replaced
std::string totp_code(const std::string& text);
/// {name, kind, role, environment, life_ms?}
fleet::ApiTokenRequest api_token_request(const std::string& text);

/// {environment, name, value}
fleet::SecretRequest secret_request(const std::string& text);

struct NewHost {
  HostId host;
  std::map<std::string, std::string> labels;
};
/// {host, labels{}?}
NewHost new_host(const std::string& text);

}  // namespace switchyard::api::bodies
