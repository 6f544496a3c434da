#pragma once

#include <map>
#include <string>
#include <utility>

#include "coordinator/api/router.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

/// A good request for every route, by the operationId of docs/openapi.yaml.
namespace switchyard::api {

/// A request for every operation, which uses every member of its body's schema.
inline const std::map<std::string, std::string>& sample_bodies() {
  static const std::string deploy =
      R"({"manifest":"m","file":"f.yaml","environment":"production","artifacts":{"api":")" + testing::release_a +
      R"("},"no_rollback":false,"sequential":true,"no_monitoring":false,"plan_hash":")" + testing::release_a + R"("})";
  static const std::map<std::string, std::string> bodies = {
      {"put_artifact_manifest", "octets"},
      {"put_artifact_chunk", "octets"},
      {"complete_artifact", R"({"component":"api","version":"1"})"},
      {"make_plan", deploy},
      {"start_deployment", deploy},
      {"cancel_deployment", R"({"reason":"r"})"},
      {"resume_deployment", "{}"},
      {"promote_deployment", R"({"share":10})"},
      {"resolve_deployment", R"({"host":"web-1","gone":true,"reason":"r"})"},
      {"start_rollback", R"({"deployment":"d-0123456789abcdef","components":["api"],"without":["web-2"],)"
                         R"("to_nothing":true,"reason":"r"})"},
      {"create_token", R"({"host_pattern":"web-*"})"},
      {"revoke_agent", "{}"},
      {"renew_keys", R"({"without":["web-2"],"reason":"r"})"},
      {"recover", R"({"without":["web-2"],"reason":"r"})"},
      {"add_host", R"({"host":"web-1","labels":{"a":"b"}})"},
      {"replace_host", "{}"},
      {"create_api_token",
       R"({"name":"build","kind":"ci","role":"operator","environment":"production","life_ms":60000})"},
      {"revoke_api_token", "{}"},
      {"enrol_totp", R"({"totp":"123456"})"},
      {"reset_totp", "{}"},
      {"approve", R"({"plan_hash":"aa","reason":"r","totp":"123456"})"},
      {"reject", R"({"plan_hash":"aa","reason":"r","totp":"123456"})"}};
  return bodies;
}

/// The route's path with its parameters filled in by what FakeOperations knows.
inline std::string target_of(const Route& route, const std::string& operation) {
  const std::string id = operation == "get_rollback" ? testing::known_rollback.str() : testing::known_deployment.str();
  std::string target(route.path);
  const std::pair<std::string, std::string> values[] = {
      {"{release}", testing::release_a}, {"{index}", "0"},   {"{id}", id}, {"{host}", "web-1"},
      {"{token}", "0123456789ab"},       {"{person}", "ann"}};
  for (const auto& [name, value] : values) {
    if (const std::size_t at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
  }
  return target;
}

}  // namespace switchyard::api
