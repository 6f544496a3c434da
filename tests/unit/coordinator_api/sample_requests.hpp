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
      R"("},"artifact_sizes":{"api":{"bytes":1,"unpacked_bytes":2}},"no_rollback":false,)"
      R"("auto_rollback":true,"sequential":true,"no_monitoring":false,"run_tests":"smoke",)"
      R"("run_migrations":false,"strategy":"rolling","components":["api"],)"
      R"("configuration":{"environment":"production"},"defaults":{"strategy":"rolling",)"
      R"("strategy_source":"environment","check_deadline_seconds":60,)"
      R"("test_timeout_seconds":600,"rollback_on_failure":false,"run_migrations":false},"plan_hash":")" +
      testing::release_a + R"("})";
  // What is the one's alone takes the place of the closing brace.
  static const std::string start = deploy.substr(0, deploy.size() - 1) + R"(,"override_freeze":"r"})";
  static const std::string simulation = deploy.substr(0, deploy.size() - 1) + R"(,"fail":"start api"})";
  static const std::map<std::string, std::string> bodies = {
      {"put_artifact_manifest", "octets"},
      {"put_artifact_chunk", "octets"},
      {"complete_artifact", R"({"component":"api","version":"1"})"},
      {"make_plan", start},
      {"simulate_deployment", simulation},
      {"start_deployment", start},
      {"cancel_deployment", R"({"reason":"r"})"},
      {"hold_deployment", R"({"reason":"r"})"},
      {"resume_deployment", "{}"},
      {"promote_deployment", R"({"share":10})"},
      {"resolve_deployment", R"({"host":"web-1","gone":true,"reason":"r"})"},
      {"start_rollback",
       R"({"deployment":"d-0123456789abcdef","components":["api"],"without":["web-2"],)"
       R"("to_nothing":true,"strategy":"graceful","verify_after_rollback":true,"target_version":"1","reason":"r"})"},
      {"create_snapshot", R"({"environment":"production","name":"shop","reason":"r"})"},
      {"restore_snapshot", R"({"reason":"r"})"},
      {"create_token", R"({"host_pattern":"web-*"})"},
      {"revoke_agent", "{}"},
      {"renew_keys", R"({"without":["web-2"],"reason":"r"})"},
      {"recover", R"({"without":["web-2"],"reason":"r"})"},
      {"add_host", R"({"host":"web-1","labels":{"a":"b"}})"},
      {"replace_host", "{}"},
      {"create_api_token",
       R"({"name":"build","kind":"ci","role":"operator","environment":"production","life_ms":60000})"},
      {"revoke_api_token", "{}"},
      {"set_secret", R"({"environment":"production","name":"DB_PASSWORD","value":"s"})"},
      {"enrol_totp", R"({"totp":"123456"})"},
      {"reset_totp", "{}"},
      {"register_checks", R"({"environment":"production","file":"f.yaml","definitions":"health_checks: []"})"},
      {"run_checks",
       R"({"environment":"production","names":["web"],"tags":["core"],"all":false,"hosts":["web-1"],"cached_ms":5})"},
      {"approve", R"({"plan_hash":"aa","reason":"r","totp":"123456"})"},
      {"reject", R"({"plan_hash":"aa","reason":"r","totp":"123456"})"}};
  return bodies;
}

/// The route's path with its parameters filled in by what FakeOperations knows.
inline std::string target_of(const Route& route, const std::string& operation) {
  std::string id = operation == "get_rollback" ? testing::known_rollback.str() : testing::known_deployment.str();
  if (route.path.starts_with("/v1/snapshots")) id = testing::known_snapshot.str();
  std::string target(route.path);
  const std::pair<std::string, std::string> values[] = {{"{release}", testing::release_a},
                                                        {"{index}", "0"},
                                                        {"{id}", id},
                                                        {"{host}", "web-1"},
                                                        {"{token}", "0123456789ab"},
                                                        {"{person}", "ann"},
                                                        {"{environment}", "production"},
                                                        {"{check}", "web"},
                                                        {"{name}", "DB_PASSWORD"}};
  for (const auto& [name, value] : values) {
    if (const std::size_t at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
  }
  return target;
}

}  // namespace switchyard::api
