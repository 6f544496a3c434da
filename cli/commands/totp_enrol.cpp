#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const TotpEnrol& options) {
  std::map<std::string, std::string> body;
  if (!options.totp.empty()) body.emplace("totp", options.totp);
  const std::string answer = context.api.post("/v1/totp", write_texts(body));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  context.console.out << read_totp_uri(answer) << "\n";
  context.console.notes << "Let your authenticator app read it (qrencode -t ansiutf8 shows it as a picture). It is a "
                           "secret, and is not shown again.\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
