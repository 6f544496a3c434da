#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/config/value.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::config {

/// `db_password: "DB_PASSWORD"`: what templates call it, and the secret that it stands for.
struct SecretKey {
  std::string key;
  std::string secret;
  std::string where;
};

/// What a service of the environment may use of a host; nothing: no limit.
struct ResourceLimits {
  std::optional<std::uint32_t> cpu_millicores;
  std::optional<std::uint64_t> memory_bytes;
};

struct SecurityPolicies {
  bool require_mfa = false;
  bool encrypt_at_rest = false;
};

/// environments/<name>.yaml
struct Environment {
  std::string name;
  std::string file_name;
  Value variables;  ///< as written, templates included
  std::vector<SecretKey> secrets;
  std::vector<std::string> caller_variables;  ///< what templates may read of the caller's environment; sorted
  ResourceLimits resource_limits;
  SecurityPolicies security_policies;
  std::optional<model::Strategy> strategy;  ///< of components whose manifest names none
};

/// What a manifest for the environment is read with: `caller` is what the caller's variables say, before which the
/// environment's file goes. Pure.
model::ManifestDefaults defaults_in(const Environment& environment, model::ManifestDefaults caller);

/// `name`: the file's, without its ending. Throws InputError: "file:line:column: what is wrong, and what to do".
Environment read_environment(std::string_view text, const std::string& file_name, const std::string& name);

/// `^[A-Za-z_][A-Za-z0-9_]*$`: a variable of a process, and what a secret is called.
bool is_variable_name(std::string_view text);

/// NAME of every `env('NAME')` in the text, in its order.
std::vector<std::string> caller_variables_in(std::string_view text);

}  // namespace switchyard::config
