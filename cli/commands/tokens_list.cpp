#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const TokensList& options) {
  const std::string answer = context.api.get("/v1/tokens");
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const std::int64_t now_ms = context.clock.wall_ms();
  Table table({"ID", "NAME", "KIND", "ROLE", "ENVIRONMENT", "MADE BY", "EXPIRES", "STATE"});
  for (const ApiToken& token : read_api_tokens(answer)) {
    const bool expired = token.expires_ms <= now_ms;
    const char* state = token.revoked_ms != 0 ? "revoked" : expired ? "expired" : "good";
    if (!options.all && (token.revoked_ms != 0 || expired)) continue;
    table.add({token.id, token.name, token.kind, token.role, token.environment, token.created_by,
               date_text(token.expires_ms), state});
  }
  if (table.empty()) {
    context.console.notes << "There are none.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
