#include "coordinator/templates/jinja_renderer.hpp"

#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "coordinator/templates/helper_lines.hpp"

namespace switchyard::templates {
namespace {

using Outcome = HelperProcess::Outcome;

RenderError too_large(const std::string& what, std::size_t bytes_max) {
  return {RenderFault::too_large, what + " is larger than " + std::to_string(bytes_max) + " bytes", "", 0};
}

}  // namespace

JinjaOptions jinja_options(std::string script) {
  JinjaOptions options;
  options.script = std::move(script);
  options.render_ms_max = limits::template_render_ms_max;
  options.renders_per_helper = limits::template_renders_per_helper;
  return options;
}

JinjaRenderer::JinjaRenderer(JinjaOptions options) : options_(std::move(options)) {
  ENSURE(options_.render_ms_max > 0 && options_.renders_per_helper > 0);
}
JinjaRenderer::~JinjaRenderer() = default;

void JinjaRenderer::start() {
  const std::string what = "templates cannot be rendered: " + options_.interpreter + " " + options_.script;
  try {
    // -I: nothing of the caller's environment or directory; -B: it writes nothing.
    helper_ = std::make_unique<HelperProcess>(std::vector<std::string>{
        options_.interpreter, "-I", "-B", options_.script, std::to_string(limits::template_memory_bytes_max)});
  } catch (const SysError& error) {
    throw RendererError(what + ": " + error.what() + "; install the packages python3 and python3-jinja2");
  }
  renders_ = 0;
  const HelperProcess::Answer greeting =
      helper_->read_line(limits::template_start_ms_max, limits::template_answer_bytes_max);
  std::string trouble =
      greeting.outcome == Outcome::too_late ? "it did not start in time" : "it ended at once; is the script there?";
  try {
    if (greeting.outcome == Outcome::line) trouble = read_greeting(greeting.line);
  } catch (const DecodeError&) {
    trouble = "it is another program";
  }
  if (trouble.empty()) return;
  helper_.reset();
  throw RendererError(what + ": " + trouble);
}

RenderResult JinjaRenderer::ask(const std::string& line) {
  for (int attempt = 0;; ++attempt) {
    if (helper_ && renders_ >= options_.renders_per_helper) helper_.reset();
    if (!helper_) start();
    ++renders_;
    const HelperProcess::Answer answer = helper_->ask(line, options_.render_ms_max, limits::template_answer_bytes_max);
    if (answer.outcome == Outcome::line) {
      try {
        return read_answer(answer.line);
      } catch (const DecodeError& error) {
        helper_.reset();
        return RenderError{RenderFault::failed, error.what(), "", 0};
      }
    }
    helper_.reset();
    if (answer.outcome == Outcome::too_late) {
      return RenderError{RenderFault::too_long,
                         "it took longer than " + std::to_string(options_.render_ms_max) + " ms and was ended", "", 0};
    }
    if (answer.outcome == Outcome::too_long) {
      return too_large("the answer", limits::template_answer_bytes_max);
    }
    if (attempt > 0) return RenderError{RenderFault::failed, "the process that rendered it died of it", "", 0};
  }
}

RenderResult JinjaRenderer::render(const RenderRequest& request) {
  if (request.text.size() > limits::template_bytes_max) return too_large("the template", limits::template_bytes_max);
  const std::string line = write_request(request, options_.render_ms_max);
  if (line.size() > limits::template_request_bytes_max) {
    return too_large("the template with its variables", limits::template_request_bytes_max);
  }
  return ask(line);
}

}  // namespace switchyard::templates
