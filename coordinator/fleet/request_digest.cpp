#include "coordinator/fleet/request_digest.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/crypto.hpp"
#include "coordinator/store/configuration_json.hpp"
#include "coordinator/store/defaults_json.hpp"

namespace switchyard::fleet {
namespace {

/// The length goes before the text: no two different requests have the same bytes.
void add(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size());
  bytes += ':';
  bytes += text;
}

}  // namespace

std::string digest_of(const DeployRequest& request) {
  std::string bytes;
  add(bytes, "deploy");
  add(bytes, request.manifest);
  add(bytes, request.environment);
  for (const bool option : {request.no_rollback, request.sequential, request.no_monitoring}) {
    add(bytes, option ? "yes" : "no");
  }
  for (const auto& [component, release] : request.artifacts) {
    add(bytes, component);
    add(bytes, release.str());
  }
  if (!request.plan_hash.empty()) add(bytes, request.plan_hash);
  if (!request.run_tests.empty()) add(bytes, "run tests " + request.run_tests);
  // As ever where it is all of them.
  std::vector<std::string> components = request.components;
  std::sort(components.begin(), components.end());
  if (!components.empty()) add(bytes, "components");
  for (const std::string& component : components) add(bytes, component);
  if (!request.configuration.environment.empty()) add(bytes, store::to_json(request.configuration));
  if (!request.defaults.empty()) add(bytes, "defaults " + store::to_json(request.defaults));
  return sha256_hex(bytes);
}

std::string digest_of(const RollbackRequest& request) {
  std::string bytes;
  add(bytes, "rollback");
  add(bytes, request.deployment.str());
  std::vector<std::string> components = request.components;
  std::sort(components.begin(), components.end());
  for (const std::string& component : components) add(bytes, component);
  std::vector<HostId> without = request.without;
  std::sort(without.begin(), without.end());
  // As ever where neither is asked for: a request may be sent again to a coordinator that was upgraded meanwhile.
  if (!without.empty()) add(bytes, "without");
  for (const HostId& host : without) add(bytes, host.str());
  if (request.to_nothing) add(bytes, "to nothing");
  if (request.strategy) add(bytes, "strategy " + std::string(model::rollback_strategy_name(*request.strategy)));
  if (request.verify_after_rollback) add(bytes, "verify");
  if (!request.target_version.empty()) add(bytes, "to " + request.target_version);
  return sha256_hex(bytes);
}

std::string digest_of(const RestoreRequest& request) {
  std::string bytes;
  add(bytes, "restore");
  add(bytes, request.snapshot.str());
  return sha256_hex(bytes);
}

std::string key_with_digest(const std::string& key, const std::string& digest) { return key + '#' + digest; }

}  // namespace switchyard::fleet
