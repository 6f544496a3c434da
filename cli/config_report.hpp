#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "coordinator/config/caller_settings.hpp"
#include "coordinator/config/resolver.hpp"

/// How configurations are shown. No secret is in what these get; every text is made printable.
namespace switchyard::cli {

void print_resolved(const Console& console, const config::Resolved& resolved,
                    const std::vector<config::CallerSetting>& settings);
std::string write_resolved(const config::Resolved& resolved, const std::vector<config::CallerSetting>& settings);

struct ConfigProblems {
  std::size_t files = 0;
  std::size_t resolved = 0;  ///< pairs of server and environment
  std::vector<std::string> problems, notes;
};
std::string write_problems(const ConfigProblems& problems);

/// One row of `config list`.
struct ConfigItem {
  std::string kind, name, detail, file;
  std::string problem;  ///< empty: the file can be used
};
std::string write_items(const std::vector<ConfigItem>& items);

/// {"text": ...}
std::string write_rendering(const std::string& text);
/// Throws InputError "file:line:column: ..." unless the text is a JSON object.
void check_variables_file(const std::string& text, const std::string& file_name);

}  // namespace switchyard::cli
