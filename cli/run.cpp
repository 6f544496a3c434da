#include "cli/run.hpp"

#include <filesystem>

#include "cli/api_client.hpp"
#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/curl_transport.hpp"
#include "cli/errors.hpp"
#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/printable.hpp"
#include "coordinator/templates/caching_renderer.hpp"
#include "coordinator/templates/helper_script.hpp"
#include "coordinator/templates/jinja_renderer.hpp"

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
  } catch (const Rehearsed& rehearsal) {
    if (console.json) {
      console.print_json(rehearsal.body);
    } else {
      console.out << "Dry run, nothing was changed: " << rehearsal.what() << ".\n";
    }
    return ExitStatus::done;
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
  // run() has taken these: they know no coordinator.
  ExitStatus operator()(const ConfigShow&) const { return taken(); }
  ExitStatus operator()(const ConfigValidate&) const { return taken(); }
  ExitStatus operator()(const ConfigList&) const { return taken(); }
  ExitStatus operator()(const ConfigRender&) const { return taken(); }
  static ExitStatus taken() {
    ENSURE(!"an offline command was given to a coordinator");
    return ExitStatus::internal;
  }
};

struct RunOffline {
  Offline& offline;
  template <class Options>
  ExitStatus operator()(const Options&) const {
    ENSURE(!"a command that needs the coordinator was run without one");
    return ExitStatus::internal;
  }
  ExitStatus operator()(const Validate& options) const { return validate(offline.console, options); }
  ExitStatus operator()(const ConfigShow& options) const { return config_show(offline, options); }
  ExitStatus operator()(const ConfigValidate& options) const { return config_validate(offline, options); }
  ExitStatus operator()(const ConfigList& options) const { return config_list(offline, options); }
  ExitStatus operator()(const ConfigRender& options) const { return config_render(offline, options); }
};

bool is_offline(const Command& command) {
  return std::holds_alternative<Validate>(command) || std::holds_alternative<ConfigShow>(command) ||
         std::holds_alternative<ConfigValidate>(command) || std::holds_alternative<ConfigList>(command) ||
         std::holds_alternative<ConfigRender>(command);
}

}  // namespace

ExitStatus status_of_refusal(int http_status) {
  switch (http_status) {
    case 401:
    case 403:
    case 409:
    case 429:
      return ExitStatus::refused;
    case 503:
      return ExitStatus::unreachable;
    default:
      return http_status >= 400 && http_status < 500 ? ExitStatus::bad_input : ExitStatus::internal;
  }
}

ExitStatus run_with(HttpTransport& transport, const Invocation& invocation, Console& console, Interrupt& interrupt,
                    const Clock& clock, Offline* local) {
  return reported(console, [&] {
    ApiClient api(transport, invocation.global.dry_run);
    Context context{api, console, interrupt, clock, local};
    return std::visit(RunCommand{context}, invocation.command);
  });
}

ExitStatus run_offline(const Invocation& invocation, Console& console, const ReadEnvironment& environment,
                       const Clock& clock, templates::TemplateRenderer& renderer) {
  return reported(console, [&] {
    Offline offline{console, environment, clock, renderer};
    return std::visit(RunOffline{offline}, invocation.command);
  });
}

ExitStatus run(const Invocation& invocation, Console& console, const ReadEnvironment& environment) {
  const SystemClock clock;
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  // The helper's process starts with the first template.
  templates::JinjaRenderer jinja(
      templates::jinja_options(templates::helper_script(environment("SWITCHYARD_TEMPLATE_HELPER"), program)));
  templates::CachingRenderer renderer(jinja, limits::template_cache_entries_max, limits::template_cache_bytes_max);
  if (is_offline(invocation.command)) return run_offline(invocation, console, environment, clock, renderer);
  return reported(console, [&] {
    const Destination destination = find_destination(invocation.global, environment);
    SignalInterrupt interrupt;
    CurlTransport transport(destination, interrupt);
    Offline local{console, environment, clock, renderer};
    return run_with(transport, invocation, console, interrupt, clock, &local);
  });
}

}  // namespace switchyard::cli
