#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/templates/helper_process.hpp"
#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::templates {

struct JinjaOptions {
  std::string interpreter = "/usr/bin/python3";
  std::string script;  ///< template_helper.py
  std::int64_t render_ms_max = 0;
  std::uint64_t renders_per_helper = 0;
};
/// With the limits of common/limits.hpp.
JinjaOptions jinja_options(std::string script);

/// The real renderer: Jinja2 in a process of its own that stays warm between renderings. It is started when it is first
/// needed, killed when a rendering takes too long or answers too much, and replaced after renders_per_helper ones. A
/// helper that is found dead is replaced, and the rendering tried once more: who killed it may have meant something
/// else. Owned by whoever renders; one thread; blocking.
class JinjaRenderer final : public TemplateRenderer {
 public:
  explicit JinjaRenderer(JinjaOptions options);
  ~JinjaRenderer() override;

  RenderResult render(const RenderRequest& request) override;

  /// Of the helper that runs; 0 when none does.
  pid_t helper_pid() const { return helper_ ? helper_->pid() : 0; }

 private:
  void start();
  RenderResult ask(const std::string& line);

  JinjaOptions options_;
  std::unique_ptr<HelperProcess> helper_;
  std::uint64_t renders_ = 0;
};

}  // namespace switchyard::templates
