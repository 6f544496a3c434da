#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/config/environment.hpp"
#include "coordinator/config/server.hpp"
#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::config {

/// What a configuration depends on beside its files.
struct ResolveInputs {
  /// A variable of whoever called the command; nothing when it is not set. Asked only for what the environment names.
  std::function<std::optional<std::string>(const std::string& name)> caller;
  std::int64_t now_ms = 0;  ///< the plan's time
};

/// The configuration of one server in one environment. No secret is in it: those are named, and filled in where they
/// are delivered.
struct Resolved {
  std::string server, server_type, environment;
  Value config;  ///< a map; every value knows its source
  ResourceLimits resource_limits;
  SecurityPolicies security_policies;
  std::optional<model::Strategy> strategy;
  std::vector<Judgement> judgements;  ///< the rules that are not kept
  bool valid() const;
};

/// From weak to strong: the environment's variables, base_config, environment_overrides, templates. Variables are
/// rendered first, each seeing those above it; then templates, which see `config` (what the other three say), `env`,
/// `server` and `environment`. Pure but for what `renderer` does. Throws InputError ("file:line:column: Template
/// processing failed for 'api_key': undefined variable ...") and RendererError.
Resolved resolve(const Server& server, const Environment& environment, const ResolveInputs& inputs,
                 templates::TemplateRenderer& renderer);

}  // namespace switchyard::config
