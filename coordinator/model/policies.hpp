#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"

/// What the file of an environment asks of its deployments (`security_policies`), beside what coordinator.yaml asks of
/// all. Plain values.
namespace switchyard::model {

struct Policies {
  bool require_mfa = false;
  bool encrypt_at_rest = false;
  bool operator==(const Policies&) const = default;
};
/// As the file calls them; what is not asked for has no name.
std::vector<std::string> names_of(const Policies& policies);
/// Names that are none are passed over: they are of a newer version.
Policies policies_from_names(const std::vector<std::string>& names);
/// "`require_mfa` and `encrypt_at_rest`", "nothing".
std::string policies_text(const Policies& policies);

/// What either asks for.
Policies both_of(const Policies& one, const Policies& other);
/// What `before` asks for and `now` does not.
Policies lifted(const Policies& before, const Policies& now);

/// What an environment is remembered to ask for, whoever leaves its file out.
struct PolicyRow {
  std::string environment;
  Policies policies;
  DeploymentId deployment;  ///< whose file said so, and which was committed
  bool operator==(const PolicyRow&) const = default;
};

}  // namespace switchyard::model
