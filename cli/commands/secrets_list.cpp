#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SecretsList& options) {
  const std::string answer = context.api.get("/v1/secrets");
  std::vector<Secret> secrets = read_secrets(answer);
  if (!options.environment.empty()) {
    std::erase_if(secrets, [&](const Secret& secret) { return secret.environment != options.environment; });
  }
  if (context.console.json) {
    context.console.print_json(write_secrets(secrets));
    return ExitStatus::done;
  }
  Table table({"ENVIRONMENT", "NAME", "VERSION", "SET BY", "SET"});
  for (const Secret& secret : secrets) {
    table.add({secret.environment, secret.name, std::to_string(secret.version), secret.created_by,
               date_text(secret.created_ms)});
  }
  if (table.empty()) {
    context.console.notes << "There are none.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
