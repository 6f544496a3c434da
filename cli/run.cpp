#include "cli/run.hpp"

#include "cli/api_client.hpp"
#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/curl_transport.hpp"
#include "cli/errors.hpp"
#include "cli/printable.hpp"

namespace switchyard::cli {
namespace {

ExitStatus fail(const Console& console, ExitStatus status, const std::string& code, const std::string& message) {
  console.notes << coloured(console, Colour::red, "switchyard: ") << printable_message(message) << "\n";
  if (console.json) console.print_json(write_error(code, message));
  return status;
}

/// Runs what may throw; what it throws becomes a message and a status.
template <class Job>
ExitStatus reported(const Console& console, Job job) {
  try {
    return job();
  } catch (const RefusedError& error) {
    console.notes << coloured(console, Colour::red, "switchyard: ") << printable_message(error.what()) << "\n";
    if (console.json) console.print_json(error.body);
    return status_of_refusal(error.status);
  } catch (const InterruptedError&) {
    return fail(console, ExitStatus::interrupted, "interrupted", "interrupted");
  } catch (const NotAllowedError& error) {
    return fail(console, ExitStatus::refused, "not_allowed", error.what());
  } catch (const UnreachableError& error) {
    return fail(console, ExitStatus::unreachable, "unreachable", error.what());
  } catch (const InputError& error) {
    return fail(console, ExitStatus::bad_input, "bad_input", error.what());
  } catch (const std::exception& error) {
    return fail(console, ExitStatus::internal, "internal", error.what());
  }
}

struct RunCommand {
  Context& context;
  template <class Options>
  ExitStatus operator()(const Options& options) const {
    return run_command(context, options);
  }
  ExitStatus operator()(const Validate& options) const { return validate(context.console, options); }
};

}  // namespace

ExitStatus status_of_refusal(int http_status) {
  switch (http_status) {
    case 401:
    case 403:
    case 409:
      return ExitStatus::refused;
    case 503:
      return ExitStatus::unreachable;
    default:
      return http_status >= 400 && http_status < 500 ? ExitStatus::bad_input : ExitStatus::internal;
  }
}

ExitStatus run_with(HttpTransport& transport, const Invocation& invocation, Console& console, Interrupt& interrupt,
                    const Clock& clock) {
  return reported(console, [&] {
    ApiClient api(transport);
    Context context{api, console, interrupt, clock};
    return std::visit(RunCommand{context}, invocation.command);
  });
}

ExitStatus run(const Invocation& invocation, Console& console, const ReadEnvironment& environment) {
  if (const auto* offline = std::get_if<Validate>(&invocation.command)) {
    return reported(console, [&] { return validate(console, *offline); });
  }
  return reported(console, [&] {
    const Destination destination = find_destination(invocation.global, environment);
    SignalInterrupt interrupt;
    CurlTransport transport(destination, interrupt);
    const SystemClock clock;
    return run_with(transport, invocation, console, interrupt, clock);
  });
}

}  // namespace switchyard::cli
