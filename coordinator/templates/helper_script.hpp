#pragma once

#include <filesystem>
#include <string>

namespace switchyard::templates {

/// Where template_helper.py is: `named` if somebody named one (SWITCHYARD_TEMPLATE_HELPER), else beside the program as
/// it was installed or built: `../lib/switchyard/` of the directory of `program`.
std::string helper_script(const char* named, const std::filesystem::path& program);

}  // namespace switchyard::templates
