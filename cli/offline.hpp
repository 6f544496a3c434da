#pragma once

#include "cli/console.hpp"
#include "cli/destination.hpp"
#include "common/clock.hpp"
#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::cli {

/// What a command that needs no coordinator is given. Built in run().
struct Offline {
  Console& console;
  const ReadEnvironment& environment;
  const Clock& clock;
  templates::TemplateRenderer& renderer;
};

}  // namespace switchyard::cli
