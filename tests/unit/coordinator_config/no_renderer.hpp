#pragma once

#include <gtest/gtest.h>

#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::config::testing {

/// Where no template may be rendered.
class NoRenderer final : public templates::TemplateRenderer {
 public:
  templates::RenderResult render(const templates::RenderRequest& request) override {
    ADD_FAILURE() << "was to render: " << request.text;
    return templates::RenderError{};
  }
};

}  // namespace switchyard::config::testing
