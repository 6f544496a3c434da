#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const Recover& options) {
  const nlohmann::json wish = {{"without", options.without}, {"reason", options.reason}};
  const std::string answer = context.api.post("/v1/recovery", wish.dump());
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "Recovered: the coordinator has taken in what the hosts' journals prove, and gives commands "
                           "again. `switchyard audit list` tells what was decided.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
