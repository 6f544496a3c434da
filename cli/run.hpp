#pragma once

#include "cli/console.hpp"
#include "cli/destination.hpp"
#include "cli/exit_status.hpp"
#include "cli/http_transport.hpp"
#include "cli/interrupt.hpp"
#include "cli/offline.hpp"
#include "cli/options.hpp"
#include "common/clock.hpp"
#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::cli {

/// Runs a command that needs the coordinator, by this transport. Every error becomes a message and an exit status here.
/// `local`: for what it does beside that, configurations; nullptr: it does none of it.
ExitStatus run_with(HttpTransport& transport, const Invocation& invocation, Console& console, Interrupt& interrupt,
                    const Clock& clock, Offline* local = nullptr);

/// Runs a command that needs no coordinator.
ExitStatus run_offline(const Invocation& invocation, Console& console, const ReadEnvironment& environment,
                       const Clock& clock, templates::TemplateRenderer& renderer);

/// The same for any command: finds the coordinator first, unless the command is one that needs none.
ExitStatus run(const Invocation& invocation, Console& console, const ReadEnvironment& environment);

/// What a refusal by the coordinator means to a script.
ExitStatus status_of_refusal(int http_status);

}  // namespace switchyard::cli
