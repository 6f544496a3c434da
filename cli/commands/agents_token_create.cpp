#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/token_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const AgentsTokenCreate& options) {
  const std::string wish = write_texts({{"host_pattern", (options.new_key ? "=" : "") + options.host}});
  const bool one_host = !options.host.empty() && options.host.back() != '*';
  const std::string name = one_host ? "--name " + options.host + " " : "";
  report_token(context.console, context.api.post("/v1/agents/tokens", wish), options.new_key ? "--new-key " : name);
  return ExitStatus::done;
}

}  // namespace switchyard::cli
