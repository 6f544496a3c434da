#include "coordinator/templates/helper_script.hpp"

namespace switchyard::templates {

std::string helper_script(const char* named, const std::filesystem::path& program) {
  if (named != nullptr && *named != '\0') return named;
  return (program.parent_path().parent_path() / "lib/switchyard/template_helper.py").string();
}

}  // namespace switchyard::templates
