#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/environment_choice.hpp"
#include "cli/input_file.hpp"
#include "common/limits.hpp"
#include "coordinator/planner/health_check_reader.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const HealthRegister& options) {
  const std::string definitions = read_input_file(options.file, limits::cli_manifest_bytes_max);
  // What is wrong with the file is said here, whether or not there is a coordinator.
  planner::read_checks_to_register(definitions, options.file);
  const std::string environment = choose_environment(context, options.environment);
  const std::string answer =
      context.api.post("/v1/health-checks", write_checks(environment, options.file, definitions));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  for (const std::string& name : read_registered(answer)) context.console.out << name << "\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
