#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands/commands.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {
namespace {

/// What nobody but a person can know: the store and the hosts were not told, or the store has forgotten it.
std::string keys_in_force(const nlohmann::json& answer) {
  std::string hosts;
  for (const nlohmann::json& host : answer.value("admitted", nlohmann::json::array())) {
    hosts += (hosts.empty() ? "" : ", ") + printable(host.get<std::string>());
  }
  return "The keys of these hosts are in force, as the copy has them: " + (hosts.empty() ? "none" : hosts) +
         ". What was revoked, removed or replaced since the copy was made is to be revoked, removed or replaced "
         "again. Enrolment strings that nobody had used were burnt (" +
         std::to_string(answer.value("tokens_burnt", 0)) + "): make new ones.\n";
}

}  // namespace

ExitStatus run_command(Context& context, const Recover& options) {
  const nlohmann::json wish = {{"without", options.without}, {"reason", options.reason}};
  const std::string answer = context.api.post("/v1/recovery", wish.dump());
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "Recovered: the coordinator has taken in what the hosts' journals prove, and gives commands "
                           "again. `switchyard audit list` tells what was decided.\n";
    context.console.out << keys_in_force(nlohmann::json::parse(answer));
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
