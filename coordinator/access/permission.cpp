#include "coordinator/access/permission.hpp"

namespace switchyard::access {
namespace {

Rights rights_where(const Principal& principal, Scope scope, std::string_view environment) {
  switch (scope) {
    case Scope::environment:
      return rights_in(principal, environment);
    case Scope::somewhere:
      return rights_somewhere(principal);
    case Scope::fleet:
      return rights_in(principal, every_environment);
  }
  return no_rights;
}

std::string place_of(Scope scope, std::string_view environment) {
  switch (scope) {
    case Scope::environment:
      return environment == every_environment ? "for every environment (`*`)"
                                              : "in the environment `" + std::string(environment) + "`";
    case Scope::somewhere:
      return "in any environment";
    case Scope::fleet:
      return "for every environment (`*`)";
  }
  return {};
}

}  // namespace

std::optional<std::string> why_not(const Principal& principal, Action action, std::string_view environment) {
  const ActionRule& rule = rule_of(action);
  const std::string who = principal.name.empty() ? "this caller" : principal.name;
  const std::string what = who + " may not do `" + std::string(rule.name) + "`: ";
  if (rule.persons_only && principal.kind != Kind::person) {
    return what + "this is for persons, and its token is of the kind `" + std::string(kind_name(principal.kind)) + "`";
  }
  if (rights_where(principal, rule.scope, environment).has(rule.right)) return std::nullopt;
  return what + "it takes the role `" + std::string(role_name(least_role_with(rule.right))) + "` or one above it " +
         place_of(rule.scope, environment) + "; an admin gives it with `switchyard tokens create`";
}

}  // namespace switchyard::access
