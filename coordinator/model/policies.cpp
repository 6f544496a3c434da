#include "coordinator/model/policies.hpp"

#include <array>

namespace switchyard::model {
namespace {

struct Named {
  const char* name;
  bool Policies::*asked;
};
constexpr std::array<Named, 2> named_policies = {
    {{"require_mfa", &Policies::require_mfa}, {"encrypt_at_rest", &Policies::encrypt_at_rest}}};

}  // namespace

std::vector<std::string> names_of(const Policies& policies) {
  std::vector<std::string> names;
  for (const Named& one : named_policies) {
    if (policies.*one.asked) names.emplace_back(one.name);
  }
  return names;
}

Policies policies_from_names(const std::vector<std::string>& names) {
  Policies policies;
  for (const std::string& name : names) {
    for (const Named& one : named_policies) {
      if (name == one.name) policies.*one.asked = true;
    }
  }
  return policies;
}

std::string policies_text(const Policies& policies) {
  std::string text;
  for (const std::string& name : names_of(policies)) text += (text.empty() ? "`" : " and `") + name + "`";
  return text.empty() ? "nothing" : text;
}

Policies both_of(const Policies& one, const Policies& other) {
  Policies policies = one;
  for (const Named& named : named_policies) policies.*named.asked = policies.*named.asked || other.*named.asked;
  return policies;
}

Policies lifted(const Policies& before, const Policies& now) {
  Policies policies;
  for (const Named& named : named_policies) policies.*named.asked = before.*named.asked && !(now.*named.asked);
  return policies;
}

}  // namespace switchyard::model
