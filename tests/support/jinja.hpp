#pragma once

#include <string>

#include "coordinator/templates/jinja_renderer.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::testing {

/// The helper of the source tree. Generous with time: the machine of a test may be busy.
inline templates::JinjaOptions source_jinja() {
  templates::JinjaOptions options =
      templates::jinja_options(source_tree() / "coordinator/templates/template_helper.py");
  options.render_ms_max = 20'000;
  return options;
}

}  // namespace switchyard::testing
