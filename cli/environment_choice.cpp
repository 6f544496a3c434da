#include "cli/environment_choice.hpp"

#include <sstream>
#include <vector>

#include "cli/api_values.hpp"
#include "cli/config_directory.hpp"
#include "common/error.hpp"

namespace switchyard::cli {
namespace {

constexpr const char* environments_variable = "DEPLOYMENT_ENVIRONMENTS";

/// Those that the caller works on; none when he has not said so.
std::vector<std::string> environments_of_caller(const Context& context) {
  std::vector<std::string> names;
  if (context.local == nullptr) return names;
  for (const config::CallerSetting& setting : config::read_caller_settings(caller_of(context.local->environment))) {
    if (setting.name != environments_variable || !setting.is_set) continue;
    if (!setting.problem.empty()) throw InputError(setting.problem);
    std::istringstream list(setting.value);
    for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  }
  return names;
}

std::string only_one(Context& context, const std::vector<std::string>& names, const std::string& whose) {
  if (names.size() == 1) {
    context.console.notes << "For " << names.front() << ", the only environment " << whose << ".\n";
    return names.front();
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw InputError("for which environment? Give --environment; " +
                   (names.empty() ? "there is none " + whose + " yet" : "there are several " + whose + ": " + list));
}

}  // namespace

std::string choose_environment(Context& context, const std::string& given) {
  if (!given.empty()) return given;
  if (const auto names = environments_of_caller(context); !names.empty()) {
    return only_one(context, names, std::string("that ") + environments_variable + " names");
  }
  return only_one(context, read_environments(context.api.get("/v1/environments")), "that the coordinator knows");
}

}  // namespace switchyard::cli
