#pragma once

#include <cstdint>
#include <string>

#include "coordinator/templates/template_renderer.hpp"

/// The lines that are exchanged with template_helper.py, whose head documents them. Pure.
namespace switchyard::templates {

/// `render_ms_max`: a second later the helper ends by itself, should nobody be there any more to end it.
std::string write_request(const RenderRequest& request, std::int64_t render_ms_max);
/// Throws DecodeError when the line is no answer.
RenderResult read_answer(const std::string& line);
/// Why the helper is not ready; empty: it is. Throws DecodeError.
std::string read_greeting(const std::string& line);

/// Does what the template renders to depend on the time? A template that does not say `now` cannot ask for it.
bool asks_for_time(const RenderRequest& request);

}  // namespace switchyard::templates
