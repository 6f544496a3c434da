#include "coordinator/config/validation_rule.hpp"

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/nearest.hpp"
#include "coordinator/config/pattern.hpp"

namespace switchyard::config {
namespace {

Judgement broken(const ValidationRule& rule, const std::string& why) {
  return {RuleResult::broken, rule.where + ": " + why};
}

Judgement judge_required(const ValidationRule& rule, const Value* value) {
  if (value == nullptr) {
    return broken(rule, "required key '" + rule.key +
                            "' is missing; set it in base_config, environment_overrides or "
                            "templates, or in the environment's variables");
  }
  const bool empty = value->kind == ValueKind::null || (value->kind == ValueKind::text && value->text.empty());
  if (empty) return broken(rule, "required key '" + rule.key + "' has no value (" + value->source.where() + ")");
  return {};
}

Judgement judge_format(const ValidationRule& rule, const Value* value) {
  if (value == nullptr) return {};
  if (value->kind == ValueKind::sealed) {
    return {RuleResult::not_judged, rule.where + ": the format of '" + rule.key + "' is not checked: it is a secret"};
  }
  const std::string at = " (" + value->source.where() + ")";
  if (!value->is_scalar()) return broken(rule, "'" + rule.key + "' is a list or a map, and has no format" + at);
  const std::string text = value->kind == ValueKind::null ? "" : value->text;
  if (text.size() > limits::pattern_text_bytes_max) {
    return broken(rule, "'" + rule.key + "' has " + std::to_string(text.size()) +
                            " bytes, and a format is checked up to " + std::to_string(limits::pattern_text_bytes_max) +
                            at);
  }
  if (Pattern(rule.pattern).matches(text)) return {};
  return broken(rule, "'" + rule.key + "' is \"" + text + "\", which does not match " + rule.pattern + at);
}

}  // namespace

ValidationRule read_rule(const YamlNode& node) {
  const std::string text = node.text();
  const std::size_t first = text.find(':');
  const std::string kind = text.substr(0, first);
  const std::string rest = first == std::string::npos ? "" : text.substr(first + 1);
  ValidationRule rule;
  rule.where = node.where();
  if (kind == "required") {
    rule.key = rest;
  } else if (kind == "format") {
    rule.kind = ValidationRule::Kind::format;
    const std::size_t second = rest.find(':');
    rule.key = rest.substr(0, second);
    rule.pattern = second == std::string::npos ? "" : rest.substr(second + 1);
    if (rule.pattern.empty()) node.refuse("\"" + text + "\" has no pattern; write \"format:KEY:REGEX\"");
    try {
      const Pattern pattern(rule.pattern);
    } catch (const InputError& error) {
      node.refuse("the pattern " + rule.pattern + " cannot be used: " + error.what());
    }
  } else {
    const std::string guess = did_you_mean(kind, {"required", "format"});
    node.refuse("unknown rule \"" + text + "\"" +
                (guess.empty() ? "; there are \"required:KEY\" and \"format:KEY:REGEX\"" : guess));
  }
  if (rule.key.empty()) node.refuse("\"" + text + "\" names no key");
  return rule;
}

Judgement judge(const ValidationRule& rule, const Value& config) {
  const Value* value = config.find_path(rule.key);
  return rule.kind == ValidationRule::Kind::required ? judge_required(rule, value) : judge_format(rule, value);
}

}  // namespace switchyard::config
