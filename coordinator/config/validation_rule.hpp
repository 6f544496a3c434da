#pragma once

#include <optional>
#include <string>

#include "coordinator/config/value.hpp"

namespace switchyard::config {

/// `required:KEY` or `format:KEY:REGEX` of a server file.
struct ValidationRule {
  enum class Kind { required, format };
  Kind kind = Kind::required;
  std::string key;      ///< may be a path: `api.rate_limit_per_minute`
  std::string pattern;  ///< of a format, see Pattern
  std::string where;
};

/// Throws InputError.
ValidationRule read_rule(const YamlNode& node);

enum class RuleResult {
  kept,
  broken,
  not_judged  ///< the value is a secret, which is not here to be looked at
};
struct Judgement {
  RuleResult result = RuleResult::kept;
  std::string message;  ///< unless kept: "file:line:column: ..."
};
/// `config`: a map. A format says nothing about a key that is not there; `required` does.
Judgement judge(const ValidationRule& rule, const Value& config);

}  // namespace switchyard::config
