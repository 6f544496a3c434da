#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/secret_text.hpp"
#include "common/utf8.hpp"

namespace switchyard::cli {
namespace {

/// All of standard input. `echo` and editors end a text with a line break that nobody means: one goes.
SecretText read_value(const Console& console) {
  if (console.in == nullptr || console.in_is_terminal) {
    throw InputError(
        "the value is read from standard input, so that it is in no argument and on no screen: "
        "switchyard secrets set NAME --environment E < FILE");
  }
  std::string value(limits::secret_bytes_max + 2, '\0');
  console.in->read(value.data(), static_cast<std::streamsize>(value.size()));
  if (console.in->bad()) throw InputError("standard input cannot be read");
  const SecretText whole(value.substr(0, static_cast<std::size_t>(console.in->gcount())));
  wipe(value);
  std::string text = whole.reveal();
  if (text.ends_with('\n')) text.pop_back();
  SecretText secret(std::move(text));
  if (secret.empty()) throw InputError("standard input was empty; is a variable of your script not set?");
  if (secret.size() > limits::secret_bytes_max) {
    throw InputError("the value has more than " + std::to_string(limits::secret_bytes_max) + " bytes");
  }
  if (!is_text(secret.reveal())) throw InputError("the value is no text in UTF-8; encode it: base64 -w0 < FILE");
  return secret;
}

}  // namespace

ExitStatus run_command(Context& context, const SecretsSet& options) {
  const SecretText value = read_value(context.console);
  SecretText body(
      write_texts({{"environment", options.environment}, {"name", options.name}, {"value", value.reveal()}}));
  const std::string answer = context.api.post("/v1/secrets", body.reveal());
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const Secret secret = read_secret(answer);
  context.console.notes << secret.name << " of " << secret.environment << " is version " << secret.version
                        << " now. What is deployed keeps the version that it was planned with.\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
