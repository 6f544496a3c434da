#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/time_text.hpp"
#include "common/error.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const TokensCreate& options) {
  std::int64_t life_ms = 0;
  if (!options.expires.empty()) {
    const auto given = duration_from_text(options.expires);
    if (!given) throw InputError("--expires " + options.expires + ": write a number and d, h or m, such as 30d or 12h");
    life_ms = *given;
  }
  const std::string answer = context.api.post("/v1/tokens", write_api_token({{"name", options.name},
                                                                             {"kind", options.kind},
                                                                             {"role", options.role},
                                                                             {"environment", options.environment}},
                                                                            life_ms));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const ApiToken made = read_api_token_made(answer);
  context.console.out << made.token << "\n";
  context.console.notes << "It is good until " << date_text(made.expires_ms) << ". It is a secret, and is not shown "
                        << "again; put it into a file for --token-file. Take it back: switchyard tokens revoke "
                        << made.id << "\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
