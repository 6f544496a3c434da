#include "coordinator/config/resolver.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/utf8.hpp"

namespace switchyard::config {
namespace {

using templates::Piece;
using templates::Pieces;
using templates::RenderFault;

Value empty_map() {
  Value value;
  value.kind = ValueKind::map;
  return value;
}

Value text_value(const std::string& text) {
  Value value;
  value.kind = ValueKind::text;
  value.text = text;
  return value;
}

Value sealed_value(const std::string& secret) {
  Value value;
  value.kind = ValueKind::sealed;
  value.pieces = {{Piece::Kind::secret, secret, 0, 0, 0}};
  return value;
}

/// What `env('NAME')` finds: secrets by their names, and the caller's variables that the environment names.
void add_caller(const Environment& environment, const ResolveInputs& inputs, templates::RenderRequest& request) {
  for (const SecretKey& secret : environment.secrets) {
    request.caller[secret.secret] = {{Piece::Kind::secret, secret.secret, 0, 0, 0}};
  }
  for (const std::string& name : environment.caller_variables) {
    if (request.caller.contains(name)) continue;  // what is a secret is never read as text
    const std::optional<std::string> value = inputs.caller(name);
    if (!value) {
      request.unset.push_back(name);
      continue;
    }
    if (value->size() > limits::caller_variable_bytes_max || !is_text(*value)) {
      throw InputError("the environment variable " + name + ", which " + environment.file_name +
                       " names, is no UTF-8 text, or larger than " + std::to_string(limits::caller_variable_bytes_max) +
                       " bytes");
    }
    request.caller[name] = {{Piece::Kind::text, *value, 0, 0, 0}};
  }
}

/// Renders the texts of a value, at any depth.
class ValueRenderer {
 public:
  ValueRenderer(const Environment& environment, const ResolveInputs& inputs, templates::TemplateRenderer& renderer)
      : environment_(environment), renderer_(renderer) {
    request_.now_ms = inputs.now_ms;
    add_caller(environment, inputs, request_);
  }

  /// A JSON object: the variables of the templates to come. `owner`: what is before their names in those of the random
  /// texts that they draw.
  void set_variables(std::string json, std::string owner) {
    request_.variables = std::move(json);
    owner_ = std::move(owner);
  }

  /// `name`: how messages call the value.
  Value render(Value value, const std::string& name) {
    if (value.kind == ValueKind::text && templates::is_template(value.text)) return render_text(value, name);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      value.items[i] = render(std::move(value.items[i]), name + "[" + std::to_string(i) + "]");
    }
    for (Entry& entry : value.entries) entry.value = render(std::move(entry.value), name + "." + entry.key);
    return value;
  }

 private:
  Value render_text(const Value& value, const std::string& name) {
    request_.text = value.text;
    templates::RenderResult result = renderer_.render(request_);
    if (const auto* error = std::get_if<templates::RenderError>(&result)) refuse(value, name, *error);
    Value rendered;
    rendered.source = value.source;
    rendered.kind = ValueKind::text;
    auto& pieces = std::get<Pieces>(result);
    for (Piece& piece : pieces) {
      // Its first one is another than the first one of a variable that it prints.
      if (piece.kind == Piece::Kind::random && piece.text.empty()) piece.text = owner_ + name;
      if (is_text(piece.text)) continue;
      refuse(value, name, {RenderFault::failed, "the result has a zero byte", "", 0});
    }
    if (templates::has_secrets(pieces)) {
      rendered.kind = ValueKind::sealed;
      rendered.pieces = std::move(pieces);
    } else if (!pieces.empty()) {
      rendered.text = std::move(pieces.front().text);
    }
    return rendered;
  }

  [[noreturn]] void refuse(const Value& value, const std::string& name, const templates::RenderError& error) const {
    // A block text begins in the line below its `|`.
    const bool block = value.text.find('\n') != std::string::npos;
    std::string where = value.source.where();
    if (error.line > 0 && block) where = value.source.file + ":" + std::to_string(value.source.line + error.line);
    std::string advice;
    if (error.fault == RenderFault::undefined) advice = advice_for(error.variable);
    throw InputError(where + ": Template processing failed for '" + name + "': " + error.message + advice);
  }

  std::string advice_for(const std::string& variable) const {
    if (variable.starts_with("config.")) {
      return "; base_config, environment_overrides and the environment's variables have no such key";
    }
    const std::vector<std::string>& named = environment_.caller_variables;
    if (std::find(named.begin(), named.end(), variable) != named.end()) {
      return "; set it, or give a value for its absence: {{ env('" + variable + "') or '...' }}";
    }
    const std::string name = variable.starts_with("env.") ? variable.substr(4) : variable;
    return "; define `" + name + "` in `variables` or `secrets` of " + environment_.file_name +
           ", or name it in its `environment_variables` if the caller sets it";
  }

  const Environment& environment_;
  templates::TemplateRenderer& renderer_;
  templates::RenderRequest request_;
  std::string owner_;
};

/// `env` of the templates: the secrets, and the variables that are rendered so far.
std::string env_json(const Environment& environment, const Value& variables) {
  Value env = variables;
  for (const SecretKey& secret : environment.secrets) env.entries.push_back({secret.key, sealed_value(secret.secret)});
  return to_json(env);
}

Value render_variables(const Environment& environment, ValueRenderer& renderer) {
  Value rendered = empty_map();
  for (const Entry& entry : environment.variables.entries) {
    if (!has_templates(entry.value)) {
      rendered.entries.push_back(entry);
      continue;
    }
    Value variables = empty_map();
    variables.entries.push_back({"environment", text_value(environment.name)});
    std::string json = to_json(variables);
    json.insert(json.size() - 1, R"(,"env":)" + env_json(environment, rendered));
    renderer.set_variables(std::move(json), "variables.");
    rendered.entries.push_back({entry.key, renderer.render(entry.value, entry.key)});
  }
  return rendered;
}

Value render_templates(const Server& server, const Environment& environment, const Value& variables,
                       const Value& config, ValueRenderer& renderer) {
  if (!has_templates(server.templates)) return server.templates;
  Value names = empty_map();
  names.entries.push_back({"environment", text_value(environment.name)});
  names.entries.push_back({"server", text_value(server.name)});
  names.entries.push_back({"config", config});
  std::string json = to_json(names);
  json.insert(json.size() - 1, R"(,"env":)" + env_json(environment, variables));
  renderer.set_variables(std::move(json), "templates.");
  Value rendered = empty_map();
  for (const Entry& entry : server.templates.entries) {
    rendered.entries.push_back({entry.key, renderer.render(entry.value, entry.key)});
  }
  return rendered;
}

}  // namespace

bool Resolved::valid() const {
  return std::none_of(judgements.begin(), judgements.end(),
                      [](const Judgement& judgement) { return judgement.result == RuleResult::broken; });
}

Resolved resolve(const Server& server, const Environment& environment, const ResolveInputs& inputs,
                 templates::TemplateRenderer& renderer) {
  ValueRenderer values(environment, inputs, renderer);
  const Value variables = render_variables(environment, values);
  Value config = merged(variables, server.base);
  if (const Value* overrides = server.find_override(environment.name)) config = merged(std::move(config), *overrides);
  config = merged(config, render_templates(server, environment, variables, config, values));
  if (leaves(config).size() > limits::config_values_max) {
    throw InputError(server.file_name + ": more than " + std::to_string(limits::config_values_max) + " values in " +
                     environment.name + "; split the server, or use fewer");
  }

  Resolved resolved;
  resolved.server = server.name;
  resolved.server_type = server.server_type;
  resolved.environment = environment.name;
  resolved.resource_limits = environment.resource_limits;
  resolved.security_policies = environment.security_policies;
  resolved.strategy = environment.strategy;
  for (const ValidationRule& rule : server.rules) {
    Judgement judgement = judge(rule, config);
    if (judgement.result != RuleResult::kept) resolved.judgements.push_back(std::move(judgement));
  }
  resolved.config = std::move(config);
  return resolved;
}

}  // namespace switchyard::config
