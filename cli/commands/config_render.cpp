#include "cli/commands/commands.hpp"
#include "cli/config_report.hpp"
#include "cli/input_file.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/printable.hpp"
#include "coordinator/templates/fill.hpp"

namespace switchyard::cli {

ExitStatus config_render(Offline& offline, const ConfigRender& options) {
  templates::RenderRequest request;
  request.text = read_input_file(options.template_file, limits::template_bytes_max);
  request.variables = read_input_file(options.variables_file, limits::yaml_bytes_max);
  check_variables_file(request.variables, options.variables_file);
  request.now_ms = offline.clock.wall_ms();

  const templates::RenderResult result = offline.renderer.render(request);
  if (const auto* error = std::get_if<templates::RenderError>(&result)) {
    const std::string line = error->line > 0 ? ":" + std::to_string(error->line) : "";
    throw InputError(options.template_file + line + ": Template processing failed: " + error->message);
  }
  const std::string text =
      templates::filled(std::get<templates::Pieces>(result),
                        {[](const std::string& name) { return "<secret " + name + ">"; },
                         [](std::uint32_t, std::uint32_t length) { return templates::draw_random_text(length); }});
  const Console& console = offline.console;
  if (console.json) {
    console.print_json(write_rendering(text));
  } else {
    console.out << (console.out_is_terminal ? printable_lines(text) : text);
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
