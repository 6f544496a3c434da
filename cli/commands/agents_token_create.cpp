#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/token_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const AgentsTokenCreate& options) {
  report_token(context.console,
               context.api.post("/v1/agents/tokens",
                                write_texts({{"host_pattern", (options.new_key ? "=" : "") + options.host}})));
  return ExitStatus::done;
}

}  // namespace switchyard::cli
